"""Text as FreeSWITCH reads it back: one encoder for each place that user text reaches.

Every value passes several readers: the XML, a preprocessor that expands `$${`, the dialplan that
expands `${`, a dial string in which `, | { } [ ] ' ^ \\` and `:_:` part things. What would surprise: most of
these have no escape that all the readers agree on, so that what could mean anything is refused.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.targets.safe import CannotSay, Safe

_LITERAL: Final = re.compile(r"[A-Za-z0-9_.:/+@=-]{1,4096}")
_EXPRESSION: Final = re.compile(r"\^(?:[0-9A-Za-z+*.?;()|\\-]|\{[0-9,]+\})*\$")
_DIALLED: Final = re.compile(
    r"(?:\[[0-9a-fA-F.]*:[0-9a-fA-F:.]*\])?[A-Za-z0-9_.!~*+=:;@%#-]{0,600}"
)
_CREDENTIAL: Final = re.compile(r"[A-Za-z0-9_.!~*+=:;@%#/?&()<> -]{1,200}")
_UNSAID: Final = re.compile(r"[^A-Za-z0-9_.,:/+ -]")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 _.,:;/+=@*!~#-]")


class Attribute(Safe):
    """The value of an attribute of an XML element, between its quotes."""

    __slots__ = ()


class Comment(Safe):
    """One line within `<!-- -->`, or behind a `--` of a script or a `#` of a shell."""

    __slots__ = ()


class Text(Safe):
    """A quoted string of a Lua script."""

    __slots__ = ()


class Path(Safe):
    """A path in a shell script or a unit, in which nothing needs quoting."""

    __slots__ = ()


def attribute(text: str) -> Attribute:
    """A name, number, address or network. Raises CannotSay for any character that could mean more,
    also one that the XML itself could hold."""
    if not _LITERAL.fullmatch(text):
        raise CannotSay(f"`{text}`: FreeSWITCH's files take letters, digits and _.:/+@=- here")
    return Attribute(text)


def expression(text: str) -> Attribute:
    """A regular expression of our own making, of a whole number. Raises CannotSay."""
    if not _EXPRESSION.fullmatch(text):
        raise CannotSay(f"`{text}` cannot be an expression of FreeSWITCH's dialplan")
    return Attribute(text)


def comment(text: str) -> Comment:
    """One line of a comment: no `--`, no `<`, nothing that the preprocessor acts on in a comment."""
    plain = _UNSAID.sub(" ", text)
    return Comment(re.sub(r"-{2,}", "-", plain).strip("- "))


def path(text: str) -> Path:
    """A path. Raises CannotSay."""
    if not _LITERAL.fullmatch(text):
        raise CannotSay(
            f"`{text}`: FreeSWITCH's folder takes letters, digits and _.:/+@=- in its path"
        )
    return Path(text)


def text(value: str) -> Text:
    """Any text as a string of the script: what is not plain is written by its byte."""
    data = value.encode("utf-8", "surrogateescape")
    return Text('"' + "".join(_byte(one) for one in data) + '"')


def dialled(value: str) -> Text:
    """A user, or what stands behind the `@`, on its way into a dial string. Raises CannotSay for what
    parts one."""
    if not _DIALLED.fullmatch(value) or ":_:" in value:
        raise CannotSay(
            f"`{value}`: a dial string of FreeSWITCH gives a meaning of its own to"
            " , | { } [ ] < > $ ^ & ( ) ' \\ / ? in a URI; write them as %2C and so on"
        )
    return text(value.replace("#", "%23"))


def credential(value: str) -> Text:
    """A user or a password within quotes of a dial string. Raises CannotSay; the message does not
    show it, as it may be the password."""
    if not _CREDENTIAL.fullmatch(value) or ":_:" in value or value != value.strip():
        raise CannotSay(
            "a user or password has a character that a dial string of FreeSWITCH gives a meaning of"
            " its own (, | { } [ ] $ ^ ' \" \\), or more than 200 of them"
        )
    return text(value)


def _byte(one: int) -> str:
    return chr(one) if _PLAIN.fullmatch(chr(one)) else f"\\{one:03}"
