"""Who may place which calls: source address and called number to a trunk, or a refusal.

Nobody's call is accepted unless a trunk says so. The cost does not grow with the number of
trunks, numbers or networks: one dictionary per prefix length that occurs.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from sipfo.plan.model import Plan, Trunk
from sipfo.plan.numbering import Numbering, normalise
from sipfo.runtime.mapping import Mapping
from sipfo.runtime.sip.remembered import remembered


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a call is not taken: the status code to answer and the reason for the log."""

    status: int
    reason: str
    retry_after: int | None = None
    """Seconds that a 503 asks for, if they are not the server's usual ones."""


class Networks:
    """A set of networks, asked whether it holds an address."""

    def __init__(self) -> None:
        self._by_length: dict[tuple[int, int], set[int]] = {}

    def add(self, network: str) -> None:
        """Add a network in CIDR form."""
        found = ip_network(network)
        shift = found.max_prefixlen - found.prefixlen
        held = self._by_length.setdefault((found.version, shift), set())
        held.add(int(found.network_address) >> shift)

    def __contains__(self, address: IPv4Address | IPv6Address) -> bool:
        return self.holds(address.version, int(address))

    def holds(self, version: int, number: int) -> bool:
        """Whether a network holds the address that is this number in that version of IP."""
        for (its_version, shift), held in self._by_length.items():
            if its_version == version and number >> shift in held:
                return True
        return False


class Admission:
    """The door: every INVITE that starts a call passes it."""

    def __init__(self, plan: Plan, mapping: Mapping) -> None:
        self._mapping = mapping
        self._numbering = Numbering(plan)
        self._listening = {(one.transport, one.host, one.port) for one in plan.listen}
        self._everybody = Networks()
        self._anyone = False
        self._asking = False
        self._networks: dict[str, Networks] = {}
        for trunk in plan.trunks:
            own = self._networks[trunk.name] = Networks()
            self._asking = self._asking or bool(trunk.accept.credentials)
            self._anyone = self._anyone or trunk.accept.anyone
            for network in trunk.accept.networks:
                own.add(network)
                self._everybody.add(network)

    def admit(
        self,
        user: str,
        source: str,
        at: tuple[str, str, int],
        proven: frozenset[str] = frozenset(),
    ) -> tuple[Trunk, str] | Refused:
        """The trunk of a call and the number as E.164, or why it is refused.

        `user` is the Request-URI's user part, `at` the (transport, host, port) it arrived on,
        `proven` the trunks of the credential that came with it. The source is looked at first, so
        that a stranger learns nothing about the numbers.
        """
        if at not in self._listening:
            return Refused(403, "no `listen` here")
        if not proven and not self.knows(source):
            return Refused(403, "source accepted by no trunk")
        number = normalise(user)
        trunk = self._numbering.trunk_of(number)
        if trunk is None:
            return Refused(404, f"number of no trunk: {number}")
        own = self._networks[trunk.name]
        if trunk.accept.anyone or trunk.name in proven or self._is_from(source, own):
            return trunk, number
        who = "credential" if proven else "source"
        return Refused(403, f"{who} not accepted by trunk {trunk.name}")

    def would_admit(self, user: str, source: str | None) -> tuple[Trunk, str] | Refused:
        """What `admit` would say of a call to any of our addresses; with no source, of one that
        the number's trunk accepts."""
        number = normalise(user)
        trunk = self._numbering.trunk_of(number)
        if source is None:
            return (trunk, number) if trunk is not None else Refused(404, "number of no trunk")
        try:
            ip_address(source)
        except ValueError:
            return Refused(400, "no address")
        return self.admit(user, source, next(iter(self._listening)))

    def asks(self, user: str, source: str, at: tuple[str, str, int]) -> bool:
        """Whether a call is let in by a credential only. A stranger is asked whatever the number."""
        if not self._asking or at not in self._listening:
            return False
        if not self.knows(source):
            return True
        trunk = self._numbering.trunk_of(normalise(user))
        if trunk is None or trunk.accept.anyone or not trunk.accept.credentials:
            return False
        return not self._is_from(source, self._networks[trunk.name])

    def knows(self, source: str) -> bool:
        """Whether any trunk accepts calls from this address."""
        return self._anyone or self._is_from(source, self._everybody)

    def _is_from(self, source: str, networks: Networks) -> bool:
        """Whether an address, or one that is declared for it, is in some of these networks."""
        for host in self._mapping.declared(source):
            version, number = _number(host)
            if networks.holds(version, number):
                return True
        return False


@remembered
def _number(text: str) -> tuple[int, int]:
    """The version of an address, and it as a number: the same few send most of what comes."""
    address = ip_address(text)
    return address.version, int(address)
