"""Via, and where a response goes (RFC 3261 §18.2, RFC 3581)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sipfo.runtime.sip.headers import Headers, split_list
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.parameters import (
    Parameters,
    encode_host,
    encode_parameters,
    parse_host_port,
    parse_parameters,
)
from sipfo.runtime.sip.remembered import remembered

DEFAULT_PORT = 5060
TLS_PORT = 5061
"""The port of a sent-by without one: 5061 for TLS, else 5060 (RFC 3261 §18.1.1)."""

MAGIC = b"z9hG4bK"
"""How the branch of an RFC 3261 client starts (§8.1.1.7)."""

# No two neighbours can match the same byte, so that a failure costs no more than a match.
_SENT_BY = re.compile(
    rb"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*([A-Za-z0-9\-.!%*_+`'~]{1,16})[ \t]+([^ \t;][^;]*)",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop: transport in lower case, sent-by, parameters."""

    transport: str
    host: str
    port: int | None
    parameters: Parameters = ()

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

    def encode(self) -> bytes:
        sent_by = encode_host(self.host, self.port)
        start = f"SIP/2.0/{self.transport.upper()} {sent_by}".encode("ascii")
        return start + encode_parameters(self.parameters)


def parse_via(value: bytes) -> Via:
    """Raises Malformed."""
    hop, semicolon, rest = value.partition(b";")
    transport, host, port = _parse_hop(hop)
    return Via(transport, host, port, parse_parameters(semicolon + rest))


@remembered
def _parse_hop(text: bytes) -> tuple[str, str, int | None]:
    """What stands before a Via's parameters, which are different each time. Raises Malformed."""
    found = _SENT_BY.fullmatch(text)
    if found is None:
        raise Malformed(400, "bad Via")
    host, port = parse_host_port(found[2].decode("ascii", "replace").strip())
    return found[1].decode("ascii").lower(), host, port


def stamp(headers: Headers, via: Via, source: tuple[str, int]) -> Via:
    """Write `received` and `rport` into a request's topmost Via (RFC 3261 §18.2.1, RFC 3581 §4)."""
    parameters: list[tuple[bytes, bytes | None]] = []
    asked = False
    for one in via.parameters:
        if one[0] == b"rport":
            if one[1] is None:
                asked = True
                parameters.append((b"rport", b"%d" % source[1]))
        elif one[0] != b"received":
            parameters.append(one)
    if asked or via.host != source[0]:
        parameters.append((b"received", source[0].encode("ascii")))
    stamped = Via(via.transport, via.host, via.port, tuple(parameters))
    if stamped != via:
        _replace_top(headers, stamped)
    return stamped


def _replace_top(headers: Headers, via: Via) -> None:
    for place, (name, value) in enumerate(headers):
        # A field without items has no topmost Via.
        if name == b"via" and (items := split_list(value)):
            headers.replace_at(place, b", ".join([via.encode(), *items[1:]]))
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
