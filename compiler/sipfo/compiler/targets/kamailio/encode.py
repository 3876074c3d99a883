"""Text as Kamailio reads it back: one encoder for each place that user text reaches.

The lexer (`src/core/cfg.lex`) takes `\\` and `"` for itself in a string, newlines as they are, and
`#!` or `!!` in a comment for a directive. A field of a `db_text` row ends at a bar. What would
surprise: a string that is the argument of a function is expanded (`$`), one of an assignment is not;
names go into data, never into arguments.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.targets.safe import CannotSay, Safe

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_SOCKET: Final = re.compile(r"(?:[a-z]{3}:)?(?:[0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9._:;=@\[\]+-]{1,400}")
_PLAIN_PATH: Final = re.compile(r"[A-Za-z0-9_./@+=:,-]{1,4096}")


class String(Safe):
    """A quoted string of kamailio.cfg."""

    __slots__ = ()


class Identifier(Safe):
    """The name of a route block."""

    __slots__ = ()


class Comment(Safe):
    """Text behind a `#` and a blank, on one line."""

    __slots__ = ()


class Field(Safe):
    """One field of a `db_text` row."""

    __slots__ = ()


class Token(Safe):
    """One of the fields between blanks of dispatcher.list."""

    __slots__ = ()


class Literal(Safe):
    """A number, address, socket or path: characters that mean nothing to any parser here."""

    __slots__ = ()


def string(text: str) -> String:
    """A string of the configuration, with its quotes. Raises CannotSay for control characters."""
    _check(text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return String(f'"{escaped}"')


def whole_word(text: str) -> String:
    """An expression of PCRE, as an argument of `pcre_match`, that finds `text` where no letter or
    digit touches it. `=~` would take no notice of its case. Raises CannotSay."""
    _check(text)
    quoted = "".join(one if one.isalnum() else f"\\{one}" for one in text)
    expression = f"(?<![A-Za-z0-9]){quoted}(?![A-Za-z0-9])"
    return string(expression.replace("$", "$$"))  # arguments are expanded


def identifier(prefix: str, name: str) -> Identifier:
    """`PREFIX_name`, as the name of a route block; the name is one of `plain_names`. Raises
    CannotSay for one that is too long."""
    found = f"{prefix}_{name}"
    if not _IDENTIFIER.fullmatch(found):
        raise CannotSay(f"`{name}` cannot be the name of a route block of Kamailio")
    return Identifier(found)


def comment(text: str) -> Comment:
    """One line of a comment. Control characters become blanks; a directive cannot begin here,
    because a blank stands before the text."""
    return Comment(_CONTROLS.sub(" ", text))


def field(text: str) -> Field:
    """A field of a row. Raises CannotSay for control characters, and for nothing at all, which
    `db_text` takes for no value."""
    _check(text)
    if not text:
        raise CannotSay("an empty text (a secret, a user) cannot be written for Kamailio")
    return Field(text.replace("\\", "\\\\").replace("|", "\\|"))


def literal(text: str) -> Literal:
    """A path, socket or address. Raises CannotSay for any character that could mean more."""
    if not _PLAIN_PATH.fullmatch(text):
        raise CannotSay(f"`{text}`: Kamailio's files take letters, digits and ./@+=:,-_ here")
    return Literal(text)


def token(text: str) -> Token:
    """A field of dispatcher.list, which knows no quotes: a blank ends one, and so does a `#`. A line
    is cut after 1,023 octets, and its end is read as another one. Raises CannotSay."""
    if not _TOKEN.fullmatch(text):
        raise CannotSay(f"`{text}`: a probe of Kamailio takes no such address")
    return Token(text)


def socket_literal(text: str) -> Literal:
    """An address with a port, perhaps with a transport before it. Raises CannotSay."""
    if not _SOCKET.fullmatch(text):
        raise CannotSay(f"`{text}` is no address with a port")
    return Literal(text)


def _check(text: str) -> None:
    if _CONTROLS.search(text):
        raise CannotSay(f"{text!r}: a control character cannot be written for Kamailio")
