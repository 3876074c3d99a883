"""Sockets and calls that the service manager has kept from a process that is gone (the descriptor
store of sd_notify(3)), to what a server starts with.

A socket in the store stays open between two processes, and keeps the datagrams that come. What
would surprise: only the transport is in a socket's name there; where it is bound it says itself.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sipfo.runtime.estate import Estate, UnreadableEstate, read_estate
from sipfo.runtime.wire.doors import Place
from sipfo.runtime.wire.handover import Host

FIRST: Final = 3
"""The first descriptor that is passed on (SD_LISTEN_FDS_START)."""

CALLS: Final = "calls"
"""The name of the file with the calls."""

LONGEST_ESTATE: Final = 256 * 1024 * 1024

_COUNT: Final = re.compile(r"[0-9]{1,5}")
_TRANSPORTS: Final = frozenset({"udp", "tcp", "tls"})


def name_of(place: Place) -> str:
    """What a socket is called in the store: a name there has no colon."""
    transport, host, port = place
    return f"{transport}_{host}_{port}".replace(":", "-")


def given(environment: Mapping[str, str], pid: int) -> Iterable[tuple[str, int]]:
    """The names and descriptors that this process was started with (sd_listen_fds(3))."""
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") != str(pid) or not _COUNT.fullmatch(count):
        return []
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    found = range(FIRST, FIRST + int(count))
    return [(names[n] if n < len(names) else "", one) for n, one in enumerate(found)]


class Stored:
    """What a process that is gone has left in the store."""

    def __init__(self, descriptors: Iterable[tuple[str, int]]) -> None:
        """By name; what is of no use is closed. Raises UnreadableEstate."""
        self.sockets: dict[Place, socket.socket] = {}
        self.estate: Estate | None = None
        for name, descriptor in descriptors:
            if name == CALLS:
                self.estate = _read(descriptor)
                continue
            found = _socket(name, descriptor)
            if found is not None and found[0] not in self.sockets:
                self.sockets[found[0]] = found[1]
            elif found is not None:
                found[1].close()

    @property
    def has_calls(self) -> bool:
        """Whether calls are up that this process did not set up."""
        return self.estate is not None and bool(self.estate.calls)

    async def take(self, server: Host, places: Collection[Place]) -> None:
        """See Legacy."""
        estate = self.estate
        if estate is not None:
            server.take_in(estate)
        for place in places:
            self.sockets.pop(place, None)
        await server.doors.begin()

    def close(self) -> None:
        """See Legacy."""
        for one in self.sockets.values():
            one.close()


def write_estate(estate: Estate) -> int:
    """A descriptor of a file in memory that holds an estate."""
    descriptor = os.memfd_create("sipfo-calls", os.MFD_CLOEXEC)
    with os.fdopen(os.dup(descriptor), "wb") as file:
        file.write(estate.model_dump_json().encode())
    return descriptor


def _read(descriptor: int) -> Estate:
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        text = file.read(LONGEST_ESTATE + 1)
    if len(text) > LONGEST_ESTATE:
        raise UnreadableEstate("longer than any estate is")
    return read_estate(text)


def _socket(name: str, descriptor: int) -> tuple[Place, socket.socket] | None:
    """A socket and where it is bound; None, and closed, for anything that is of no use here."""
    try:
        made = socket.socket(fileno=descriptor)
    except OSError:
        os.close(descriptor)
        return None
    transport = name.partition("_")[0]
    wanted = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    address = made.getsockname()
    if transport not in _TRANSPORTS or made.type != wanted or not isinstance(address, tuple):
        made.close()
        return None
    made.setblocking(False)
    os.set_inheritable(made.fileno(), False)
    return (transport, address[0], address[1]), made
