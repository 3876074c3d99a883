"""The whole back-to-back user agent, without input or output.

Bytes, targets and the time go in; bytes, lookups and records come out of `core`'s queues. Every
message passes `receive`. What would surprise: what a stranger sends makes no state at all, and
gets an answer only now and then (`stateless`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.order import Order, draw, turn
from sipfo.plan.outcome import Judge
from sipfo.runtime.admission import Admission, Refused
from sipfo.runtime.call import Call, hops_left
from sipfo.runtime.callname import CallNames
from sipfo.runtime.challenges import Challenges
from sipfo.runtime.core import Core
from sipfo.runtime.directory import Directory
from sipfo.runtime.graves import Graves
from sipfo.runtime.guard import Asked, Guard, Wrong
from sipfo.runtime.headers import ALLOW, ALLOW_OUTSIDE, unsupported_tags
from sipfo.runtime.health import Healths
from sipfo.runtime.holds import Holds
from sipfo.runtime.limits import Limits
from sipfo.runtime.locate import Target
from sipfo.runtime.login import Keyring
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.probes import Probes, probed
from sipfo.runtime.quotas import Quotas
from sipfo.runtime.record import Notice
from sipfo.runtime.relay import Responder
from sipfo.runtime.secret import Secret
from sipfo.runtime.setup import Grounds, Placement
from sipfo.runtime.sip.build import make_response, restore_to
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, check, parse
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import stamp
from sipfo.runtime.standing import Standing
from sipfo.runtime.stateless import Arrival, Stateless

_SECONDS = re.compile(rb"[0-9]{1,9}")

AT_LIMIT_RETRY_AFTER = 1
"""Seconds that the 503 of a trunk at its limit asks for: a call may end at any moment."""

IN_DIALOG = frozenset(
    {"BYE", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "REFER", "UPDATE"}
)
"""Methods that are passed from one leg to the other."""

STANDALONE = frozenset({"MESSAGE", "REFER"})
"""Those of them that may also come outside a dialog, where nothing here wants them."""


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
    ) -> None:
        """`plan` has its addresses mapped already; `entropy` gives fresh tokens, `upto(n)` an
        integer from 0 to n; `calls_before` is where each trunk's round robin goes on, `drawn` the
        turn of a weighted trunk whose draws are settled beforehand; `epoch` is the time of day, in
        Unix seconds, when `now` is 0; `secrets` has every one that the plan names."""
        mapping = mapping or AddressMapping()
        tls_ports = {one.host: one.port for one in plan.listen if one.transport == "tls"}
        self.core = Core(entropy, upto, mapping, values or TimerValues(), tls_ports)
        self.draining = False
        self._order = Order(plan)
        self._drawn = drawn or {}
        self._admission = Admission(plan, mapping)
        self._limits = limits or Limits()
        self._guard = None
        if any(trunk.accept.credentials for trunk in plan.trunks):
            door = plan.listen[0]
            realm = mapping.declared_at(door.host, door.port)
            self._guard = Guard(plan, self._admission, secrets or {}, realm, entropy, self._limits)
        self._stateless = Stateless(self.core, self.knows, self._limits)
        self._directory = Directory()
        self._judges = {retry.name: Judge(retry) for retry in plan.retries}
        self._placed = {
            trunk.name: (calls_before or {}).get(trunk.name, 0) for trunk in plan.trunks
        }
        self._names = CallNames(entropy, epoch)
        self._calls: dict[Call, tuple[bytes, bytes, int]] = {}
        self._merging: set[tuple[bytes, bytes, int]] = set()
        egress = {one.name: one for one in plan.egress}
        holds, paths = Holds(upto), probed(plan)
        healths = Healths({path: one.probe for path, one in paths.items()}, self.core.records)
        carriers = Quotas((one.name, one.limit) for one in plan.carriers)
        trunks = Quotas((one.name, one.limit) for one in plan.trunks)
        standing = Standing(holds, healths, carriers)
        keyring = Keyring(self.core, plan, secrets or {})
        self._grounds = Grounds(
            self.core, egress, trunks, standing, Challenges(), Graves(), keyring
        )
        self._probes = Probes(self.core, egress, paths, healths, holds)

    def start(self, now: float) -> None:
        """Begin what goes on without calls: the probes."""
        self._probes.start(now)

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
                self._stray(message, now)
        except Malformed as error:
            if error.headers is not None:
                self._stateless.malformed(error, error.headers, arrival)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """What was sent on a flow did not get through, or its connection broke."""
        self.core.transport_failed(flow, now)

    def located(self, number: int, targets: tuple[Target, ...], now: float) -> None:
        """The answer to a lookup."""
        self.core.located(number, targets, now)

    def run_timers(self, now: float) -> None:
        """Do what is due."""
        self.core.timers.run(now)

    def next_due(self) -> float | None:
        """When `run_timers` is wanted next."""
        return self.core.timers.next_due()

    @property
    def calls_alive(self) -> int:
        """Calls with somebody connected, or with an attempt that may still have to be taken back."""
        return sum(call.is_alive for call in self._calls)

    def hang_up_all(self, now: float) -> None:
        """End every call."""
        for call in list(self._calls):
            call.hang_up(now)

    def knows(self, source: str) -> bool:
        """Whether any trunk accepts calls from this address, or did lately for a credential."""
        known = self._admission.knows(source)
        return known or (self._guard is not None and self._guard.knows(source))

    def _request(self, request: Request, arrival: Arrival) -> None:
        flow, _, now = arrival
        guard = self._guard
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
        elif guard is not None and request.method == "INVITE" and guard.asks(request, flow):
            self._guarded(guard, request, arrival)
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

    def _stray(self, response: Response, now: float) -> None:
        """A response of no transaction: only a phone that picked up after all matters."""
        if 200 <= response.status < 300 and response.cseq.method == "INVITE":
            attempt = self._grounds.graves.find(response.via.branch, now)
            if attempt is not None:
                restore_to(response, attempt.request)
                attempt.invite_answered(response, now)

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
        if invite is None:
            self._stateless.refuse(cancel, 481, arrival)
            return
        flow, _, now = arrival
        transaction = self.core.transactions.serve(cancel, flow)
        self._respond(transaction, cancel, 200, now)
        server = self._directory.server_of(invite)
        if server is not None:
            server.cancel(now)

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
            fields = ((b"allow", ALLOW), (b"accept", b"application/sdp"))
            self._respond(transaction, request, 200, now, *fields)
        elif request.method in IN_DIALOG - STANDALONE:
            self._respond(transaction, request, 481, now)
        else:
            self._respond(transaction, request, 405, now, (b"allow", ALLOW_OUTSIDE))

    def _guarded(self, guard: Guard, request: Request, arrival: Arrival) -> None:
        """An INVITE that only a credential lets in: nothing is kept of it until it has one."""
        flow, _, now = arrival
        verdict = guard.judge(request, flow.remote[0], now)
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

    def _consume(self, request: Request) -> None:
        if self._guard is not None:
            self._guard.consume(request)

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
        try:
            uri: SipUri = parse_uri(request.uri)
            Dialog.of_server(request, b"-")  # Contact and Record-Route lead back to the caller
        except Malformed as error:
            return Refused(error.status, error.reason)
        if self.draining:
            return Refused(503, "shutting down")
        if hops_left(request) < 0:
            return Refused(483, "Max-Forwards used up")
        if unsupported_tags(request):
            return Refused(420, "requires an extension that does not cross")
        if self._merge_key(request) in self._merging:
            return Refused(482, "merged: the same request came by another path (§8.2.2.2)")
        at = (flow.transport, *flow.local)
        return self._admission.admit(uri.user or "", flow.remote[0], at, proven)

    def _place(
        self,
        trunk: Trunk,
        number: str,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        now: float,
    ) -> None:
        judge = self._judges[trunk.retry]
        pinned = self._grounds.challenges.answered_by(request, now)
        if pinned is not None and (pinned.trunk, pinned.number) != (trunk.name, number):
            pinned = None
        full = self._grounds.trunks.against(trunk.name, now, again=pinned is not None)
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
            steps = self._order.steps(trunk, number, self._turn(trunk))
            route = Itinerary(steps, judge, trunk.deadline)
            target = None
            self._placed[trunk.name] += 1
        name = self._names.take(now)
        placement = Placement(name, trunk.name, number, route, hops_left(request), target)
        call = Call(
            self._grounds, self._directory, placement, request, transaction, flow, self._forget
        )
        key = self._merge_key(request)
        self._calls[call] = key
        self._merging.add(key)
        call.begin(_expires(request), now)

    def _turn(self, trunk: Trunk) -> Sequence[int]:
        if trunk.method != "weighted":
            return turn(trunk, self._placed[trunk.name])
        settled = self._drawn.get(trunk.name)
        return settled or draw(trunk.weights, self.core.draw)

    def _forget(self, call: Call) -> None:
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


def _expires(request: Request) -> int | None:
    value = request.headers.first(b"expires")
    return int(value) if value is not None and _SECONDS.fullmatch(value) else None
