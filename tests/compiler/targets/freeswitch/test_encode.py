"""What FreeSWITCH reads back is what was written, or the encoder says that it cannot be written."""

from __future__ import annotations

import subprocess
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.targets.freeswitch.play import LUA, needs_lua
from sipfo.compiler.targets.freeswitch.encode import (
    attribute,
    comment,
    credential,
    dialled,
    expression,
    path,
    text,
)
from sipfo.compiler.targets.safe import CannotSay, Safe

HOSTILE = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("<>&\"'-{}[]$,|^\\:_!#%;()` \n"),
    max_size=40,
)


def test_a_string_is_read_back_as_it_was() -> None:
    needs_lua()
    every = [bytes([one]).decode("utf-8", "surrogateescape") for one in range(256)]
    hostile = ['"..os.exit(7).."', "]]", "\\", "a\nb", "\0", "--[[", "\\0651", "ü", "${x}", "{{x}}"]
    for wanted in ["".join(every), *hostile]:
        script = f"io.write({text(wanted)})"
        done = subprocess.run([LUA, "-"], input=script.encode(), capture_output=True, check=True)
        assert done.stdout == wanted.encode("utf-8", "surrogateescape")


@given(HOSTILE)
def test_a_string_is_plain_ascii_between_two_quotes(value: str) -> None:
    written = text(value)
    assert written.isascii()
    assert written.isprintable()
    assert written[0] == written[-1] == '"'
    assert '"' not in written[1:-1]
    assert not set("${}[]<>'&|^`") & set(written)


@given(HOSTILE)
def test_a_comment_ends_nothing_and_commands_nobody(value: str) -> None:
    written = comment(value)
    assert "--" not in written
    assert not set("<>$&\n") & set(written)
    root = ElementTree.fromstring(f"<a><!-- {written} --><b/></a>")
    assert [one.tag for one in root] == ["b"]
    assert len(f"-- {written}".splitlines()) == 1
    assert not written.startswith(("[", "#"))  # no long comment of Lua, no directive


@given(HOSTILE)
def test_an_attribute_is_read_back_as_it_was_or_refused(value: str) -> None:
    try:
        written = attribute(value)
    except CannotSay:
        return
    root = ElementTree.fromstring(f'<a b="{written}"/>')
    assert root.get("b") == value
    assert not set("$<>&\"'{}") & set(value)


@pytest.mark.parametrize(
    "value", ['a"b', "a'b", "<a>", "a&b", "${x}", "$${x}", "a b", "a,b", "", "a\nb", "ä", "a|b"]
)
def test_what_an_attribute_could_say_otherwise_is_refused(value: str) -> None:
    for encode in (attribute, path):
        with pytest.raises(CannotSay):
            encode(value)


@pytest.mark.parametrize("sign", list(",|{}<>$^&()'\\/?\"` \n\t"))
def test_what_parts_a_dial_string_never_reaches_it(sign: str) -> None:
    with pytest.raises(CannotSay, match="%2C"):
        dialled(f"alice{sign}bob@192.0.2.1")


@pytest.mark.parametrize("value", ["a:_:b", "a[b]@192.0.2.1:_:", "ä", "a" * 601])
def test_enterprise_originate_and_its_like_are_refused(value: str) -> None:
    with pytest.raises(CannotSay):
        dialled(value)


def test_a_uri_keeps_its_parameters_and_a_hash_is_quoted() -> None:
    assert dialled("192.0.2.1:5070;transport=tcp") == text("192.0.2.1:5070;transport=tcp")
    assert dialled("[2001:db8::1]:5060") == text("[2001:db8::1]:5060")
    assert dialled("7#") == text("7%23")


@pytest.mark.parametrize("value", ["[a]", "a[b", "a]b", "[::1", "sip]x[", "[a=b]x"])
def test_brackets_are_an_addresss_alone(value: str) -> None:
    with pytest.raises(CannotSay):
        dialled(value)


@pytest.mark.parametrize("sign", [*",|{}[]$^'\"\\\n\0", ":_:"])
def test_a_password_that_would_end_its_quotes_is_refused_and_not_shown(sign: str) -> None:
    with pytest.raises(CannotSay) as caught:
        credential(f"hidden{sign}hidden")
    assert "hidden" not in str(caught.value)


def test_a_password_may_be_long_and_have_most_signs() -> None:
    assert credential("s3cret & <more>;#x?") == text("s3cret & <more>;#x?")
    for value in ("", " a", "a ", "x" * 201):
        with pytest.raises(CannotSay):
            credential(value)


@pytest.mark.parametrize(
    "value", ["1234", "^1", "1$", "^${x}$", '^"$', "^<$", "^ $", "^&$", "^[a]$"]
)
def test_an_expression_is_of_our_own_making(value: str) -> None:
    with pytest.raises(CannotSay):
        expression(value)


def test_everything_that_an_encoder_returns_may_be_printed() -> None:
    for one in (
        attribute("a"),
        comment("a"),
        text("a"),
        path("/a"),
        dialled("a"),
        expression("^1$"),
    ):
        assert isinstance(one, Safe)
