"""The parties of one test on IPv6: one loopback address, so that ports tell them apart.

What would surprise: a party that opens a connection has a port of the system's choosing at its end,
and no name on the wire. A UDP socket that stays bound reserves the ports.
"""

from __future__ import annotations

import os
import socket
from typing import Final

from sipp.addresses import PORT, TLS_PORT

HOST: Final = "::1"
_FIRST, _SIZE, _BLOCKS = 20_000, 32, 375
"""All of them lie below the ports that the system chooses."""

_DECLARED: Final = {
    "sipfo": "2001:db8::10",
    "us.primary": "2001:db8:0:1::10",
    "us.secondary": "2001:db8:0:2::10",
    "caller": "2001:db8:0:3::7",
    "east": "2001:db8:0:4::1",
    "west": "2001:db8:0:4::2",
    "north": "2001:db8:0:4::3",
}
_KINDS: Final = ("udp", "tls", "plain")


class Six:
    """The sockets of one test."""

    def __init__(self) -> None:
        """Reserve a block of ports. Raises RuntimeError when none is free."""
        for place in range(os.getpid(), os.getpid() + _BLOCKS):
            self._first = _FIRST + place % _BLOCKS * _SIZE
            self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            try:
                self._socket.bind((HOST, self._mark))
            except OSError:
                self._socket.close()
            else:
                break
        else:
            raise RuntimeError("every block of ports is taken")
        self._ports = {
            (name, kind): self._first + n * len(_KINDS) + m
            for n, name in enumerate(_DECLARED)
            for m, kind in enumerate(_KINDS)
        }

    @property
    def _mark(self) -> int:
        return self._first + _SIZE - 1

    def of(self, name: str) -> str:
        """Everybody is at the same address."""
        assert name in _DECLARED, name
        return HOST

    def declared(self, name: str) -> str:
        """Where a party is in the policies."""
        return _DECLARED[name]

    def port(self, name: str, transport: str) -> int:
        """The port of a party for a transport."""
        return self._ports[name, "udp" if transport == "tcp" else transport]

    def name(self, address: str, port: int) -> str:
        """The party at a port, or the address itself."""
        names = {place: name for (name, _), place in self._ports.items()}
        return "mark" if port == self._mark else names.get(port, address)

    @property
    def mappings(self) -> list[str]:
        """`DECLARED=ACTUAL` for every party."""
        return [
            f"[{declared}]:{there}=[{HOST}]:{self.port(name, kind)}"
            for name, declared in _DECLARED.items()
            for kind, there in (("udp", PORT), ("tls", TLS_PORT))
        ]

    @property
    def watched(self) -> str:
        """The filter by which tcpdump sees these ports; ICMP has none and is not seen."""
        return f"ip6 and portrange {self._first}-{self._mark}"

    @property
    def mark_source(self) -> str:
        """Its name."""
        return "mark"

    def mark(self, text: bytes) -> None:
        """Send a datagram to ourselves."""
        self._socket.sendto(text, self._socket.getsockname())

    def release(self) -> None:
        """Let another test have the ports."""
        self._socket.close()
