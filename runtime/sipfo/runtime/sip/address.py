"""From, To, Contact, Route: `"Name" <uri>;params`, or a bare URI (RFC 3261 §20.10)."""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.parameters import Parameters, allowing, encode_parameters, parse_parameters
from sipfo.runtime.sip.remembered import remember

_NAME_ADDR = re.compile(
    rb"""(?P<display>"(?:[^"\\]|\\.)*"[ \t]*|[^"<]*)<(?P<uri>[^<>]*)>(?P<parameters>.*)""",
    re.DOTALL,
)
_WORD: Final = allowing(rb"[\x21\x23-\x3b\x3d\x3f-\x7e\x80-\xff]")
"""No blank, no control, and nothing that would end it between angle brackets."""

_TRAILING: Final = b"; \t"


class NameAddr:
    """An address; `display` is as it was written, quotes included. A value: nobody changes one."""

    __slots__ = ("display", "parameters", "tag", "uri")

    def __init__(self, display: bytes, uri: bytes, parameters: Parameters = ()) -> None:
        self.display: Final = display
        self.uri: Final = uri
        self.parameters: Final = parameters
        self.tag: Final = _tag(parameters)
        """The dialog tag, if there is one."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NameAddr) and (
            (self.display, self.uri, self.parameters)
            == (other.display, other.uri, other.parameters)
        )

    def __hash__(self) -> int:
        return hash((self.display, self.uri, self.parameters))

    def __repr__(self) -> str:
        return f"NameAddr({self.display!r}, {self.uri!r}, {self.parameters!r})"

    def with_tag(self, tag: bytes) -> NameAddr:
        """The same address under this tag alone."""
        mine: tuple[tuple[bytes, bytes | None], ...] = ((b"tag", tag),)
        if self.parameters:
            mine = (*(one for one in self.parameters if one[0] != b"tag"), *mine)
        return NameAddr(self.display, self.uri, mine)

    def at(self, uri: bytes) -> NameAddr:
        """The same address at another URI."""
        return NameAddr(self.display, uri, self.parameters)

    def encode(self) -> bytes:
        """As a header field's value, always with angle brackets."""
        text = b"<%s>%s" % (self.uri, encode_parameters(self.parameters))
        return b"%s %s" % (self.display, text) if self.display else text


def _tag(parameters: Parameters) -> bytes | None:
    for name, value in parameters:
        if name == b"tag":
            return value
    return None


_KNOWN: Final[dict[bytes, NameAddr]] = {}


def parse_address(value: bytes) -> NameAddr:
    """Reads what was read before once. Raises Malformed."""
    known = _KNOWN.get(value)
    return known if known is not None else remember(_KNOWN, value, read_address(value))


def read_address(value: bytes) -> NameAddr:
    """Raises Malformed."""
    if value.startswith(b"<"):  # as most are
        uri, angle, rest = value[1:].partition(b">")
        if angle and (not rest or rest.startswith(b";")) and _is_word(uri):
            if rest and rest[-1] in _TRAILING:
                rest = rest.rstrip(_TRAILING)
            return NameAddr(b"", uri, parse_parameters(rest))
    found = _NAME_ADDR.fullmatch(value)
    if found is not None:
        display, between, parameters = found.groups()
        uri = between.strip(b" \t")
        if not _is_word(uri):
            raise Malformed(400, "bad address")
        return NameAddr(display.strip(b" \t"), uri, parse_parameters(parameters.rstrip(_TRAILING)))
    # Without angle brackets, what follows a semicolon belongs to the field (RFC 3261 §20.10).
    uri, semicolon, rest = value.partition(b";")
    uri = uri.strip(b" \t")
    if not _is_word(uri) or b":" not in uri:
        raise Malformed(400, "bad address")
    return NameAddr(b"", uri, parse_parameters((semicolon + rest).rstrip(_TRAILING)))


def _is_word(text: bytes) -> bool:
    return bool(text) and 0 not in text.translate(_WORD)
