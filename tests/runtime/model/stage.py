"""One real engine and everybody a call may meet, with nothing that happens by itself.

`events` says what could happen now, `take` makes one of them happen and shows all that comes of it
to the laws. Messages take no time. What would surprise: a step of time goes on through moments
in which something was only retransmitted, so that a step is a decision.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

from runtime.model.laws import Offer, Watch, hold, sdp
from runtime.model.messages import bye_of_callee, invite, of_caller, read
from runtime.model.policies import Small
from runtime.world import CALLER, SIPFO
from sipfo.plan.model import TIMER_C
from sipfo.runtime.engine import Engine
from sipfo.runtime.sip.build import make_ack, make_cancel, make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.transaction.values import TimerValues

VALUES = TimerValues(t1=0.5, t2=64.0, t4=5.0)
"""T2 as long as nothing here takes, so that retransmissions are few."""

BEGIN = 1.0
"""When the call is placed."""

MOMENT = 1e-6
"""Less than lies between any two timers here."""

CONNECTION = 7


class Event(NamedTuple):
    """Something that may happen: who does what; `number` is which lookup or INVITE is meant."""

    who: str
    what: str
    number: int = 0

    def __str__(self) -> str:
        return f"{self.who} {self.number or ''}".strip() + f": {self.what}"


ANYTHING: frozenset[str] = frozenset()
LEAVING = frozenset({"passes", "finds", "CANCEL", "BYE", "100", "180", "200", "487"})
"""The caller leaves, at any time, while callees ring and pick up."""
FAILING = frozenset({"passes", "finds", "100", "180", "200", "486", "503", "fails"})
"""The caller only waits, and attempts fail in every way."""
FORKING = frozenset({"passes", "finds", "183", "200", "200 again", "200 forked", "ACK", "BYE"})
"""Callees pick up, more than one and more than once, and somebody hangs up."""
PICKING_UP = frozenset({"passes", "fails", "200"})
"""Callees say nothing until they pick up, however late."""
OLD = frozenset({"passes", "finds", "183 untagged", "200", "503", "fails", "ACK"})
"""Callees of RFC 2543, whose provisionals have no To tag."""

WAIT = Event("time", "passes")


class Stage:
    """A call that has just been placed."""

    def __init__(
        self, small: Small, words: frozenset[str] = ANYTHING, *, untagged: bool = False
    ) -> None:
        """`words` are what may happen, if not everything; `untagged` says whether callees may also
        leave the To tag out."""
        tokens = itertools.count(1)
        self.now = BEGIN
        self.engine = Engine(
            small.plan, lambda: f"t{next(tokens):07d}", lambda most: 0, values=VALUES
        )
        self.watch = Watch(CALLER, small.committing)
        self.done: dict[Event, int] = {}
        """How often each event has happened."""
        self.lookups: list[int] = []
        self.early: bytes | None = None
        """The To field of the latest early dialog that the caller has."""
        self.answer: Response | None = None
        """The final response that the caller has."""
        self.answered: dict[int, float] = {}
        """When the first 2xx to each INVITE came."""
        self._targets = small.targets
        self._words = words
        self._untagged = untagged or "183 untagged" in words
        self._seen: set[bytes] = set()
        self._offered: dict[int, float] = {}
        transport = "tcp" if small.over_tcp else "udp"
        connection = CONNECTION if small.over_tcp else None
        self._near = Flow(transport, SIPFO, CALLER, connection)
        self.invite = invite(transport)
        self._say(self.invite)
        self._flush()
        self.watch.settled()

    @property
    def outside(self) -> tuple[object, ...]:
        """What the caller and the others have done and heard, apart from what the laws know."""
        return sorted(set(self.done) - {WAIT}), self.lookups, self.early, self.answer, self.answered

    # What could happen.

    def events(self) -> list[Event]:
        """Every event that may happen now, in an order that depends on nothing else."""
        return [one for one in self._all() if not self._words or one.what in self._words]

    def _all(self) -> list[Event]:
        found = [WAIT] if self.engine.next_due() is not None else []
        found += [Event("caller", what) for what in self._caller_may()]
        found += [Event("dns", what, n) for n in self.lookups for what in ("finds", "fails")]
        for offer in self.watch.offers:
            found += [Event("callee", what, offer.number) for what in self._callee_may(offer)]
        return found

    def _caller_may(self) -> list[str]:
        did = {event.what for event in self.done if event.who == "caller"}
        may = ["CANCEL"] if "CANCEL" not in did else []
        # The 100 ends its repetitions; one that is on its way lives for T4 (RFC 3261 §17.1.1.1).
        late = self._near.reliable or self.now - BEGIN > VALUES.t4 - MOMENT
        if "INVITE" not in did and not late:
            may.append("INVITE")
        if self.answer is not None and "ACK" not in did:
            may.append("ACK")
        if "BYE" not in did and (self.early is not None or self.watch.winner is not None):
            may.append("BYE")
        return may

    def _callee_may(self, offer: Offer) -> list[str]:
        n = offer.number
        did = {event.what for event in self.done if event.who == "callee" and event.number == n}
        may: list[str] = []
        if not offer.final and self.now - self._offered[n] > TIMER_C:
            return may  # who has said nothing final for so long is given up for good (`Graves`)
        if not offer.final:
            may += [what for what in ("100", "180", "183", "fails") if what not in did]
            if offer.failed or (offer.provisional and not offer.flow.reliable):
                may = [what for what in may if what != "fails"]
            may += ["200", "486", "503"]
            if self._untagged:
                may.append("183 untagged")
            if offer.cancelled:
                may.append("487")
        elif offer.final < 300:
            may += [what for what in ("180", *self._again(offer)) if what not in did]
            if "BYE" not in did and offer.picked[b"a"].acked and not offer.picked[b"a"].ended:
                may.append("BYE")
        else:
            may += [what for what in ("180", "refuses again") if what not in did]
        return may

    def _again(self, offer: Offer) -> tuple[str, ...]:
        """What may follow a 2xx: "64*T1 seconds after the reception of the first 2xx" nothing is
        waited for any more (RFC 3261 §13.2.2.4)."""
        in_time = self.now - self.answered[offer.number] < VALUES.t1_64 - MOMENT
        return ("200 again", "200 forked") if in_time else ()

    # What happens.

    def take(self, event: Event) -> None:
        """Let one event happen, and all that comes of it at once. Raises Broken."""
        self.done[event] = self.done.get(event, 0) + 1
        match event.who:
            case "time":
                self._pass_time()
            case "caller":
                self._caller(event.what)
            case "dns":
                self.lookups.remove(event.number)
                targets = self._targets if event.what == "finds" else ()
                self.engine.located(event.number, targets, self.now)
            case _:
                self._callee(self.watch.offers[event.number - 1], event.what)
        self._flush()
        self.watch.settled()

    def _pass_time(self) -> None:
        """Go on to the next moment in which something new comes of it."""
        while (due := self.engine.next_due()) is not None:
            self.now = max(self.now, due)
            before = len(self.engine.core.transactions)
            self.engine.run_timers(self.now)
            if self._flush() or len(self.engine.core.transactions) != before:
                return

    def pass_for(self, seconds: float) -> None:
        """Let so much time pass, and all that comes of it. Raises Broken."""
        until = self.now + seconds
        while (due := self.engine.next_due()) is not None and due <= until:
            self.now = max(self.now, due)
            self.engine.run_timers(self.now)
            self._flush()
            self.watch.settled()
        self.now = until

    def _caller(self, what: str) -> None:
        match what:
            case "INVITE":
                self._say(self.invite)
            case "CANCEL":
                self.watch.caller_leaves()
                self._say(make_cancel(self.invite))
            case "ACK":
                assert self.answer is not None  # it is what makes an ACK possible
                if self.answer.status < 300:
                    self._say(self._within("ACK", 1))
                else:
                    self._say(make_ack(self.invite, self.answer))
            case _:
                if self.watch.final is None:
                    self.watch.caller_leaves()
                self._say(self._within("BYE", 2))

    def _within(self, method: str, number: int) -> Request:
        """A request in the dialog that was answered, or in the latest early one."""
        to = self.early
        if self.answer is not None and self.answer.status < 300:
            to = self.answer.to.encode()
        assert to is not None  # there is a dialog
        return of_caller(self.invite, method, number, to)

    def _callee(self, offer: Offer, what: str) -> None:
        match what:
            case "fails":
                offer.failed = True
                self.engine.transport_failed(self._way(offer), self.now)
            case "487":
                cancelled = make_cancel(offer.request)
                self._receive(make_response(cancelled, 200), self._way(offer))
                self._respond(offer, 487, b"a")
            case "BYE":
                offer.picked[b"a"].ended = True
                self._receive(bye_of_callee(offer), self._way(offer))
            case "183 untagged":
                self._respond(offer, 183, None, sdp(offer.number, b"a"))
            case "200 again":
                self._respond(offer, 200, b"a")
            case "200 forked":
                self._respond(offer, 200, b"b")
            case "refuses again":
                self._respond(offer, offer.final, b"a")
            case _:
                self._respond(offer, int(what), b"a" if what != "100" else None)

    def _respond(self, offer: Offer, status: int, tag: bytes | None, body: bytes = b"") -> None:
        response = make_response(offer.request, status, to_tag=tag)
        response.headers.add(b"contact", b"<sip:%s>" % offer.flow.remote[0].encode())
        response.body = sdp(offer.number, tag) if tag and status in (183, 200) else body
        self.watch.callee_says(offer, status, tag or b"")
        if 200 <= status < 300:
            self.answered.setdefault(offer.number, self.now)
        self._receive(response, self._way(offer))

    def _way(self, offer: Offer) -> Flow:
        connection = offer.number if offer.flow.reliable else None
        return offer.flow._replace(connection=connection)

    def _say(self, message: Request) -> None:
        self._receive(message, self._near)

    def _receive(self, message: Request | Response, flow: Flow) -> None:
        self.engine.receive(serialize(message), flow, self.now)

    def _flush(self) -> bool:
        """Take all that the engine has to say; whether any of it is new."""
        core, new = self.engine.core, False
        while core.sends or core.lookups or core.records:
            while core.sends:
                flow, data = core.sends.popleft()
                if data not in self._seen:
                    new = True
                    self._seen.add(data)
                message = read(data)
                self.watch.sends(flow, message)
                for offer in self.watch.offers:
                    self._offered.setdefault(offer.number, self.now)
                if isinstance(message, Response) and flow.remote == CALLER:
                    self._hear(message)
            while core.lookups:
                new = True
                self.lookups.append(core.lookups.popleft().number)
            while core.records:
                new = True
                self.watch.records(core.records.popleft())
        return new

    def _hear(self, response: Response) -> None:
        if response.cseq.method == "INVITE":
            if response.status >= 200:
                self.answer = response
            elif response.to.tag is not None:
                self.early = response.to.encode()

    # The end.

    def run_out(self) -> None:
        """Let all the time pass that there is: nobody says anything any more, but a caller that is
        connected hangs up in the end. Nothing may be left. Raises Broken."""
        for _ in range(1000):
            if self.lookups:
                self.take(Event("dns", "fails", self.lookups[0]))
            elif self.engine.next_due() is not None:
                self.take(WAIT)
            elif self.engine.calls_alive and Event("caller", "BYE") not in self.done:
                self.take(Event("caller", "BYE"))
            else:
                break
        else:
            hold(False, "time never runs out")
        self.watch.over()
        engine = self.engine
        hold(engine.calls_alive == 0, f"{engine.calls_alive} calls are left")
        hold(not len(engine.core.transactions), f"{len(engine.core.transactions)} transactions")
        remains(engine, self.now)


def remains(engine: Engine, now: float) -> None:
    """Nothing of any call is left in an engine. Raises Broken."""
    grounds = engine._grounds
    hold(not engine.calls, f"{len(engine.calls)} calls are remembered")
    hold(not engine._intake._merging, "an INVITE is still looked out for")
    hold(not len(engine._directory), f"{len(engine._directory)} dialogs are left")
    for trunk in engine.placed:
        hold(grounds.trunks.calls(trunk) == 0, f"trunk {trunk} counts a call")
    for carrier in ("northstar",):
        hold(grounds.standing.carriers.calls(carrier) == 0, f"carrier {carrier} counts a call")
