"""The whole back-to-back user agent, without input or output.

Bytes, targets and the time go in; bytes, lookups and records come out of `core`'s queues. Every
message passes `receive`. What would surprise: a stranger's INVITE makes no state at all, only
one 403.
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
from sipfo.runtime.challenges import Challenges
from sipfo.runtime.core import Core
from sipfo.runtime.directory import Directory
from sipfo.runtime.graves import Graves
from sipfo.runtime.headers import ALLOW, unsupported_tags
from sipfo.runtime.holds import Holds
from sipfo.runtime.locate import Target
from sipfo.runtime.mapping import Mapping as AddressMapping
from sipfo.runtime.record import Notice
from sipfo.runtime.relay import Responder
from sipfo.runtime.setup import Grounds, Placement
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, check, parse, serialize
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import Via, response_address, stamp

_SECONDS = re.compile(rb"[0-9]{1,9}")

IN_DIALOG = frozenset(
    {"BYE", "INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "REFER", "UPDATE"}
)
"""Methods that are passed from one leg to the other."""


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
    ) -> None:
        """`plan` has its addresses mapped already; `entropy` gives fresh tokens, `upto(n)` an
        integer from 0 to n; `calls_before` is where each trunk's round robin goes on, `drawn` the
        turn of a weighted trunk whose draws are settled beforehand."""
        mapping = mapping or AddressMapping()
        self.core = Core(entropy, upto, mapping, values or TimerValues())
        self.draining = False
        self._order = Order(plan)
        self._drawn = drawn or {}
        self._admission = Admission(plan, mapping)
        self._directory = Directory()
        self._judges = {retry.name: Judge(retry) for retry in plan.retries}
        self._placed = {
            trunk.name: (calls_before or {}).get(trunk.name, 0) for trunk in plan.trunks
        }
        self._calls: dict[Call, tuple[bytes, bytes, int]] = {}
        self._merging: set[tuple[bytes, bytes, int]] = set()
        self._grounds = Grounds(
            self.core, {one.name: one for one in plan.egress}, Holds(), Challenges(), Graves()
        )

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        """One message that arrived on a flow. What is no SIP is dropped, or answered 4xx."""
        try:
            message = parse(data)
            if isinstance(message, Request):
                self._request(message, flow, now)
            elif len(message.headers.all(b"via")) != 1:
                return  # on its way to somebody else (RFC 3261 §8.1.3.3)
            else:
                _ = message.to, message.from_, message.call_id  # unreadable: as if never heard
                if not self.core.transactions.receive_response(message, now):
                    self._stray(message, now)
        except Malformed as error:
            if error.headers is not None:
                self._say_malformed(error, error.headers, flow)

    def transport_failed(self, flow: Flow, now: float) -> None:
        """What was sent on a flow did not get through, or its connection broke."""
        self.core.transactions.transport_failed(flow, now)

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

    def _request(self, request: Request, flow: Flow, now: float) -> None:
        stamp(request.headers, request.via, flow.remote)
        try:
            check(request)
        except Malformed as error:
            if request.method != "ACK":
                self._say_malformed(error, request.headers, flow)
            return
        if self.core.transactions.absorb(request, now):
            return
        if request.method == "ACK":
            self._acknowledged(request, flow, now)
        elif request.method == "CANCEL":
            self._cancelled(request, flow, now)
        elif request.to.tag is not None:
            self._in_dialog(request, flow, now)
        elif request.method == "INVITE":
            self._invited(request, flow, now)
        else:
            self._outside(request, flow, now)

    def _say_malformed(self, error: Malformed, fields: Headers, flow: Flow) -> None:
        """Answer a request whose own fields may be the ones that cannot be read, without state."""
        headers = Headers(
            [
                (name, value)
                for name, value in fields
                if name in (b"via", b"from", b"to", b"call-id", b"cseq")
            ]
        )
        response = Response(error.status, error.reason.encode("ascii", "replace"), headers)
        try:
            back = _back(response.via, flow)
        except Malformed:
            return  # no Via that could be answered
        self.core.send(back, serialize(response))

    def _stray(self, response: Response, now: float) -> None:
        """A response of no transaction: only a phone that picked up after all matters."""
        if 200 <= response.status < 300 and response.cseq.method == "INVITE":
            attempt = self._grounds.graves.find(response.via.branch, now)
            if attempt is not None:
                attempt.invite_answered(response, now)

    def _acknowledged(self, ack: Request, flow: Flow, now: float) -> None:
        found = self._directory.find(ack)
        if found is not None:
            leg = found[0]
            leg.heard_on(flow)
            waiting = leg.awaiting_ack.get(ack.cseq.number)
            if waiting is not None:
                waiting.acknowledge(ack, now)

    def _cancelled(self, cancel: Request, flow: Flow, now: float) -> None:
        invite = self.core.transactions.invite_of(cancel)
        transaction = self.core.transactions.serve(cancel, flow)
        if invite is None:
            self._respond(transaction, cancel, 481, now)
            return
        self._respond(transaction, cancel, 200, now)
        server = self._directory.server_of(invite)
        if server is not None:
            server.cancel(now)

    def _in_dialog(self, request: Request, flow: Flow, now: float) -> None:
        found = self._directory.find(request)
        transaction = self.core.transactions.serve(request, flow)
        if found is None:
            self._respond(transaction, request, 481, now)
            return
        leg, call = found
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
        elif request.method in IN_DIALOG:
            self._respond(transaction, request, 481, now)
        else:
            self._respond(transaction, request, 405, now, (b"allow", ALLOW))

    def _invited(self, request: Request, flow: Flow, now: float) -> None:
        source = flow.remote[0]
        if not self._admission.knows(source):
            refusal = make_response(request, 403, to_tag=self.core.token())
            self.core.send(_back(request.via, flow), serialize(refusal))
            self.core.records.append(Notice("-", f"403 to {source}: accepted by no trunk"))
            return
        transaction = self.core.transactions.serve(request, flow)
        assert isinstance(transaction, InviteServerTransaction)  # made for an INVITE
        refused = self._refusal(request, flow)
        if isinstance(refused, Refused):
            fields = []
            if refused.status == 420:
                fields.append((b"unsupported", b", ".join(unsupported_tags(request))))
            if refused.status == 503:
                fields.append((b"retry-after", b"5"))
            self._respond(transaction, request, refused.status, now, *fields)
            notice = f"{refused.status} to {source}: {refused.reason}"
            self.core.records.append(Notice("-", notice))
            return
        trunk, number = refused
        self._place(trunk, number, request, transaction, flow, now)

    def _refusal(self, request: Request, flow: Flow) -> tuple[Trunk, str] | Refused:
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
        return self._admission.admit(uri.user or "", flow.remote[0], (flow.transport, *flow.local))

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
        if pinned is not None and (pinned.trunk, pinned.number) == (trunk.name, number):
            route = Itinerary(pinned.steps, judge, trunk.deadline)
            target = pinned.target
        else:
            # Round robin counts calls placed, not attempts (LANGUAGE: routing method).
            steps = self._order.steps(trunk, number, self._turn(trunk))
            route = Itinerary(steps, judge, trunk.deadline)
            target = None
            self._placed[trunk.name] += 1
        name = self.core.entropy()[:8]
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


def _back(via: Via, flow: Flow) -> Flow:
    """Where a response without a transaction goes."""
    return flow._replace(remote=response_address(via, flow.remote, flow.reliable))


def _expires(request: Request) -> int | None:
    value = request.headers.first(b"expires")
    return int(value) if value is not None and _SECONDS.fullmatch(value) else None
