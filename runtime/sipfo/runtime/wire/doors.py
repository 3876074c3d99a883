"""Every address that one server is reached at: opened together, retired together, closed when idle.

What would surprise: an address that the plan has no more use for stays open while a call needs it.
Later requests of a call come to the address that was in its Contact, whatever the plan says now.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable, Mapping

from sipfo.plan.model import Plan
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.wire.spread import Spread
from sipfo.runtime.wire.tcp import Address, TcpTransport
from sipfo.runtime.wire.udp import UdpSocket

Place = tuple[str, str, int]
"""A transport, a host and a port."""


class CannotListen(OSError):
    """Addresses of the plan cannot be bound; the message says which and what to do."""


def places(plan: Plan, tls_port: Callable[[str], int], has_certificate: bool) -> set[Place]:
    """Where a plan wants to be reached: an egress address for every transport, since answers and
    later requests come there; for TLS if there is a certificate to show."""
    wanted: set[Place] = {(one.transport, one.host, one.port) for one in plan.listen}
    used = {name for trunk in plan.trunks for name in trunk.egress}
    used |= {trunk.forward.egress for trunk in plan.trunks if trunk.forward is not None}
    for place in plan.egress:
        if place.name in used:
            wanted |= {(transport, place.host, place.port) for transport in ("udp", "tcp")}
            if has_certificate:
                wanted.add(("tls", place.host, tls_port(place.host)))
    return wanted


class Doors:
    """The UDP sockets and the listeners of one server."""

    def __init__(
        self,
        receive: Callable[[bytes, Flow], None],
        failed: Callable[[Flow], None],
        rest: Callable[[], None],
        streams: Mapping[str, TcpTransport],
        udp: dict[Address, UdpSocket],
    ) -> None:
        """`receive` gets datagrams, `failed` the flows that ICMP tells to be dead, and `rest` is
        called after a lot of datagrams; `streams` are the transports that listen, by name; `udp` is
        where its sockets are to be found."""
        self._receive = receive
        self._failed = failed
        self._rest = rest
        self._streams = streams
        self.udp = udp
        self.spreads: dict[Address, Spread] = {}
        """Those of the addresses that workers read as well."""
        self.spread: Callable[[str, int], Spread | None] | None = None
        """Binds a socket that they do."""
        self._retired: set[Place] = set()
        self._given: set[Place] = set()
        self._handed_on: set[Place] = set()

    @property
    def open_places(self) -> set[Place]:
        """All that are open."""
        found: set[Place] = {("udp", *address) for address in self.udp}
        for name, stream in self._streams.items():
            found |= {(name, *address) for address in stream.servers}
        return found

    @property
    def retired(self) -> frozenset[Place]:
        """Those that are open for the sake of earlier calls alone."""
        return frozenset(self._retired)

    async def open(
        self, wanted: Iterable[Place], given: Mapping[Place, socket.socket] | None = None
    ) -> None:
        """Have all of these open, those that were left open too; `given` are sockets to use in
        place of new ones. Raises CannotListen; nothing is open then that was not before."""
        opened: list[Place] = []
        foreign: list[str] = []
        try:
            for place in sorted(set(wanted) - self.open_places):
                try:
                    await self._open(place, (given or {}).get(place))
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL:
                        raise CannotListen(_refused(place, error)) from error
                    foreign.append(place[1])
                else:
                    opened.append(place)
            if foreign:
                raise CannotListen(_not_here(list(dict.fromkeys(foreign))))
        except CannotListen:
            for place in opened:
                self._close(place)
            raise

    async def begin(self) -> None:
        """Take what comes on the sockets that were given, which nobody did until now."""
        given, self._given = self._given, set()
        for transport, host, port in given:
            if transport == "udp":
                self.udp[host, port].read()
            else:
                await self._streams[transport].begin(host, port)

    def descriptors(self) -> dict[Place, int]:
        """The file descriptor of each socket."""
        found: dict[Place, int] = {
            ("udp", *address): one.socket.fileno() for address, one in self.udp.items()
        }
        for name, stream in self._streams.items():
            for address, server in stream.servers.items():
                found[name, *address] = server.sockets[0].fileno()
        return found

    def hand_on(self, taken: Iterable[Place]) -> None:
        """Another process takes what comes to these from now on; datagrams are still sent here."""
        for place in set(taken) & self.open_places:
            transport, host, port = place
            self._handed_on.add(place)
            if transport == "udp":
                if (host, port) in self.spreads:
                    self.spreads[host, port].gather()
                self.udp[host, port].stop_reading()
            else:
                self._streams[transport].stop_listening(host, port)

    async def take_back(self) -> None:
        """The other process is gone: take what comes again. Raises CannotListen."""
        back, self._handed_on = self._handed_on, set()
        for place in back:
            transport, host, port = place
            if transport == "udp":
                self.udp[host, port].read()
                if (host, port) in self.spreads:
                    self.spreads[host, port].part()
        await self.open(back)

    def keep(self, wanted: Iterable[Place]) -> None:
        """These are wanted from now on; the others may go when they are idle."""
        self._retired = self.open_places - set(wanted)

    def close_idle(self, in_use: Iterable[Place]) -> list[Place]:
        """Close those that are not wanted any more, but for these; what was closed."""
        idle = sorted(self._retired - set(in_use))
        for place in idle:
            self._close(place)
        self._retired.difference_update(idle)
        return idle

    def close(self) -> None:
        """Close every UDP socket; listeners are closed with their transport."""
        for one in self.udp.values():
            one.close()
        self.udp.clear()
        for spread in self.spreads.values():
            spread.close()
        self.spreads.clear()

    async def _open(self, place: Place, given: socket.socket | None) -> None:
        transport, host, port = place
        if given is not None:
            self._given.add(place)
        if transport == "udp":
            spread = self.spread(host, port) if given is None and self.spread else None
            used = given if spread is None else spread.own
            callbacks = self._receive, self._failed
            one = self.udp[host, port] = UdpSocket(host, port, *callbacks, used, self._rest)
            if spread is not None:
                self.spreads[host, port] = spread
                one.read()
        else:
            await self._streams[transport].listen(host, port, given)

    def _close(self, place: Place) -> None:
        transport, host, port = place
        if transport == "udp":
            self.udp.pop((host, port)).close()
            if (host, port) in self.spreads:
                self.spreads.pop((host, port)).close()
        else:
            self._streams[transport].stop_listening(host, port)


def _refused(place: Place, error: OSError) -> str:
    transport, host, port = place
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"cannot listen on {transport} {encode_host(host, port)}: {reason}"


def _not_here(hosts: list[str]) -> str:
    """What is wrong, and the options with which the plan runs on loopback."""
    options = " ".join(f"--map {host}=127.0.0.{n}" for n, host in enumerate(hosts, start=2))
    return f"this machine has no {', '.join(hosts)}\nto run on loopback, add: {options}"
