"""A destination URI to the one target that a scenario has for it, written as the runtime does.

There is no DNS in virtual time: a host name stands for itself, in the form `udp:pbx.example.com:5060`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from sipfo.runtime.locate import default_port
from sipfo.runtime.sip.uri import parse_uri

DEFAULT_TRANSPORT = "udp"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a destination is: transport, host (IPv6 without brackets) and port."""

    transport: str
    host: str
    port: int

    @property
    def is_numeric(self) -> bool:
        """Whether the host is an address and not a name."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}:{host}:{self.port}"


def place_of(destination: str) -> Place:
    """The place of a `sip:` URI. RFC 3263 §4.1, §4.2 without its look-ups: UDP and 5060, with TLS
    5061, unless the URI says otherwise. Raises sipfo.runtime.sip.malformed.Malformed."""
    uri = parse_uri(destination)
    transport = uri.param("transport") or DEFAULT_TRANSPORT
    return Place(transport, uri.host, uri.port or default_port(transport))
