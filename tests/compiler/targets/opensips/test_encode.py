"""What an encoder writes is read back as it was, by the reader of the script, or it refuses."""

from __future__ import annotations

import re
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Token
from lark.exceptions import LarkError

from compiler.targets.opensips.reader import literal as read_literal
from compiler.targets.opensips.reader import read
from sipfo.compiler.targets.opensips.encode import (
    begins,
    comment,
    from_network,
    has_cause,
    identifier,
    in_range,
    literal,
    socket_literal,
    sought,
    string,
    user,
)
from sipfo.compiler.targets.safe import CannotSay, Safe

HOSTILE: Final = (
    'a"b',
    'a"; exit; #',
    "a\\",
    "a\\n",
    "$ru",
    "$(avp(x))",
    "$var(trunk)",
    "a{s.len}",
    "}",
    "a\nb",
    "a\r\nVia: b",
    "\x00",
    "\x7f",
    "/* a",
    "#!define a",
    "ä",
    "\u202e",
    "`id`",
    "|",
    "^",
    "<a>",
)
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"\\$#{}()[]%\n;:'`*/|,"),
    max_size=30,
)


def assigned(text: str) -> str:
    """What a script has where a string of it is written."""
    (action,) = read(f"route {{ $var(a) = {text}; }}").blocks["route", ""]
    (found,) = action.scan_values(lambda one: isinstance(one, Token) and one.type == "STRING")
    return read_literal(found)


@given(TEXTS)
def test_a_string_is_read_back_as_it_was_or_refused(text: str) -> None:
    try:
        written = str(string(text))
    except CannotSay:
        return
    assert assigned(written) == text
    assert "$" not in text
    assert "{" not in text


@pytest.mark.parametrize("text", [one for one in HOSTILE if one != "/* a"])
def test_what_could_mean_more_than_itself_is_in_no_string(text: str) -> None:
    with pytest.raises(CannotSay):
        string(text)


def test_a_user_has_its_hash_escaped() -> None:
    assert str(user("9011#44")) == '"9011%2344"'
    with pytest.raises(CannotSay):
        user('9"#')


@given(TEXTS)
def test_a_comment_is_one_line(text: str) -> None:
    written = str(comment(text))
    assert not re.search(r"[\x00-\x1f\x7f]", written)
    script = read(f"# {written}\nroute {{ exit; }}")
    assert list(script.blocks) == [("route", "")]


@pytest.mark.parametrize("text", [*HOSTILE, "", "a b", "a-b", "a.b", "x" * 101])
def test_a_block_is_named_plainly(text: str) -> None:
    with pytest.raises(CannotSay):
        identifier("RETRY", text or "é")


@pytest.mark.parametrize("text", [*HOSTILE, "", "a b", "a;b", "a(b)", "x" * 5000])
def test_a_path_means_nothing_to_any_parser(text: str) -> None:
    with pytest.raises(CannotSay):
        literal(text)


@pytest.mark.parametrize(
    "text",
    [*HOSTILE, "", "udp:host:5060", "udp:192.0.2.1", "udp:192.0.2.1:5060 as x", "udp:::1:5060"],
)
def test_a_socket_is_a_socket(text: str) -> None:
    with pytest.raises(CannotSay):
        socket_literal(text)


def test_sockets_of_both_families_are_written() -> None:
    assert str(socket_literal("udp:192.0.2.1:5060")) == "udp:192.0.2.1:5060"
    assert str(socket_literal("tcp:[2001:db8::1]:5060")) == "tcp:[2001:db8::1]:5060"


def test_a_network_of_ipv6_is_refused_and_an_address_of_it_is_not() -> None:
    assert str(from_network("203.0.113.0/24")) == "$si == 203.0.113.0/24"
    assert str(from_network("2001:db8::1/128")) == "$si == 2001:db8::1"
    with pytest.raises(CannotSay, match="list the addresses"):
        from_network("2001:db8::/32")


@pytest.mark.parametrize("text", ["", "1a", "-1", "+1", "1)", "١"])
def test_a_prefix_is_digits(text: str) -> None:
    with pytest.raises(CannotSay):
        begins(text)


def matched(condition: Safe, number: str) -> bool:
    """Whether a condition on $var(number), a look for a POSIX expression, holds."""
    pattern = re.search(r'"(.*)"$', str(condition))
    assert pattern is not None
    return re.search(pattern[1], number) is not None


@given(st.integers(0, 10**11 - 1), st.integers(0, 10**11 - 1), st.integers(0, 10**11 - 1))
def test_a_range_holds_what_lies_in_it(one: int, other: int, number: int) -> None:
    first, last = sorted((one, other))
    condition = in_range(11, first, last)
    for each in {first, last, number, max(first - 1, 0), min(last + 1, 10**11 - 1)}:
        assert matched(condition, f"+{each:011}") == (first <= each <= last)
    assert not matched(condition, f"+{first:011}0")
    assert not matched(condition, f"{first:011}")


def test_a_prefix_is_at_the_beginning() -> None:
    assert matched(begins("1800"), "+18005550100")
    assert not matched(begins("1800"), "+918005550100")


def found(tag: str, text: str) -> bool:
    """`re.subst` of a tag, carried out: `re.subst,/PATTERN/REPLACEMENT/`."""
    parts = re.fullmatch(r"\$\(avp\(said\)\{re\.subst,/(.*)/found/\}\)", str(sought(tag)))
    assert parts is not None
    assert "/" not in parts[1]
    return re.sub(parts[1], "found", f" {text} ", count=1) == "found"


@given(
    st.text(st.sampled_from("aB1 ._:;=+*@!"), min_size=1, max_size=8),
    st.text(st.sampled_from("aB1 ._:;=+*@!-"), max_size=8),
    st.text(st.sampled_from("aB1 ._:;=+*@!-"), max_size=8),
)
def test_a_tag_is_found_as_a_whole_word_and_nowhere_else(tag: str, before: str, after: str) -> None:
    text = before + tag + after
    model = re.compile(rf"(?<![A-Za-z0-9]){re.escape(tag)}(?![A-Za-z0-9])")
    assert found(tag, text) == bool(model.search(text))


@pytest.mark.parametrize("text", [*HOSTILE, "", "a/b", "a(b", "a[b", "a?b", "x" * 65])
def test_a_tag_that_would_end_its_expression_is_refused(text: str) -> None:
    with pytest.raises(CannotSay):
        sought(text)


@pytest.mark.parametrize(
    ("reason", "holds"),
    [
        ("Q.850;cause=34", True),
        ('Q.850 ; text="no circuit"; cause = 34', True),
        ("SIP;cause=503, Q.850;cause=34", True),
        ("Q.850;cause=341", False),
        ("Q.850;cause=134", False),
        ("SIP;cause=34", False),
        ("Q.850;cause=16, SIP;cause=34", False),
    ],
)
def test_a_cause_is_of_q850_and_whole(reason: str, holds: bool) -> None:
    assert matched(has_cause(34), reason) == holds


@given(TEXTS)
def test_the_reader_takes_no_text_that_leaves_its_string(text: str) -> None:
    """The reader is strict: raw text in quotes is a string or an error, and no more statements."""
    try:
        script = read(f'route {{ $var(a) = "{text}"; }}')
    except (LarkError, AssertionError):
        return
    if '"' not in text:
        assert len(script.blocks["route", ""]) == 1
