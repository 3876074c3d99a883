"""The whole back-to-back user agent, without input or output.

Bytes, targets and the time go in; bytes, lookups and records come out of `core`'s queues. Every
message passes `receive`. What would surprise: what a stranger sends makes no state at all, and
gets an answer only now and then (`stateless`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from sipfo.plan.ahead import Ahead
from sipfo.plan.choice import Chosen, LeftOut
from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.numbering import normalise
from sipfo.plan.order import draw
from sipfo.runtime.admission import Refused
from sipfo.runtime.asking import Asked, Wrong
from sipfo.runtime.call import Call, Phase, hops_left
from sipfo.runtime.callname import CallNames
from sipfo.runtime.commons import Alone, Commons
from sipfo.runtime.core import Core
from sipfo.runtime.directory import Directory
from sipfo.runtime.diversion import MOST_DIVERSIONS, diversions, diverted_from
from sipfo.runtime.emergency import called_user, is_emergency
from sipfo.runtime.errand import Result
from sipfo.runtime.guard import Guard, Proven
from sipfo.runtime.headers import (
    ALLOW,
    ALLOW_OUTSIDE,
    CAPABILITIES,
    NO_SIPS,
    expires,
    unsupported_tags,
)
from sipfo.runtime.limits import Limits
from sipfo.runtime.locate import Target
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.metrics import Gauges
from sipfo.runtime.objection import objection
from sipfo.runtime.placement import Grounds, Placement
from sipfo.runtime.quotas import DRAINED
from sipfo.runtime.record import Notice
from sipfo.runtime.registrar.desk import Desk
from sipfo.runtime.registrar.passing import Passed
from sipfo.runtime.relay import Responder
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip import stun
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, check, parse
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.sip.via import stamp
from sipfo.runtime.stateless import Arrival, Stateless
from sipfo.runtime.stray import stray
from sipfo.runtime.tenure import Papers, Tenure, begin, succeed
from sipfo.runtime.wayback import WayBack

AT_LIMIT_RETRY_AFTER = 1
"""Seconds that the 503 of a trunk at its limit asks for: a call may end at any moment."""

IN_DIALOG = frozenset(
    {"BYE", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "REFER", "UPDATE"}
)
"""Methods that are passed from one leg to the other."""

STANDALONE = frozenset({"MESSAGE", "REFER"})
"""Those of them that may also come outside a dialog, where nothing here wants them."""


_BARRED = LeftOut("every carrier", "the call was diverted too often before")


class Engine:
    """One plan at work."""

    def __init__(
        self,
        plan: Plan,
        entropy: Callable[[], str],
        upto: Callable[[int], int],
        mapping: AddressMapping | None = None,
        values: TimerValues | None = None,
        calls_before: Mapping[str, int] | None = None,
        drawn: Mapping[str, tuple[int, ...]] | None = None,
        limits: Limits | None = None,
        epoch: float = 0.0,
        secrets: Mapping[str, Secret] | None = None,
        fingerprint: str = "",
        commons: Commons | None = None,
    ) -> None:
        """`plan` has its addresses mapped already; `entropy` gives fresh tokens, `upto(n)` an
        integer from 0 to n; `calls_before` is where each trunk's round robin goes on, `drawn` the
        turn of a weighted trunk whose draws are settled beforehand; `epoch` is the time of day, in
        Unix seconds, when `now` is 0; `secrets` has every one that the plan names;
        `fingerprint` is that of the plan as it was written; `commons` is what it shares with other
        engines at the same addresses, `calls_before` is in it then."""
        self.core = Core(entropy, upto, mapping or AddressMapping(), values or TimerValues())
        self.draining = False
        self.paused = False
        """Whether an operator wants no new calls for now."""
        self._entropy = entropy
        self._drawn = drawn or {}
        self._limits = limits or Limits()
        papers = Papers(plan, secrets or {}, fingerprint)
        commons = commons or Alone(calls_before)
        self._commons = commons
        self._turns = commons.turns
        self._tenure = begin(papers, self.core, entropy, self._limits, epoch, commons)
        self._stateless = Stateless(self.core, self.knows, self._limits)
        self._desk = Desk(self.core, self._stateless, self._limits, self._is_full)
        self._wayback = WayBack(self.core, self.knows)
        self._directory = Directory()
        self._names = CallNames(entropy, epoch)
        self._epoch = epoch
        self._calls: dict[Call, tuple[bytes, bytes, int]] = {}
        self._merging: set[tuple[bytes, bytes, int]] = set()

    def start(self, now: float) -> None:
        """Begin what goes on without calls: the probes."""
        self._tenure.probes.start(now)

    def succeed(self, papers: Papers, now: float) -> None:
        """Go by another plan from now on; calls under way keep the one that they were placed by."""
        self._tenure = succeed(self._tenure, papers, self._entropy, self._limits, now)

    @property
    def _grounds(self) -> Grounds:
        return self._tenure.grounds

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One message that arrived on a flow. What is no SIP is dropped, or answered 4xx."""
        arrival = Arrival(flow, len(data), now)
        try:
            message = parse(data)
            if isinstance(message, Request):
                self._request(message, arrival)
            elif len(message.headers.all(b"via")) != 1:
                return  # on its way to somebody else (RFC 3261 §8.1.3.3)
            elif not self.core.transactions.receive_response(message, now):
                stray(message, self._grounds.graves, self._directory, now)
        except Malformed as error:
            if error.headers is not None:
                self._stateless.malformed(error, error.headers, arrival)
            elif not flow.reliable and self.knows(flow.remote[0]):
                pong = stun.answer(data, flow.remote)
                if pong is not None:
                    self.core.send(flow, pong)

    def transport_failed(self, flow: Flow, now: float, unsent: Sequence[bytes] = ()) -> None:
        """What was sent on a flow did not get through, or its connection broke; `unsent` are the
        messages that were certainly never written."""
        self.core.transport_failed(flow, now)
        self._grounds.registrars.connection_lost(flow)
        self._wayback.unsent(unsent, flow, now)

    def located(
        self,
        number: int,
        targets: tuple[Target, ...],
        now: float,
        failures: tuple[str, ...] = (),
    ) -> None:
        """The answer to a lookup; `failures` says of each URI without targets why."""
        self.core.located(number, targets, now, failures)

    def carried_out(self, number: int, result: Result, now: float) -> None:
        """The answer to an errand to the store of bindings."""
        self.core.carried_out(number, result, now)

    def run_timers(self, now: float) -> None:
        """Do what is due."""
        self.core.timers.run(now)

    def next_due(self) -> float | None:
        """When `run_timers` is wanted next."""
        return self.core.timers.next_due()

    def places_in_use(self, now: float) -> set[tuple[str, str, int]]:
        """The transport, host and port of each of our addresses that a call or a transaction may
        still be heard at."""
        graves = self._grounds.graves
        flows = chain(self.core.transactions.flows(), self._directory.flows(), graves.flows(now))
        return {(flow.transport, *flow.local) for flow in flows}

    @property
    def tenure(self) -> Tenure:
        """The plan in force, and what goes with it."""
        return self._tenure

    @property
    def directory(self) -> Directory:
        """The dialogs of every call."""
        return self._directory

    @property
    def placed(self) -> dict[str, int]:
        """How many calls each trunk of the plan has placed."""
        return {one.name: self._turns.placed(one.name) for one in self._tenure.plan.trunks}

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call of which anything may still come, oldest first."""
        return tuple(self._calls)

    @property
    def calls_alive(self) -> int:
        """Calls with somebody connected, or with an attempt that may still have to be taken back."""
        return sum(call.is_alive for call in self._calls)

    def gauges(self, internal_errors: int, now: float) -> Gauges:
        """What metrics say of this moment; bugs are counted by whoever catches them."""
        phases = Counter(call.phase for call in self._calls)
        return Gauges(
            setting_up=phases[Phase.SETTING_UP],
            up=phases[Phase.UP],
            transactions=len(self.core.transactions),
            targets=tuple(self._grounds.standing.healths.states()),
            internal_errors=internal_errors,
            fingerprint=self._tenure.papers.fingerprint,
            contacts=tuple(self._grounds.registrars.contacts(now).items()),
        )

    def hang_up_all(self, now: float) -> None:
        """End every call."""
        for call in list(self._calls):
            call.hang_up(now)

    def admits(self, source: str) -> bool:
        """Whether a trunk of the plan accepts calls from this address."""
        return self._tenure.admission.knows(source)

    def knows(self, source: str) -> bool:
        """Whether any trunk accepts calls from this address, or did lately for a credential, or
        somebody registered from there."""
        known, guard = self._tenure.admission.knows(source), self._tenure.guard
        known = known or (guard is not None and guard.knows(source))
        return known or self._grounds.registrars.knows(source)

    def _request(self, request: Request, arrival: Arrival) -> None:
        flow, _, now = arrival
        guard = self._tenure.guard
        try:
            stamp(request.headers, request.via, flow.remote)
            check(request)
        except Malformed as error:
            if request.method != "ACK":
                self._stateless.malformed(error, request.headers, arrival)
            return
        if self.core.transactions.absorb(request, now):
            return
        if request.method == "ACK":
            self._acknowledged(request, flow, now)
        elif request.method == "CANCEL":
            self._cancelled(request, arrival)
        elif request.to.tag is not None:
            self._in_dialog(request, arrival)
        elif (
            flow.remote[0] in self._grounds.registrars.fellows
            and request.method == "INVITE"
            and (passed := self._grounds.registrars.passed(request, flow)) is not None
        ):
            self._passed(passed, request, arrival)
        elif guard is not None and request.method == "INVITE" and guard.asks(request, flow):
            self._guarded(guard, request, arrival)
        elif request.method == "REGISTER" and self._grounds.registrars.serves(request, flow):
            self._desk.register(self._grounds.registrars, request, arrival)
        elif not self.knows(flow.remote[0]):
            self._stateless.turn_away(request, arrival)
        elif self._has_no_room(request.method):
            self._stateless.overloaded(request, arrival)
        elif request.method == "INVITE":
            self._invited(request, flow, now)
        else:
            self._outside(request, flow, now)

    def _has_no_room(self, method: str) -> bool:
        """Whether a request outside any dialog cannot be served."""
        return self._is_full(method) or len(self._calls) >= self._limits.calls

    def _is_full(self, method: str) -> bool:
        """Whether there is no room for what a request would leave behind.

        BYE makes room, so an eighth more than others may have is kept for it.
        """
        most = self._limits.transactions
        if method == "BYE":
            most += most // 8
        return len(self.core.transactions) >= most

    def _acknowledged(self, ack: Request, flow: Flow, now: float) -> None:
        found = self._directory.find(ack)
        if found is not None:
            self._consume(ack)
            leg = found[0]
            leg.heard_on(flow)
            waiting = leg.awaiting_ack.get(ack.cseq.number)
            if waiting is not None:
                waiting.acknowledge(ack, now)

    def _cancelled(self, cancel: Request, arrival: Arrival) -> None:
        invite = self.core.transactions.invite_of(cancel)
        if invite is None or not self._may_cancel(invite, arrival.flow.remote[0]):
            self._stateless.refuse(cancel, 481, arrival)
            return
        flow, _, now = arrival
        transaction = self.core.transactions.serve(cancel, flow)
        server = self._directory.server_of(invite)
        # "the To tag of the response to the CANCEL and the To tag in the response to the original
        # request SHOULD be the same" (§9.2).
        tag = server.to_tag if server is not None else invite.to_tag
        transaction.respond(make_response(cancel, 200, to_tag=tag or self.core.token()), now)
        if server is not None:
            server.cancel(cancel.headers.lines(b"reason"), now)

    def _may_cancel(self, invite: InviteServerTransaction, source: str) -> bool:
        """Whether a CANCEL of this INVITE is believed from that address: nothing that only we and
        the caller know is in it, and callers choose branches that others can guess."""
        return source == invite.flow.remote[0] or self.knows(source)

    def _in_dialog(self, request: Request, arrival: Arrival) -> None:
        found = self._directory.find(request)
        if found is None:
            self._stateless.refuse(request, 481, arrival)
            return
        if self._is_full(request.method):
            self._stateless.overloaded(request, arrival)
            return
        self._consume(request)
        leg, call = found
        flow, _, now = arrival
        transaction = self.core.transactions.serve(request, flow)
        strange = unsupported_tags(request)
        if strange:
            self._respond(transaction, request, 420, now, (b"unsupported", b", ".join(strange)))
        elif request.method not in IN_DIALOG:
            self._respond(transaction, request, 405, now, (b"allow", ALLOW))
        elif not leg.dialog.accepts(request):
            self._respond(transaction, request, 500, now)  # CSeq out of order (§12.2.2)
        else:
            try:
                call.receive(leg, request, transaction, flow, now)
            except Malformed as error:
                self._respond(transaction, request, error.status, now)

    def _outside(self, request: Request, flow: Flow, now: float) -> None:
        transaction = self.core.transactions.serve(request, flow)
        try:
            parse_uri(request.uri)
        except Malformed as error:
            self._respond(transaction, request, error.status, now)
            return
        strange = unsupported_tags(request)
        if strange:
            self._respond(transaction, request, 420, now, (b"unsupported", b", ".join(strange)))
        elif request.method == "OPTIONS":
            self._respond(transaction, request, 200, now, *CAPABILITIES)
        elif request.method in IN_DIALOG - STANDALONE:
            self._respond(transaction, request, 481, now)
        else:
            self._respond(transaction, request, 405, now, (b"allow", ALLOW_OUTSIDE))

    def _guarded(self, guard: Guard, request: Request, arrival: Arrival) -> None:
        """An INVITE that only a credential lets in: nothing is kept of it until it has one."""
        flow, _, now = arrival
        verdict = guard.judge(request, flow.remote[0], now)
        if isinstance(verdict, Proven):
            self._commons.proven(flow.remote[0])
        if isinstance(verdict, Asked):
            self._stateless.challenge(request, verdict.challenges, arrival)
        elif isinstance(verdict, Wrong):
            self._stateless.refuse(request, 403, arrival)
            if self.knows(flow.remote[0]):  # a stranger's 403 has its notice already
                notice = f"403 to {flow.remote[0]}: {verdict.reason}"
                self.core.records.append(Notice("-", notice))
        elif self._has_no_room(request.method):
            self._stateless.overloaded(request, arrival)
        else:
            self._invited(request, flow, now, verdict.trunks)

    def _passed(self, passed: Passed, request: Request, arrival: Arrival) -> None:
        """An INVITE of another instance, for a telephone that this one is to call."""
        if self._has_no_room(request.method):
            self._stateless.overloaded(request, arrival)
            return
        flow, _, now = arrival
        self._consume(request)
        transaction = self.core.transactions.serve(request, flow)
        assert isinstance(transaction, InviteServerTransaction)  # made for an INVITE
        objection = self._objection(request, flow)
        if objection is not None:
            self._refuse(objection, request, transaction, flow, now)
            return
        self._grounds.trunks.take(
            passed.registrar, now, again=True
        )  # given back as every call's is
        self._begin(
            Placement(
                self._names.take(now),
                passed.registrar,
                passed.user,
                passed.itinerary,
                hops_left(request),
                plan=self._tenure.papers.fingerprint,
                passed=passed,
            ),
            request,
            transaction,
            flow,
            now,
        )

    def _consume(self, request: Request) -> None:
        if self._tenure.guard is not None:
            self._tenure.guard.consume(request)

    def _invited(
        self, request: Request, flow: Flow, now: float, proven: frozenset[str] = frozenset()
    ) -> None:
        """`proven`: the trunks that accept the credential which came with it."""
        self._consume(request)
        transaction = self.core.transactions.serve(request, flow)
        assert isinstance(transaction, InviteServerTransaction)  # made for an INVITE
        refused = self._refusal(request, flow, proven)
        if isinstance(refused, Refused):
            self._refuse(refused, request, transaction, flow, now)
            return
        trunk, number = refused
        self._place(trunk, number, request, transaction, flow, now)

    def _refuse(
        self, refused: Refused, request: Request, transaction: Responder, flow: Flow, now: float
    ) -> None:
        fields = []
        if refused.status == 420:
            fields.append((b"unsupported", b", ".join(unsupported_tags(request))))
        if refused.status == 480:
            fields.append((b"warning", NO_SIPS % encode_host(*flow.local).encode("ascii")))
        if refused.status == 503:
            seconds = refused.retry_after or self._limits.retry_after
            fields.append((b"retry-after", str(seconds).encode("ascii")))
        self._respond(transaction, request, refused.status, now, *fields)
        notice = f"{refused.status} to {flow.remote[0]}: {refused.reason}"
        self.core.records.append(Notice("-", notice))

    def _refusal(
        self, request: Request, flow: Flow, proven: frozenset[str]
    ) -> tuple[Trunk, str] | Refused:
        """The trunk and number of an INVITE that starts a call, or why it cannot."""
        objection = self._objection(request, flow)
        if objection is not None:
            return objection
        user, at = called_user(request), (flow.transport, *flow.local)
        admitted = self._tenure.admission.admit(user, flow.remote[0], at, proven)
        return self._loop(request, normalise(user), flow) or admitted

    def _loop(self, request: Request, number: str, flow: Flow) -> Refused | None:
        """Why a call to a number has gone round by way of us, where none of our Via is left."""
        grounds = self._grounds
        if diverted_from(request.headers, number, grounds.egress.values()):
            return Refused(482, "loop: we have diverted this call from this number before")
        if grounds.loops.closes(request, number, flow.remote[0]):
            return Refused(482, "loop: a carrier brings back the call that it was sent")
        return None

    def _objection(self, request: Request, flow: Flow) -> Refused | None:
        closed = "shutting down" if self.draining else DRAINED if self.paused else ""
        is_merged = self._merge_key(request) in self._merging
        return objection(request, flow, self.core, self._directory, closed, is_merged)

    def _place(
        self,
        trunk: Trunk,
        number: str,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        now: float,
    ) -> None:
        judge = self._tenure.judges[trunk.retry]
        pinned = self._grounds.challenges.answered_by(request, now)
        if pinned is not None and (pinned.trunk, pinned.number) != (trunk.name, number):
            pinned = None
        again = pinned is not None
        ahead = None
        full = None
        if is_emergency(request):
            self._grounds.trunks.take(trunk.name, now, again=again)
        else:
            full = self._grounds.trunks.claim(trunk.name, now, again=again)
        if full is not None:
            # 503, not 480: it says nothing about the called number, so who calls may try its other
            # way in at once (RFC 3263 §4.3). It keeps that caller's calls to other trunks away as
            # well (RFC 3261 §21.5.4), hence the short Retry-After.
            refused = Refused(503, f"trunk {trunk.name}: {full}", AT_LIMIT_RETRY_AFTER)
            self._refuse(refused, request, transaction, flow, now)
            return
        if pinned is not None:
            route = Itinerary(pinned.steps, judge, trunk.deadline)
            target = pinned.target
        else:
            # Round robin counts calls placed, not attempts (LANGUAGE: routing method).
            diverts = trunk.forward is not None and trunk.forward.number not in (None, number)
            is_barred = diverts and diversions(request.headers) >= MOST_DIVERSIONS
            turned = self._turn(trunk, self._turns.take(trunk.name))
            order, at, barred = (
                self._tenure.order,
                self._epoch + now,
                _BARRED if is_barred else None,
            )
            ahead = Ahead(order, trunk, number, turned, at, barred)
            route = Itinerary(ahead, judge, trunk.deadline)
            target = None
        name = self._names.take(now)
        hops = hops_left(request)
        fingerprint = self._tenure.papers.fingerprint
        placement = Placement(
            name,
            trunk.name,
            number,
            route,
            hops,
            target,
            fingerprint,
            ahead=ahead,
        )
        self._begin(placement, request, transaction, flow, now)

    def _begin(
        self,
        placement: Placement,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        now: float,
    ) -> None:
        """Set a call up from now on."""
        call = Call(
            self._grounds, self._directory, placement, request, transaction, flow, self.forget
        )
        key = self._merge_key(request)
        self._calls[call] = key
        self._merging.add(key)
        call.begin(expires(request), now)

    def carriers(self, trunk: Trunk, number: str, now: float) -> Chosen:
        """The carriers that take a call to a number now, by the time of day, and those that do not."""
        return self._tenure.order.chosen(trunk, number, self._epoch + now)

    def _turn(self, trunk: Trunk, placed: int) -> Sequence[int]:
        if trunk.method != "weighted":
            return self._tenure.order.turn(trunk, placed)
        settled = self._drawn.get(trunk.name)
        return settled or draw(trunk.weights, self.core.draw)

    def add(self, call: Call) -> None:
        """Another process has set a call up."""
        self._calls[call] = (call.call_id, b"", 0)

    def go_on(self, placed: Mapping[str, int]) -> None:
        """Trunks of these names have placed so many calls before."""
        known = {one.name for one in self._tenure.plan.trunks}
        self._turns.go_on({name: count for name, count in placed.items() if name in known})

    def forget(self, call: Call) -> None:
        """Nothing of a call is left."""
        if self.core.origins is not None:
            self.core.origins.over(call.far_call_ids)
        key = self._calls.pop(call, None)
        if key is not None:
            self._merging.discard(key)

    @staticmethod
    def _merge_key(request: Request) -> tuple[bytes, bytes, int]:
        return request.call_id, request.from_.tag or b"", request.cseq.number

    def _respond(
        self,
        transaction: Responder,
        request: Request,
        status: int,
        now: float,
        *fields: tuple[bytes, bytes],
    ) -> None:
        response = make_response(request, status, to_tag=self.core.token())
        for name, value in fields:
            response.headers.add(name, value)
        transaction.respond(response, now)
