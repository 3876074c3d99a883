"""An INVITE that nobody serves yet, to a call that is set up or to its refusal.

What would surprise: a call of a trunk is claimed before anything is made for it, and given back by the
call when it is over; whoever comes to a trunk at its limit has cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sipfo.plan.ahead import Ahead
from sipfo.plan.choice import LeftOut
from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Trunk
from sipfo.plan.numbering import normalise
from sipfo.plan.order import draw
from sipfo.runtime.admission import Refused
from sipfo.runtime.call import Call, hops_left
from sipfo.runtime.callname import CallNames
from sipfo.runtime.commons import Turns
from sipfo.runtime.core import Core
from sipfo.runtime.directory import Directory
from sipfo.runtime.diversion import MOST_DIVERSIONS, diversions, diverted_from
from sipfo.runtime.emergency import called_user, is_emergency
from sipfo.runtime.headers import NO_SIPS, expires, unsupported_tags
from sipfo.runtime.limits import Limits
from sipfo.runtime.objection import objection
from sipfo.runtime.placement import Grounds, Placement
from sipfo.runtime.record import Notice
from sipfo.runtime.registrar.passing import Passed
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.machine import ServerMachine
from sipfo.runtime.tenure import Tenure

AT_LIMIT_RETRY_AFTER: Final = 1
"""Seconds that the 503 of a trunk at its limit asks for: a call may end at any moment."""

_BARRED: Final = LeftOut("every carrier", "the call was diverted too often before")

_Merged = tuple[bytes, bytes, int]
"""Call-ID, From tag and CSeq number: what the same request has that came by two paths (§8.2.2.2)."""


class Intake:
    """The calls of one engine, and how another one begins."""

    __slots__ = (
        "_core",
        "_directory",
        "_drawn",
        "_epoch",
        "_limits",
        "_merging",
        "_names",
        "_turns",
        "calls",
    )

    def __init__(
        self,
        core: Core,
        directory: Directory,
        turns: Turns,
        names: CallNames,
        drawn: Mapping[str, tuple[int, ...]],
        limits: Limits,
        epoch: float,
    ) -> None:
        """`drawn` is the turn of a weighted trunk whose draws are settled beforehand; `epoch` is the
        Unix time when `now` is 0."""
        self._core = core
        self._directory = directory
        self._turns = turns
        self._names = names
        self._drawn = drawn
        self._limits = limits
        self._epoch = epoch
        self._merging: set[_Merged] = set()
        self.calls: dict[Call, _Merged] = {}
        """Every call of which anything may still come, oldest first."""

    def invited(
        self,
        tenure: Tenure,
        request: Request,
        flow: Flow,
        closed: str,
        now: float,
        proven: frozenset[str] = frozenset(),
    ) -> None:
        """Begin a call by the plan in force, or refuse it; `closed` says why no calls are taken,
        `proven` has the trunks that accept the credential which came with it."""
        transaction = self._core.transactions.serve(request, flow)
        assert isinstance(transaction, InviteServerTransaction)  # made for an INVITE
        admitted = self._admitted(tenure, request, flow, closed, proven)
        if isinstance(admitted, Refused):
            self._refuse(admitted, request, transaction, flow, now)
            return
        trunk, number = admitted
        self._place(tenure, trunk, number, request, transaction, flow, now)

    def passed(
        self,
        tenure: Tenure,
        passed: Passed,
        request: Request,
        flow: Flow,
        closed: str,
        now: float,
    ) -> None:
        """Begin the call of another instance, for a telephone that this one is to call."""
        transaction = self._core.transactions.serve(request, flow)
        assert isinstance(transaction, InviteServerTransaction)  # made for an INVITE
        objection = self._objection(request, flow, closed)
        if objection is not None:
            self._refuse(objection, request, transaction, flow, now)
            return
        # Given back as every call's is.
        tenure.grounds.trunks.take(passed.registrar, now, again=True)
        placement = Placement(
            self._names.take(now),
            passed.registrar,
            passed.user,
            passed.itinerary,
            hops_left(request),
            plan=tenure.papers.fingerprint,
            passed=passed,
        )
        self._begin(tenure.grounds, placement, request, transaction, flow, now)

    def add(self, call: Call) -> None:
        """Another process has set a call up."""
        self.calls[call] = (call.call_id, b"", 0)

    def forget(self, call: Call) -> None:
        """Nothing of a call is left."""
        if self._core.origins is not None:
            self._core.origins.over(call.far_call_ids)
        key = self.calls.pop(call, None)
        if key is not None:
            self._merging.discard(key)

    def _admitted(
        self, tenure: Tenure, request: Request, flow: Flow, closed: str, proven: frozenset[str]
    ) -> tuple[Trunk, str] | Refused:
        """The trunk and number of an INVITE that starts a call, or why it cannot."""
        objection = self._objection(request, flow, closed)
        if objection is not None:
            return objection
        user, at = called_user(request), (flow.transport, *flow.local)
        admitted = tenure.admission.admit(user, flow.remote[0], at, proven)
        number = normalise(user) if isinstance(admitted, Refused) else admitted[1]
        return _loop(tenure.grounds, request, number, flow) or admitted

    def _objection(self, request: Request, flow: Flow, closed: str) -> Refused | None:
        is_merged = _merge_key(request) in self._merging
        return objection(request, flow, self._core, self._directory, closed, is_merged)

    def _refuse(
        self,
        refused: Refused,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        now: float,
    ) -> None:
        fields = []
        if refused.status == 420:
            fields.append((b"unsupported", b", ".join(unsupported_tags(request))))
        if refused.status == 480:
            fields.append((b"warning", NO_SIPS % encode_host(*flow.local).encode("ascii")))
        if refused.status == 503:
            seconds = refused.retry_after or self._limits.retry_after
            fields.append((b"retry-after", str(seconds).encode("ascii")))
        respond(self._core, transaction, request, refused.status, now, *fields)
        notice = f"{refused.status} to {flow.remote[0]}: {refused.reason}"
        self._core.records.append(Notice("-", notice))

    def _place(
        self,
        tenure: Tenure,
        trunk: Trunk,
        number: str,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        now: float,
    ) -> None:
        grounds = tenure.grounds
        judge = tenure.judges[trunk.retry]
        pinned = grounds.challenges.answered_by(request, now)
        if pinned is not None and (pinned.trunk, pinned.number) != (trunk.name, number):
            pinned = None
        again = pinned is not None
        full = None
        if is_emergency(request):
            grounds.trunks.take(trunk.name, now, again=again)
        else:
            full = grounds.trunks.claim(trunk.name, now, again=again)
        if full is not None:
            # 503, not 480: it says nothing about the called number, so who calls may try its other
            # way in at once (RFC 3263 §4.3). It keeps that caller's calls to other trunks away as
            # well (RFC 3261 §21.5.4), hence the short Retry-After.
            refused = Refused(503, f"trunk {trunk.name}: {full}", AT_LIMIT_RETRY_AFTER)
            self._refuse(refused, request, transaction, flow, now)
            return
        ahead = None
        if pinned is not None:
            route = Itinerary(pinned.steps, judge, trunk.deadline)
            target = pinned.target
        else:
            # Round robin counts calls placed, not attempts (LANGUAGE: routing method).
            diverts = trunk.forward is not None and trunk.forward.number not in (None, number)
            is_barred = diverts and diversions(request.headers) >= MOST_DIVERSIONS
            turned = self._turn(tenure, trunk, self._turns.take(trunk.name))
            at, barred = self._epoch + now, _BARRED if is_barred else None
            ahead = Ahead(tenure.order, trunk, number, turned, at, barred)
            route = Itinerary(ahead, judge, trunk.deadline)
            target = None
        placement = Placement(
            self._names.take(now),
            trunk.name,
            number,
            route,
            hops_left(request),
            target,
            tenure.papers.fingerprint,
            ahead=ahead,
        )
        self._begin(grounds, placement, request, transaction, flow, now)

    def _begin(
        self,
        grounds: Grounds,
        placement: Placement,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        now: float,
    ) -> None:
        """Set a call up from now on."""
        call = Call(grounds, self._directory, placement, request, transaction, flow, self.forget)
        key = _merge_key(request)
        self.calls[call] = key
        self._merging.add(key)
        call.begin(expires(request), now)

    def _turn(self, tenure: Tenure, trunk: Trunk, placed: int) -> Sequence[int]:
        if trunk.method != "weighted":
            return tenure.order.turn(trunk, placed)
        settled = self._drawn.get(trunk.name)
        return settled or draw(trunk.weights, self._core.draw)


def respond(
    core: Core,
    transaction: ServerMachine,
    request: Request,
    status: int,
    now: float,
    *fields: tuple[bytes, bytes],
) -> None:
    """Answer a request ourselves, outside any dialog or in place of whoever it was for."""
    response = make_response(request, status, to_tag=core.token())
    for name, value in fields:
        response.headers.add(name, value)
    transaction.respond(response, now)


def _loop(grounds: Grounds, request: Request, number: str, flow: Flow) -> Refused | None:
    """Why a call to a number has gone round by way of us, where none of our Via is left."""
    if diverted_from(request.headers, number, grounds.egress.values()):
        return Refused(482, "loop: we have diverted this call from this number before")
    if grounds.loops.closes(request, number, flow.remote[0]):
        return Refused(482, "loop: a carrier brings back the call that it was sent")
    return None


def _merge_key(request: Request) -> _Merged:
    return request.call_id, request.from_.tag or b"", request.cseq.number
