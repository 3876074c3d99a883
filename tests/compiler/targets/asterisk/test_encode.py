"""What Asterisk reads back is what was written, or the encoder says that it cannot be written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.targets.asterisk.encode import (
    comment,
    dialled,
    extension,
    literal,
    name,
    user,
    value,
    whole_word,
)
from sipfo.compiler.targets.safe import CannotSay

LINES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(";-$[]{}\\\"'#=>,&"),
    min_size=1,
    max_size=40,
)


def read_back(line: str) -> str:
    """A value as main/config.c has it: cut at a `;` that no backslash stands before."""
    found: list[str] = []
    for character in line:
        if character == ";":
            if not found or found[-1] != "\\":
                break
            found.pop()
        found.append(character)
    return "".join(found).strip()


@given(LINES)
def test_a_value_is_read_back_as_it_was(text: str) -> None:
    try:
        written = value(text)
    except CannotSay:
        assert text != text.strip()
        return
    if "\\;" not in text:  # one backslash more than the file would keep
        assert read_back(written) == text


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "\x00", " a", "a ", "x" * 9000])
def test_what_a_line_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(CannotSay):
        value(text)


@given(LINES)
def test_a_comment_is_one_line_and_opens_no_block(text: str) -> None:
    line = f"; {comment(text)}"
    assert "\n" not in line
    assert ";--" not in line


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb"])
def test_a_user_that_pjsip_would_not_escape_is_refused(text: str) -> None:
    with pytest.raises(CannotSay):
        user(text)


@pytest.mark.parametrize("text", ["a b", "a;b", "[x", "a(!)", "a,b", "", "$x", "a/b", "-x", "ä"])
def test_a_name_is_plain(text: str) -> None:
    with pytest.raises(CannotSay):
        name(text)


@pytest.mark.parametrize("sign", list('$&,()^|{}"\\` <>'))
def test_what_dial_gives_a_meaning_to_never_reaches_it(sign: str) -> None:
    with pytest.raises(CannotSay, match="%26"):
        dialled(f"alice{sign}bob")


def test_a_uri_keeps_its_parameters() -> None:
    assert dialled("192.0.2.1:5070;transport=tcp") == "192.0.2.1:5070\\;transport=tcp"
    assert dialled("7#") == "7%23"


@given(st.text(st.sampled_from("aB1 ._:;/+=*#@!-"), min_size=1, max_size=8), LINES, LINES)
def test_a_tag_is_found_as_a_whole_word_and_nowhere_else(tag: str, before: str, after: str) -> None:
    expression = re.compile(whole_word(tag).replace("\\;", ";"))
    phrase = before + tag + after
    model = re.compile(rf"(?<![A-Za-z0-9]){re.escape(tag)}(?![A-Za-z0-9])")
    assert bool(expression.search(phrase)) == bool(model.search(phrase))


@pytest.mark.parametrize("text", ['D"5', "D$5", "D{5", "D[5", "D(5", "D\\5", "D,5"])
def test_a_tag_that_would_end_its_expression_is_refused(text: str) -> None:
    with pytest.raises(CannotSay):
        whole_word(text)


@pytest.mark.parametrize("text", ["a,b", "a b", "a;b", "", "[0-9]", "x" * 80])
def test_an_extension_is_of_our_own_making(text: str) -> None:
    with pytest.raises(CannotSay):
        extension(text)


@pytest.mark.parametrize("text", ["a b", "a;b", "a\nb", "", "a$b", "[::1]"])
def test_a_literal_means_nothing_to_any_parser(text: str) -> None:
    with pytest.raises(CannotSay):
        literal(text)
