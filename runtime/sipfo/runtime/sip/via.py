"""Via, and where a response goes (RFC 3261 §18.2, RFC 3581)."""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.headers import COMMA, Headers, split_list
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.names import VIA
from sipfo.runtime.sip.parameters import (
    Parameters,
    encode_host,
    encode_parameters,
    parse_host_port,
    parse_parameters,
)
from sipfo.runtime.sip.remembered import MOST, remember

DEFAULT_PORT = 5060
TLS_PORT = 5061
"""The port of a sent-by without one: 5061 for TLS, else 5060 (RFC 3261 §18.1.1)."""

MAGIC: Final = b"z9hG4bK"
"""How the branch of an RFC 3261 client starts (§8.1.1.7)."""

_QUOTE: Final = 0x22

# No two neighbours can match the same byte, so that a failure costs no more than a match.
_SENT_BY = re.compile(
    rb"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]{1,16})[ \t]+([^ \t;][^;]*)",
    re.DOTALL | re.IGNORECASE,
)


class Via:
    """One hop: transport in lower case, sent-by, parameters. A value: nobody changes one."""

    __slots__ = ("host", "parameters", "port", "transport")

    def __init__(
        self, transport: str, host: str, port: int | None, parameters: Parameters = ()
    ) -> None:
        self.transport: Final = transport
        self.host: Final = host
        self.port: Final = port
        self.parameters: Final = parameters

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Via) and (
            (self.transport, self.host, self.port, self.parameters)
            == (other.transport, other.host, other.port, other.parameters)
        )

    def __hash__(self) -> int:
        return hash((self.transport, self.host, self.port, self.parameters))

    def __repr__(self) -> str:
        return f"Via({self.transport!r}, {self.host!r}, {self.port!r}, {self.parameters!r})"

    def parameter(self, name: bytes) -> bytes | None:
        """A parameter's value, or None."""
        for one, value in self.parameters:
            if one == name:
                return value
        return None

    @property
    def branch(self) -> bytes:
        """The branch, or empty."""
        return self.parameter(b"branch") or b""

    @property
    def sent_by(self) -> tuple[str, int | None]:
        return self.host, self.port

    def over(self, transport: str) -> Via:
        """The same hop by another transport."""
        return Via(transport, self.host, self.port, self.parameters)

    def encode(self) -> bytes:
        hop = _encode_hop((self.transport, self.host, self.port))
        return hop + encode_parameters(self.parameters)


def parse_via(value: bytes) -> Via:
    """Raises Malformed."""
    hop, semicolon, rest = value.partition(b";")
    transport, host, port = _HOPS.get(hop) or _parse_hop(hop)
    return Via(transport, host, port, parse_parameters(semicolon + rest))


def branch_of(value: bytes) -> bytes | None:
    """The branch of a Via as nearly everybody writes it, without reading the rest; None for any other,
    which `parse_via` reads."""
    if COMMA not in value and _QUOTE not in value:
        for part in value.split(b";"):
            if part.startswith(b"branch="):
                return part[7:]
    return None


_Hop = tuple[str, str, int | None]

_HOPS: Final[dict[bytes, _Hop]] = {}
"""What stands before a Via's parameters, which are different each time."""

_ENCODED: Final[dict[_Hop, bytes]] = {}


def _parse_hop(text: bytes) -> _Hop:
    """Raises Malformed."""
    found = _SENT_BY.fullmatch(text)
    if found is None:
        raise Malformed(400, "bad Via")
    host, port = parse_host_port(found[2].decode("ascii", "replace").strip())
    return remember(_HOPS, text, (found[1].decode("ascii").lower(), host, port))


def _encode_hop(hop: _Hop) -> bytes:
    known = _ENCODED.get(hop)
    if known is not None:
        return known
    transport, host, port = hop
    text = f"SIP/2.0/{transport.upper()} {encode_host(host, port)}".encode("ascii")
    if len(_ENCODED) >= MOST:
        _ENCODED.clear()
    _ENCODED[hop] = text
    return text


def stamp(headers: Headers, via: Via, source: tuple[str, int]) -> Via:
    """Write `received` and `rport` into a request's topmost Via (RFC 3261 §18.2.1, RFC 3581 §4)."""
    parameters: list[tuple[bytes, bytes | None]] = []
    asked = False
    changed = via.host != source[0]
    for one in via.parameters:
        name, value = one
        if name == b"rport":
            changed = True
            if value is None:
                asked = True
                parameters.append((b"rport", b"%d" % source[1]))
        elif name == b"received":
            changed = True
        else:
            parameters.append(one)
    if not changed:
        return via
    if asked or via.host != source[0]:
        parameters.append((b"received", source[0].encode("ascii")))
    stamped = Via(via.transport, via.host, via.port, tuple(parameters))
    _replace_top(headers, stamped)
    return stamped


def _replace_top(headers: Headers, via: Via) -> None:
    for place, field in enumerate(headers.fields):
        # A field without items has no topmost Via.
        if field.name is VIA and field.value and (items := split_list(field.value)):
            top = via.encode()
            headers.replace_at(place, top if len(items) == 1 else b", ".join([top, *items[1:]]))
            return


def response_address(via: Via, source: tuple[str, int], reliable: bool = False) -> tuple[str, int]:
    """Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4); over a reliable transport, where a
    connection is opened to when the one that the request came on is gone.

    `source` is where the request really came from; a Via's own word is used for the port alone.
    `maddr` is not followed: it is for multicast, which is not spoken here, and anybody could aim
    our responses at somebody else with it.
    `rport` asks for the source's port, whether or not `stamp` has filled it in yet.
    """
    if not reliable and any(name == b"rport" for name, _ in via.parameters):
        return source
    if via.port is not None:
        return source[0], via.port
    return source[0], TLS_PORT if reliable and via.transport == "tls" else DEFAULT_PORT
