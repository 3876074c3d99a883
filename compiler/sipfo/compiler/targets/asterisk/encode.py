"""Text as Asterisk reads it back: one encoder for each place that user text reaches.

A `;` begins a comment anywhere, also in quotes; `\\;` is one (main/config.c). What would surprise: in
the dialplan there is no way to write `${` so that it stays, and `&`, `,` and `(` part what an
application is given; so what could mean any of these does not get there at all.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.targets.safe import CannotSay, Safe

LONGEST: Final = 8000
"""Characters of a line; one of more than 8,190 is skipped with a warning (main/config.c)."""

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_AOR: Final = re.compile(r"[A-Za-z0-9+_~][A-Za-z0-9+_.~-]{0,63}@[A-Za-z0-9.-]{1,253}")
_LITERAL: Final = re.compile(r"[A-Za-z0-9_./@+=:-]{1,4096}")
_DIAL: Final = re.compile(r"[A-Za-z0-9_.!~*'+=:;@%#\[\]?/-]{0,600}")
_TAG: Final = re.compile(r"[A-Za-z0-9 _.:;/+=*#@!-]{1,64}")
_EXTENSION: Final = re.compile(r"_\[3-6\]XX|[A-Za-z0-9_.+!-]{1,79}")


class Value(Safe):
    """What stands behind `key = ` in a file that no dialplan reads."""

    __slots__ = ()


class Name(Safe):
    """A section, an object of pjsip.conf, or part of a variable's name."""

    __slots__ = ()


class Comment(Safe):
    """Text behind a `;` and a blank, on one line."""

    __slots__ = ()


class Literal(Safe):
    """A number, address or path: characters that mean nothing to any parser here."""

    __slots__ = ()


class Dialled(Safe):
    """Part of a URI, as the value of a dialplan variable that `Dial` is given."""

    __slots__ = ()


class Expression(Safe):
    """A regular expression between the quotes of `REGEX`."""

    __slots__ = ()


class Extension(Safe):
    """An extension of the dialplan, or a pattern of them."""

    __slots__ = ()


def value(text: str) -> Value:
    """An option's value. Raises CannotSay for what the file cannot hold."""
    _check(text)
    if text != text.strip():
        raise CannotSay(f"{text!r}: Asterisk's files lose blanks at either end")
    if len(text) > LONGEST:
        raise CannotSay(f"{text[:40]}…: longer than a line of Asterisk's files")
    return Value(text.replace(";", "\\;"))


def user(text: str) -> Value:
    """A digest user. Raises CannotSay for a quote or a backslash, which PJSIP does not escape."""
    if '"' in text or "\\" in text:
        raise CannotSay(f"`{text}`: PJSIP cannot send a user with a quote or a backslash")
    return value(text)


def name(text: str) -> Name:
    """A name as it is. Raises CannotSay."""
    if not _NAME.fullmatch(text):
        raise CannotSay(f"`{text}` cannot be a name in Asterisk's files")
    return Name(text)


def aor(text: str) -> Name:
    """A user and its domain, as the name of an object. Raises CannotSay."""
    if not _AOR.fullmatch(text):
        raise CannotSay(
            f"`{text}`: who registers at Asterisk has letters, digits and +_.~- in its name"
        )
    return Name(text)


def comment(text: str) -> Comment:
    """One line of a comment; control characters become blanks. A block comment (`;--`) cannot begin
    here, because a blank stands before the text, nor end one: none is open."""
    return Comment(_CONTROLS.sub(" ", text).replace(";--", "; --"))


def literal(text: str) -> Literal:
    """A path, network or address. Raises CannotSay for any character that could mean more."""
    if not _LITERAL.fullmatch(text):
        raise CannotSay(f"`{text}`: Asterisk's files take letters, digits and ./@+=:_- here")
    return Literal(text)


def dialled(text: str) -> Dialled:
    """A user, or what stands behind the `@`. Raises CannotSay for what parts a Dial string or is
    expanded in the dialplan."""
    if not _DIAL.fullmatch(text):
        raise CannotSay(
            f"`{text}`: Asterisk's Dial gives a meaning of its own to $ & , ( ) ^ | in a URI; "
            "write them as %24, %26, %2C, %28, %29, %5E, %7C"
        )
    return Dialled(text.replace(";", "\\;").replace("#", "%23"))


def whole_word(text: str) -> Expression:
    """An expression that finds a tag where no letter or digit touches it. Raises CannotSay."""
    if not _TAG.fullmatch(text):
        raise CannotSay(
            f"`{text}`: a tag of Asterisk's dialplan has letters, digits, blanks and _.:;/+=*#@!- only"
        )
    quoted = "".join(one if one.isalnum() or one in " _:;/=#@!-" else f"[{one}]" for one in text)
    return Expression(f"(^|[^A-Za-z0-9]){quoted}([^A-Za-z0-9]|$)".replace(";", "\\;"))


def extension(text: str) -> Extension:
    """An extension of our own making: a number, a pattern, a word. Raises CannotSay."""
    if not _EXTENSION.fullmatch(text):
        raise CannotSay(f"`{text}` cannot be an extension of Asterisk's dialplan")
    return Extension(text)


def _check(text: str) -> None:
    if _CONTROLS.search(text):
        raise CannotSay(f"{text!r}: a control character cannot be written for Asterisk")
