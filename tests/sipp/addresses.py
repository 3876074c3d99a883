"""A block of loopback addresses for one test, and the parties that live in it.

Every test has 127.x.y.0/24 to itself, whatever else runs on the machine. What would surprise: the
block is reserved by a bound socket, so that two runs side by side cannot take the same one.
"""

from __future__ import annotations

import os
import socket
from typing import Protocol

PORT = 5060
TLS_PORT = 5061
PLAIN_PORT = 5062
"""Where SIPp is itself, for a party over TLS: what stands before it takes the TLS off (`tunnel`)."""

MARK = 254
"""The last octet of the address that reserves a block and marks moments on the wire."""

DECLARED = {
    "sipfo": "192.0.2.10",
    "us.primary": "192.76.120.10",
    "us.secondary": "64.16.250.10",
    "caller": "203.0.113.7",
    "late-caller": "203.0.113.8",
    "stranger": "203.0.113.200",
    "east": "198.51.100.1",
    "west": "198.51.100.2",
    "north": "198.51.100.3",
    **{f"carrier-{n}": f"198.51.100.{100 + n}" for n in range(1, 11)},
    **{f"desk-{n}": f"198.51.100.{200 + n}" for n in range(1, 41)},
}
"""Who takes part, under the name that policies and tests use, and the address in the policies."""


def at(host: str, port: int | None = None) -> str:
    """An address, and a port if one is given, as SIP and programs write it."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


class Parties(Protocol):
    """Where everybody is in one test."""

    def of(self, name: str) -> str:
        """The address of a party."""

    def declared(self, name: str) -> str:
        """Its address in the policies."""

    def port(self, name: str, transport: str) -> int:
        """Its port for a transport; `plain` is the one behind TLS."""

    def name(self, address: str, port: int) -> str:
        """The party at a socket address, or the address itself."""

    @property
    def mappings(self) -> list[str]:
        """`DECLARED=ACTUAL` for every party."""

    @property
    def watched(self) -> str:
        """The filter by which tcpdump sees them, and nobody else."""

    @property
    def mark_source(self) -> str:
        """The name of whoever sends marks."""

    def mark(self, text: bytes) -> None:
        """Send a datagram to ourselves: whoever captures has seen all before it once it shows."""

    def release(self) -> None:
        """Let another test have the addresses."""


_PORTS = {"udp": PORT, "tcp": PORT, "tls": TLS_PORT, "plain": PLAIN_PORT}
_OCTET = {name: 10 + place for place, name in enumerate(DECLARED)}
_BLOCKS = 250 * 250


class Block:
    """The addresses of one test."""

    def __init__(self) -> None:
        """Reserve a block. Raises RuntimeError when none is free."""
        start = os.getpid() * 131
        for place in range(start, start + _BLOCKS):
            second, third = divmod(place % _BLOCKS, 250)
            self._prefix = f"127.{second + 1}.{third + 1}"
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                self._socket.bind((self.address(MARK), PORT))
                return
            except OSError:
                self._socket.close()
        raise RuntimeError("every block of loopback addresses is taken")

    @property
    def network(self) -> str:
        """The block in CIDR form."""
        return f"{self._prefix}.0/24"

    def address(self, octet: int) -> str:
        """The address with this last octet."""
        return f"{self._prefix}.{octet}"

    def of(self, name: str) -> str:
        """Where a party really is."""
        return self.address(_OCTET[name])

    def declared(self, name: str) -> str:
        """Where a party is in the policies."""
        return DECLARED[name]

    def port(self, name: str, transport: str) -> int:
        """The port for a transport, everybody's."""
        return _PORTS[transport]

    def name(self, address: str, port: int = PORT) -> str:
        """The party at an address, or the address itself."""
        prefix, _, octet = address.rpartition(".")
        names = {place: name for name, place in _OCTET.items()}
        return names.get(int(octet), address) if prefix == self._prefix else address

    @property
    def watched(self) -> str:
        """The filter by which tcpdump sees the block."""
        return f"net {self.network}"

    @property
    def mark_source(self) -> str:
        """Nobody lives there."""
        return self.address(MARK)

    @property
    def mappings(self) -> list[str]:
        """`DECLARED=ACTUAL` for every party."""
        return [f"{declared}={self.of(name)}" for name, declared in DECLARED.items()]

    def mark(self, text: bytes) -> None:
        """Send a datagram to ourselves: whoever captures has seen all before it once it shows."""
        self._socket.sendto(text, self._socket.getsockname())

    def release(self) -> None:
        """Let another test have the block."""
        self._socket.close()
