"""Text as OpenSIPS reads it back: one encoder for each place that user text reaches.

The lexer (`cfg.lex`) takes `\\` and `"` for itself in a string, and what is an argument of a function
is expanded (`$`), while what is assigned is not. What would surprise: nobody has seen a character of
these read back by an OpenSIPS, so a string has those alone that mean nothing to any of its parsers.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Final

from sipfo.compiler.targets.numbers import covering
from sipfo.compiler.targets.safe import CannotSay, Safe

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]")
_STRING: Final = re.compile(r"[A-Za-z0-9 _.!~*'(),;:=@%+&/?\[\]-]{0,600}")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_SOCKET: Final = re.compile(r"[a-z]{3}:(?:[0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}")
_TAG: Final = re.compile(r"[A-Za-z0-9 _.:;=*+@!,-]{1,64}")
_PATH: Final = re.compile(r"[A-Za-z0-9_./@+=:,-]{1,4096}")


class String(Safe):
    """A quoted string of the script."""

    __slots__ = ()


class Identifier(Safe):
    """The name of a route block, or of a shared variable."""

    __slots__ = ()


class Comment(Safe):
    """Text behind a `#` and a blank, on one line."""

    __slots__ = ()


class Condition(Safe):
    """What stands in the brackets of an `if`."""

    __slots__ = ()


class Sought(Safe):
    """A look for a tag, as what stands on the right of an assignment."""

    __slots__ = ()


class Literal(Safe):
    """A number, socket or path: characters that mean nothing to any parser here."""

    __slots__ = ()


def string(text: str) -> String:
    """A string, with its quotes. Raises CannotSay for what could mean more than itself."""
    if not _STRING.fullmatch(text):
        raise CannotSay(
            f"`{text}`: nobody has seen OpenSIPS read this in a string; it takes letters, digits, "
            "blanks and _.!~*'(),;:=@%+&/?[]- (in a URI, write another one as %XX)"
        )
    return String(f'"{text}"')


def user(text: str) -> String:
    """The user of a URI; a `#` has no place in one (RFC 3261 §25.1). Raises CannotSay."""
    return string(text.replace("#", "%23"))


def identifier(prefix: str, name: str) -> Identifier:
    """`PREFIX_name`; the name is one of `plain_names`. Raises CannotSay for one that is too long."""
    found = f"{prefix}_{name}"
    if not _IDENTIFIER.fullmatch(found):
        raise CannotSay(f"`{name}` cannot be the name of a route block of OpenSIPS")
    return Identifier(found)


def comment(text: str) -> Comment:
    """One line of a comment; control characters become blanks."""
    return Comment(_CONTROLS.sub(" ", text))


def literal(text: str) -> Literal:
    """A path. Raises CannotSay for any character that could mean more."""
    if not _PATH.fullmatch(text):
        raise CannotSay(f"`{text}`: OpenSIPS's files take letters, digits and ./@+=:,-_ here")
    return Literal(text)


def socket_literal(text: str) -> Literal:
    """A socket, as `udp:192.0.2.1:5060`. Raises CannotSay."""
    if not _SOCKET.fullmatch(text):
        raise CannotSay(f"`{text}` is no socket")
    return Literal(text)


def from_network(network: str) -> Condition:
    """That a request comes from a network. Raises CannotSay for one of IPv6, which is not known to be
    read as one."""
    found = ip_network(network)
    if found.version == 4:
        return Condition(f"$si == {found}")
    if found.prefixlen == 128:
        return Condition(f"$si == {found.network_address}")
    raise CannotSay(f"`{network}`: list the addresses; OpenSIPS is not known to read IPv6 networks")


def in_range(length: int, first: int, last: int) -> Condition:
    """That `$var(number)` has `length` digits and lies between two numbers, both included."""
    parts = (
        f"{prefix}[0-9]{{{length - len(prefix)}}}" if len(prefix) < length else prefix
        for prefix in covering(first, last, length)
    )
    return Condition(f'$var(number) =~ "^[+]({"|".join(parts)})$"')


def begins(digits: str) -> Condition:
    """That `$var(number)` begins with these digits. Raises CannotSay."""
    if not digits.isascii() or not digits.isdigit():
        raise CannotSay(f"`{digits}` is no prefix of a number")
    return Condition(f'$var(number) =~ "^[+]{digits}"')


def sought(text: str) -> Sought:
    """What is `found` when a tag stands in `$avp(said)` where no letter or digit touches it: the text
    begins and ends with a blank, and `=~` would take no notice of case. Raises CannotSay."""
    if not _TAG.fullmatch(text):
        raise CannotSay(f"`{text}`: a tag for OpenSIPS has letters, digits and _.:;=*+@!,- only")
    quoted = "".join(one if one.isalnum() or one in " _:;=@!,-" else f"[{one}]" for one in text)
    edge = "[^A-Za-z0-9]"
    return Sought(f"$(avp(said){{re.subst,/.*{edge}{quoted}{edge}.*/found/}})")


def has_cause(cause: int) -> Condition:
    """That `$avp(why)`, Reason fields, tells a Q.850 cause (RFC 3326)."""
    return Condition(f'$avp(why) =~ "Q[.]850[^,]*;[ ]*cause[ ]*=[ ]*{cause}([^0-9]|$)"')
