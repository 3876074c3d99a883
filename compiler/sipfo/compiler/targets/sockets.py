"""The sockets that an engine opens: where calls arrive, and where attempts are sent from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipfo.compiler.targets.places import places
from sipfo.plan.derived import derived
from sipfo.plan.model import Egress, Plan


@dataclass(frozen=True, slots=True)
class Socket:
    """One socket; `egress` names who sends from it, `door` says that calls arrive on it."""

    address: str
    door: bool
    egress: tuple[str, ...]

    @property
    def purpose(self) -> str:
        """What it is for, in words."""
        return ", ".join([*(["calls arrive here"] if self.door else []), *self.egress])

    def tag(self, number: int) -> str:
        """A name for it, of letters and its number."""
        return f"{'door' if self.door else 'egress'}{number}"


def socket(transport: str, host: str, port: int) -> str:
    """A socket, as `udp:192.0.2.1:5060`."""
    return f"{transport}:{bracketed(host)}:{port}"


def sender(egress: Egress, transport: str) -> str:
    """The socket that an address sends from. TLS has the next port, as 5061 is next to 5060."""
    return socket(transport, egress.host, egress.port + (transport == "tls"))


def doors(plan: Plan) -> tuple[str, ...]:
    """The sockets that calls arrive on."""
    return tuple(socket(one.transport, one.host, one.port) for one in plan.listen)


@derived
def transports(plan: Plan) -> frozenset[str]:
    """Every transport that an attempt may leave by."""
    return frozenset(
        transport
        for place in places(plan)
        for one in place.destinations
        for transport in one.transports
    )


@derived
def sockets(plan: Plan) -> tuple[Socket, ...]:
    """Every socket once: those that calls arrive on first."""
    senders: dict[str, list[str]] = {}
    for address, name in _sending(plan):
        senders.setdefault(address, []).append(name)
    arriving = dict.fromkeys(doors(plan))
    return tuple(
        Socket(address, address in arriving, tuple(senders.get(address, ())))
        for address in dict.fromkeys([*arriving, *senders])
    )


def _sending(plan: Plan) -> Iterator[tuple[str, str]]:
    used = transports(plan)
    for egress in plan.egress:
        for transport in ("udp", "tcp", "tls"):
            if transport in used:
                yield sender(egress, transport), egress.name


def bracketed(host: str) -> str:
    """An address as it stands before a port: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
