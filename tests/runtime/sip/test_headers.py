"""Names normalised once, order kept, lists taken apart only where a comma separates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sip.strategies import names
from sipfo.runtime.sip.headers import Headers, read_field, split_list
from sipfo.runtime.sip.names import COMPACT, is_token, normal, spelled


@pytest.mark.parametrize(("compact", "full"), COMPACT.items())
def test_a_compact_name_in_either_case_is_the_long_one(compact: bytes, full: bytes) -> None:
    assert normal(compact) == normal(compact.upper()) == normal(full.upper()) == full


@pytest.mark.parametrize(
    "name",
    [
        *(b"Via", b"Call-ID", b"CSeq", b"WWW-Authenticate", b"RAck", b"RSeq", b"MIME-Version"),
        *(b"Min-SE", b"Max-Forwards", b"Record-Route", b"P-Asserted-Identity"),
    ],
)
def test_a_name_is_spelled_as_the_standards_do(name: bytes) -> None:
    assert spelled(normal(name)) == name


@given(names)
def test_spelling_keeps_the_name(name: bytes) -> None:
    assert normal(spelled(name)) == name


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a, b ,\tc", [b"a", b"b", b"c"]),
        (b"a,,b,", [b"a", b"b"]),
        (b'"a, b" <sip:x>, c', [b'"a, b" <sip:x>', b"c"]),
        (b'"a\\", b" <sip:x>, c', [b'"a\\", b" <sip:x>', b"c"]),
        (b'"a\\\\", b', [b'"a\\\\"', b"b"]),
        (b"<sip:a,b@h>;x=1, <sip:c@h>", [b"<sip:a,b@h>;x=1", b"<sip:c@h>"]),
        (b'"never, closed', [b'"never, closed']),
        (b"<never, closed", [b"<never, closed"]),
        (b'"ends in a backslash, \\', [b'"ends in a backslash, \\']),
        (b"a\\,b", [b"a\\", b"b"]),
    ],
)
def test_a_comma_in_quotes_or_angles_does_not_separate(value: bytes, items: list[bytes]) -> None:
    assert split_list(value) == items


@given(
    st.lists(st.sampled_from([b"a", b'"x, y"', b"<sip:a,b@h>", b'"\\"," <s:u>;p=1']), max_size=6)
)
def test_a_joined_list_is_taken_apart_again(items: list[bytes]) -> None:
    assert split_list(b", ".join(items)) == items


@given(st.binary(max_size=60))
def test_taking_apart_loses_only_separators_and_blanks(value: bytes) -> None:
    kept = b"".join(split_list(value)) if b"," in value else value
    unwanted = b", \t"
    assert kept.translate(None, unwanted) == value.translate(None, unwanted)


def test_all_takes_every_field_apart_and_lines_none() -> None:
    headers = Headers([(b"via", b"a, b"), (b"to", b"x"), (b"via", b"c")])
    assert headers.all(b"via") == [b"a", b"b", b"c"]
    assert headers.lines(b"via") == [b"a, b", b"c"]
    assert headers.first(b"via") == b"a, b"
    assert headers.first(b"route") is None


def test_set_takes_the_first_place_and_removes_the_others() -> None:
    headers = Headers([(b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"c", b"4"), (b"a", b"5")])
    headers.set(b"a", b"9")
    assert list(headers) == [(b"a", b"9"), (b"b", b"2"), (b"c", b"4")]
    headers.set(b"d", b"0")
    assert list(headers)[-1] == (b"d", b"0")


def test_prepend_and_remove() -> None:
    headers = Headers([(b"a", b"1")])
    headers.prepend(b"via", b"v")
    assert list(headers) == [(b"via", b"v"), (b"a", b"1")]
    headers.remove(b"a")
    assert list(headers) == [(b"via", b"v")]


def test_only_the_characters_of_a_token_make_one() -> None:
    assert is_token(b"!interesting-Method0123456789_*+`.%indeed'~")
    assert not any(is_token(bad) for bad in (b"", b"a b", b"a\n", b"a@b", b"\xc3\xa9", b"a:"))


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (b"User-Agent: x  y", b"User-Agent: x  y"),
        (b"user-AGENT:x", b"User-Agent: x"),
        (b"User-Agent : x", b"User-Agent: x"),
        (b"User-Agent: x\t", b"User-Agent: x"),
        (b"User-Agent:", b"User-Agent: "),
        (b"o: refer", b"Event: refer"),
        (b"X-Y:a: b", b"X-Y: a: b"),
    ],
)
def test_a_field_goes_on_as_it_came_or_as_it_is_spelled_here(line: bytes, written: bytes) -> None:
    field = read_field(line)
    assert field is not None and field.line == written


@pytest.mark.parametrize("line", [b"", b":", b": x", b"a b: x", b"x", b" x: y"])
def test_what_is_no_field_is_none(line: bytes) -> None:
    assert read_field(line) is None


def test_a_name_that_nobody_asks_for_is_found_too() -> None:
    headers = Headers([(b"x-one", b"1"), (b"x-two", b"2"), (b"x-one", b"3")])
    assert (headers.first(b"x-two"), headers.lines(b"x-one")) == (b"2", [b"1", b"3"])
    assert headers.first(b"x-three") is None
    headers.remove(b"x-two")
    assert headers.first(b"x-two") is None
