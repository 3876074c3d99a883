"""What every part of one engine shares: timers, transactions, randomness, and what goes out.

Still no input or output: what is to be sent, looked up or reported waits in a queue until the
wire takes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from sipfo.runtime.locate import Target, Unlocatable, locate
from sipfo.runtime.mapping import Mapping
from sipfo.runtime.record import Record
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.timer import Timers
from sipfo.runtime.sip.transaction.layer import TransactionLayer
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import MAGIC, Via

Found = Callable[[tuple[Target, ...], float], None]
"""Takes the targets, none when there are none, and the time."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question for the wire: the targets of these URIs, in order (RFC 3263)."""

    number: int
    uris: tuple[SipUri, ...]


class Core:
    """The shared part of one engine."""

    __slots__ = (
        "_found",
        "_lookup",
        "draw",
        "entropy",
        "lookups",
        "mapping",
        "records",
        "sends",
        "timers",
        "transactions",
        "values",
    )

    def __init__(
        self,
        entropy: Callable[[], str],
        draw: Callable[[int], int],
        mapping: Mapping,
        values: TimerValues,
    ) -> None:
        """`entropy` gives fresh tokens, `draw(n)` an integer from 0 to n."""
        self.entropy = entropy
        self.mapping = mapping
        self.values = values
        self.timers = Timers()
        self.sends: deque[tuple[Flow, bytes]] = deque()
        self.lookups: deque[Lookup] = deque()
        self.records: deque[Record] = deque()
        self.transactions = TransactionLayer(self.timers, self.send, values)
        self.draw = draw
        self._lookup = 0
        self._found: dict[int, Found] = {}

    def send(self, flow: Flow, data: bytes) -> None:
        """Queue bytes for a flow."""
        self.sends.append((flow, data))

    def token(self) -> bytes:
        """A fresh tag or Call-ID."""
        return self.entropy().encode("ascii")

    def stamp_via(self, request: Request, flow: Flow) -> None:
        """Put our Via on top, with a fresh branch; `rport` always (RFC 3581 §3)."""
        branch = MAGIC + self.token()
        via = Via(flow.transport, *flow.local, ((b"branch", branch), (b"rport", None)))
        request.headers.prepend(b"via", via.encode())

    def contact(self, flow: Flow) -> bytes:
        """Our Contact on a flow."""
        transport = ";transport=tcp" if flow.transport == "tcp" else ""
        return f"<sip:{encode_host(*flow.local)}{transport}>".encode("ascii")

    def locate(self, uris: tuple[str, ...], then: Found, now: float) -> None:
        """Find the targets of URIs, in order: literal addresses at once, names by the wire."""
        try:
            parsed = tuple(parse_uri(uri) for uri in uris)
        except Malformed:
            then((), now)
            return
        targets: list[Target] = []
        for uri in parsed:
            questions = locate(uri, self.draw)
            try:
                next(questions)
            except StopIteration as found:
                targets += found.value
            except Unlocatable:
                continue
            else:
                questions.close()
                self._lookup += 1
                self._found[self._lookup] = then
                self.lookups.append(Lookup(self._lookup, parsed))
                return
        then(tuple(targets), now)

    def located(self, number: int, targets: tuple[Target, ...], now: float) -> None:
        """The wire's answer to a Lookup."""
        then = self._found.pop(number)
        real = []
        for target in targets:
            host, port = self.mapping.actual(target.host, target.port)
            real.append(replace(target, host=host, port=port))
        then(tuple(real), now)
