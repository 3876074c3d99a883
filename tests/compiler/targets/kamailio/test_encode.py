"""What an encoder writes is read back as it was, by a reader that knows nothing of the encoder."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.targets.kamailio.encode import (
    comment,
    field,
    identifier,
    literal,
    socket_literal,
    string,
    token,
    whole_word,
)
from sipfo.compiler.targets.names import plain_names
from sipfo.compiler.targets.safe import CannotSay, Safe
from sipfo.compiler.targets.sockets import bracketed

CONTROLS = [chr(code) for code in (*range(32), 127)]
harmless = st.text(st.characters(exclude_characters="".join(CONTROLS), exclude_categories=["Cs"]))
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", fullmatch=True)


def read_string(written: str) -> str:
    """A string as cfg.lex reads it: between quotes, with `\\` and a character for that one."""
    assert written[0] == written[-1] == '"'
    read, rest = "", written[1:-1]
    while rest:
        one, rest = rest[0], rest[1:]
        assert one not in '"\n'
        if one == "\\":
            one, rest = rest[0], rest[1:]
            assert one in '"\\'  # other letters mean something else, or two characters
        read += one
    return read


def read_row(row: str) -> list[str]:
    """The fields of a row, as dbt_load_file reads them."""
    fields, at = [""], 0
    while at < len(row):
        one = row[at]
        if one == "\\":
            at += 1
            assert row[at] in "\\|"  # n, r, t and 0 are controls; anything else is an error
            fields[-1] += row[at]
        elif one == "|":
            fields.append("")
        else:
            assert one != "\n"
            fields[-1] += one
        at += 1
    return fields


@given(harmless)
def test_a_string_is_read_back(text: str) -> None:
    assert read_string(string(text)) == text


@given(st.lists(harmless.filter(bool), min_size=1))
def test_the_fields_of_a_row_are_read_back(texts: list[str]) -> None:
    assert read_row("|".join(map(field, texts))) == texts


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("encoder", [string, field, whole_word, literal, token, socket_literal])
def test_a_control_character_is_refused(encoder: Callable[[str], Safe], control: str) -> None:
    with pytest.raises(CannotSay):
        encoder(f"a{control}b")
    with pytest.raises(CannotSay):
        encoder(f"a{control}")


def test_an_empty_field_is_refused() -> None:
    with pytest.raises(CannotSay, match="empty"):
        field("")


@given(st.text())
def test_a_comment_is_one_line_and_no_directive(text: str) -> None:
    line = f"# {comment(text)}"
    assert not set(line) & set(CONTROLS)
    assert not line.startswith(("#!", "!!"))


@given(harmless.filter(bool), harmless, harmless)
def test_a_whole_word_is_found_where_it_stands_alone(tag: str, before: str, behind: str) -> None:
    """Python's `re` reads it as PCRE does, but for what arguments of functions are expanded by."""
    written = read_string(whole_word(tag))
    assert "$" not in written.replace("$$", "")
    expression = re.compile(written.replace("$$", "$"))
    alone = f"{before} {tag} {behind}"
    assert expression.search(alone) is not None
    ascii_word = re.compile("[A-Za-z0-9]")
    for touching in (f"x{tag}", f"{tag}9"):
        end = touching[1:2] if touching[0] == "x" else tag[-1]
        if ascii_word.match(end) and touching.count(tag) == 1:
            assert expression.search(touching) is None
    assert expression.search("") is None


def test_a_whole_word_heeds_its_case() -> None:
    assert re.search(read_string(whole_word("D5")), "busy d5") is None


@given(st.lists(names, unique=True, max_size=12))
def test_different_names_stay_different(drawn: list[str]) -> None:
    found = plain_names(drawn)
    assert list(found) == drawn
    assert len(set(found.values())) == len(drawn)
    for one in found.values():
        assert re.fullmatch("[A-Za-z0-9_]+", one)
        assert identifier("RETRY", one) == f"RETRY_{one}"


def test_names_that_differ_in_their_signs_only_are_numbered() -> None:
    assert plain_names(["a.b", "a-b", "a_b_2", "a_b"]) == {
        "a.b": "a_b",
        "a-b": "a_b_2",
        "a_b_2": "a_b_2_2",
        "a_b": "a_b_3",
    }


@pytest.mark.parametrize("name", ["a" * 100, "a b", "ü", "a-b", 'a"', "a)"])
def test_what_is_no_identifier_is_refused(name: str) -> None:
    with pytest.raises(CannotSay):
        identifier("RETRY", name)


@pytest.mark.parametrize(
    "text", ["", "a b", "a;b", '"', "$x", "a\\b", "ü", "a" * 4097, "#!define", "a|b"]
)
def test_what_could_mean_more_is_no_literal(text: str) -> None:
    with pytest.raises(CannotSay):
        literal(text)


def test_a_path_of_4096_octets_is_a_literal() -> None:
    assert literal("/" + "a" * 4095) == "/" + "a" * 4095


@pytest.mark.parametrize(
    "text", ["udp:192.0.2.1:5060", "192.0.2.1:5060", "[2001:db8::1]:5061", "tls:[::1]:5061"]
)
def test_sockets(text: str) -> None:
    assert socket_literal(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.1", "2001:db8::1:5060", "udp:host:5060", "[::1%eth0]:5060", "192.0.2.1:123456"],
)
def test_what_is_no_socket_is_refused(text: str) -> None:
    with pytest.raises(CannotSay):
        socket_literal(text)


@given(st.text())
def test_a_token_is_one_field_of_one_line(text: str) -> None:
    try:
        written = token(text)
    except CannotSay:
        return
    assert written == text
    assert written.split() == [text]
    assert "#" not in written
    assert len(written) <= 400


def test_a_line_of_the_dispatcher_list_is_never_cut() -> None:
    """Its reader takes 1,023 octets, and what follows for another line."""
    longest = f"2000000 {token('s' * 400)} 8 0 {token('s' * 400)}"
    assert len(longest) < 1000


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    assert (bracketed("2001:db8::1"), bracketed("192.0.2.1")) == ("[2001:db8::1]", "192.0.2.1")
