"""From, To, Contact, Route: `"Name" <uri>;params`, or a bare URI (RFC 3261 §20.10)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.parameters import Parameters, encode_parameters, parse_parameters
from sipfo.runtime.sip.remembered import remembered

_NAME_ADDR = re.compile(
    rb"""(?P<display>"(?:[^"\\]|\\.)*"[ \t]*|[^"<]*)<(?P<uri>[^<>]*)>(?P<parameters>.*)""",
    re.DOTALL,
)
# No blank, no control, and nothing that would end it between angle brackets.
_WORD = re.compile(rb"[\x21\x23-\x3b\x3d\x3f-\x7e\x80-\xff]+")


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address; `display` is as it was written, quotes included."""

    display: bytes
    uri: bytes
    parameters: Parameters = ()

    @property
    def tag(self) -> bytes | None:
        """The dialog tag, if there is one."""
        for name, value in self.parameters:
            if name == b"tag":
                return value
        return None

    def with_tag(self, tag: bytes) -> NameAddr:
        """The same address under this tag alone."""
        rest = tuple(one for one in self.parameters if one[0] != b"tag")
        return NameAddr(self.display, self.uri, (*rest, (b"tag", tag)))

    def encode(self) -> bytes:
        """As a header field's value, always with angle brackets."""
        display = self.display + b" " if self.display else b""
        return b"%s<%s>%s" % (display, self.uri, encode_parameters(self.parameters))


@remembered
def parse_address(value: bytes) -> NameAddr:
    """Raises Malformed."""
    found = _NAME_ADDR.fullmatch(value)
    if found is not None:
        uri = found["uri"].strip(b" \t")
        if not _WORD.fullmatch(uri):
            raise Malformed(400, "bad address")
        return NameAddr(
            found["display"].strip(b" \t"),
            uri,
            parse_parameters(found["parameters"].rstrip(b"; \t")),
        )
    # Without angle brackets, what follows a semicolon belongs to the field (RFC 3261 §20.10).
    uri, semicolon, rest = value.partition(b";")
    uri = uri.strip(b" \t")
    if not _WORD.fullmatch(uri) or b":" not in uri:
        raise Malformed(400, "bad address")
    return NameAddr(b"", uri, parse_parameters((semicolon + rest).rstrip(b"; \t")))
