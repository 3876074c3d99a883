"""What every part of one engine shares: timers, transactions, randomness, and what goes out.

Still no input or output: what is to be sent, looked up or reported waits in a queue until the
wire takes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sipfo.runtime.errand import Carried, Errand, Result
from sipfo.runtime.locate import Target, Unlocatable, at_once
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.origins import Origins
from sipfo.runtime.oversize import Oversize
from sipfo.runtime.record import Record
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.timer import Timers
from sipfo.runtime.sip.transaction.layer import TransactionLayer
from sipfo.runtime.sip.transaction.user import ClientUser, Sent
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import MAGIC, TLS_PORT, Via
from sipfo.runtime.ways import Ways

Found = Callable[[tuple[Target, ...], float], None]
"""Takes the targets, none when there are none, and the time."""

Told = Callable[[str], None]
"""Takes the reason why one of several URIs leads nowhere."""


def _unheeded(reason: str) -> None:
    """Of no interest to whoever does without the target."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question for the wire: the targets of these URIs, in order (RFC 3263)."""

    number: int
    uris: tuple[SipUri, ...]


class Core:
    """The shared part of one engine."""

    __slots__ = (
        "_errands",
        "_found",
        "_lookup",
        "contact_user",
        "draw",
        "entropy",
        "listening",
        "lookups",
        "mapping",
        "origins",
        "oversize",
        "recalls",
        "records",
        "sends",
        "timers",
        "tls_ports",
        "transactions",
        "values",
        "ways",
    )

    def __init__(
        self,
        entropy: Callable[[], str],
        draw: Callable[[int], int],
        mapping: AddressMapping,
        values: TimerValues,
    ) -> None:
        """`entropy` gives fresh tokens, `draw(n)` an integer from 0 to n."""
        self.entropy = entropy
        self.mapping = mapping
        self.values = values
        self.timers = Timers()
        self.sends: deque[tuple[Flow, bytes]] = deque()
        self.recalls: deque[tuple[Flow, bytes]] = deque()
        """Requests, by their branch, not to be sent if they still wait for a connection."""
        self.lookups: deque[Lookup | Errand] = deque()
        self.records: deque[Record] = deque()
        self.transactions = TransactionLayer(self.timers, self.send, values)
        self.oversize = Oversize()
        self.ways = Ways()
        self.tls_ports: Mapping[str, int] = {}
        """The ports of those of our addresses that listen on TLS."""
        self.listening: frozenset[tuple[str, str, int]] = frozenset()
        """The transport, host and port of each of our addresses that takes calls."""
        self.contact_user = ""
        """What stands before the host in our Contacts, its `@` included."""
        self.draw = draw
        self.origins: Origins | None = None
        """Told of every leg that is made, where somebody wants to know."""
        self._lookup = 0
        self._found: dict[int, tuple[Found, Told]] = {}
        self._errands: dict[int, Carried] = {}

    def send(self, flow: Flow, data: bytes) -> None:
        """Queue bytes for a flow."""
        self.sends.append((flow, data))

    def token(self) -> bytes:
        """A fresh tag or Call-ID."""
        return self.entropy().encode("ascii")

    def stamp_via(self, request: Request, flow: Flow) -> None:
        """Put our Via on top, with a fresh branch; `rport` always (RFC 3581 §3)."""
        branch = MAGIC + self.token()
        host, port = flow.local
        via = Via(flow.transport, host, port, ((b"branch", branch), (b"rport", None)))
        request.put_via(via)

    def flow(self, local: tuple[str, int], target: Target) -> Flow:
        """The flow from one of our addresses to a target; for TLS from that host's TLS port."""
        transport = target.transport
        if transport != "tls":
            return self.ways.flow(transport, local, target.host, target.port, target.identity)
        local = (local[0], self.tls_port(local[0]))
        return Flow(transport, local, (target.host, target.port), None, target.identity)

    def tls_port(self, host: str) -> int:
        """The port that TLS has at one of our addresses."""
        return self.tls_ports.get(host, TLS_PORT)

    def request(self, request: Request, flow: Flow, user: ClientUser, now: float) -> None:
        """Send a request other than INVITE and ACK, our Via on top, as a transaction."""
        fitted, way = self.oversize.fit(request, flow, now)
        if way is not flow:
            user = _GoesBack(self, user, request, flow)
        self.transactions.request(fitted, way, user, now)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """What was sent on a flow did not get through; without a connection none was opened."""
        if flow.transport == "tcp" and flow.connection is None:
            self.oversize.unopened(flow, now)
        self.transactions.transport_failed(flow, now)

    def contact(self, flow: Flow, secure: bool = False) -> bytes:
        """Our Contact on a flow, or in a dialog that is `secure` (RFC 3261 §12.1.1), where TLS needs
        no parameter."""
        if secure:
            host = flow.local[0]
            port = flow.local[1] if flow.transport == "tls" else self.tls_port(host)
            return f"<sips:{self.contact_user}{encode_host(host, port)}>".encode("ascii")
        return self.ways.contact(flow, self.contact_user)

    def locate(
        self, uris: tuple[str, ...], then: Found, now: float, told: Told = _unheeded
    ) -> None:
        """Find the targets of URIs, in order: literal addresses at once, names by the wire. `told`
        hears of each URI that leads nowhere, before `then` does of the others' targets."""
        try:
            targets, failures = self._at_once(uris)
        except Malformed as error:
            told(f"unresolvable: {error.reason}")
            then((), now)
            return
        if targets is None:
            self._lookup += 1
            self._found[self._lookup] = then, told
            self.lookups.append(Lookup(self._lookup, tuple(parse_uri(uri) for uri in uris)))
            return
        for failure in failures:
            told(failure)
        then(targets, now)

    def at_once(self, uri: str) -> tuple[Target, ...] | None:
        """The targets of a URI, none if there are none, when the wire need not be asked; None when
        it must be."""
        try:
            targets = at_once(uri)
        except (Malformed, Unlocatable):
            return ()
        return None if targets is None else tuple([self._proving(one) for one in targets])

    def _at_once(self, uris: tuple[str, ...]) -> tuple[tuple[Target, ...] | None, list[str]]:
        """The targets and why others are none; None for the targets when the wire must be asked.
        Raises Malformed."""
        found: list[Target] = []
        failures: list[str] = []
        asks = False
        for uri in uris:
            try:
                targets = at_once(uri)
            except Unlocatable as error:
                failures.append(error.said)
                continue
            if targets is None:
                asks = True
            else:
                found += [self._proving(target) for target in targets]
        return None if asks else tuple(found), failures

    def located(
        self,
        number: int,
        targets: tuple[Target, ...],
        now: float,
        failures: tuple[str, ...] = (),
    ) -> None:
        """The wire's answer to a Lookup; `failures` says of each URI without targets why."""
        then, told = self._found.pop(number)
        for failure in failures:
            told(failure)
        real = []
        for target in targets:
            host, port = self.mapping.actual(target.host, target.port)
            if (host, port) != (target.host, target.port):
                target = replace(target, host=host, port=port)
            real.append(target)
        then(tuple(real), now)

    def errand(self, errand: Errand, then: Carried) -> None:
        """Have the store of bindings do something; `then` hears of it when it is done."""
        self._lookup += 1
        self._errands[self._lookup] = then
        self.lookups.append(replace(errand, number=self._lookup))

    def carried_out(self, number: int, result: Result, now: float) -> None:
        """The store's answer to an errand."""
        self._errands.pop(number)(result, now)

    def _proving(self, target: Target) -> Target:
        """A literal target, whose TLS certificate is for the address that the policy declares."""
        if not target.identity:
            return target
        return replace(target, identity=self.mapping.declared_at(target.host, target.port))


class _GoesBack:
    """The user of a request that went over TCP for its size, until it is known whether it could."""

    __slots__ = ("_core", "_flow", "_request", "_user", "_went_back")

    def __init__(self, core: Core, user: ClientUser, request: Request, flow: Flow) -> None:
        self._core = core
        self._user = user
        self._request = request
        self._flow = flow
        self._went_back = False

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        self._user.on_response(transaction, response, now)

    def on_timeout(self, transaction: Sent, now: float) -> None:
        self._user.on_timeout(transaction, now)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        self._went_back = self._core.oversize.goes_back(transaction.flow, now)
        if self._went_back:
            self._core.transactions.request(self._request, self._flow, self._user, now)
        else:
            self._user.on_transport_error(transaction, now)

    def on_terminated(self, transaction: Sent, now: float) -> None:
        if not self._went_back:
            self._user.on_terminated(transaction, now)
