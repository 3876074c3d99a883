"""One call, from the caller's INVITE to the BYE: its set-up, then two legs joined.

What would surprise: a call outlives its end. Its dialogs stay known for 64·T1, so that a BYE that
crossed ours is answered 200, and its given-up attempts are waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from sipfo.plan.action import Result
from sipfo.runtime.attempt import Attempt
from sipfo.runtime.core import Core
from sipfo.runtime.dialogname import carry_refer_to
from sipfo.runtime.directory import Directory
from sipfo.runtime.inbound import Inbound
from sipfo.runtime.leg import TARGET_REFRESH, Leg
from sipfo.runtime.placement import Grounds, Placement
from sipfo.runtime.reason import (
    INVITE_EXPIRED,
    NOT_ACKNOWLEDGED,
    SESSION_EXPIRED,
    SHUTTING_DOWN,
)
from sipfo.runtime.record import EndRecord, Notice, Party
from sipfo.runtime.registrar.passing import UNREACHED
from sipfo.runtime.relay import InviteRelay, Relay
from sipfo.runtime.sessiontimer import Watch
from sipfo.runtime.setup import Owner, Setup
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.timer import Handle
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.layer import AnyServer
from sipfo.runtime.sip.uri import parse_uri

FEWEST_HOPS = 70
"""Max-Forwards of a request that came without one (RFC 3261 §8.1.1.6)."""


class Phase(Enum):
    SETTING_UP = auto()
    UP = auto()
    ENDED = auto()


def _passed_back(result: Result, response: Response | None) -> int:
    """What another instance is told of an attempt of its own: the telephone's word, unchanged, or
    that it could not be reached from here."""
    if response is not None:
        return response.status
    return result.code if result.kind == "cancelled" else UNREACHED


def hops_left(request: Request) -> int:
    """The Max-Forwards that a request goes on with; below zero it must not (RFC 3261 §16.3)."""
    hops = request.max_forwards
    return FEWEST_HOPS if hops is None else hops - 1


def _check_contact(request: Request) -> None:
    """That a target refresh says where to; it is passed on only if so. Raises Malformed."""
    if request.method in TARGET_REFRESH:
        contact = request.contact
        if contact is not None:
            parse_uri(contact.uri)


class Call(Owner):
    """A caller, the attempts made for it, and whoever answered."""

    __slots__ = (
        "_attempt",
        "_core",
        "_directory",
        "_expiry",
        "_gone",
        "_inbound",
        "_name",
        "_near",
        "_reinvites",
        "_released",
        "_setup",
        "_watch",
        "phase",
    )

    def __init__(
        self,
        grounds: Grounds,
        directory: Directory,
        placement: Placement,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        gone: Callable[[Call], None],
    ) -> None:
        """`gone` is told when nothing of the call is left."""
        self.phase = Phase.SETTING_UP
        self._core: Core = grounds.core
        self._directory = directory
        self._name = placement.call
        trusted = placement.trunk in grounds.trusted.trunks or placement.passed is not None
        self._inbound = Inbound(self._core, directory, self, request, transaction, flow, trusted)
        self._setup = Setup(grounds, placement, self._inbound, self)
        self._gone = gone
        self._attempt: Attempt | None = None
        self._near: Leg | None = None
        self._watch = Watch(self._core, self._session_expired)
        self._expiry: Handle | None = None
        self._reinvites: dict[object, InviteRelay] = {}
        self._released = False

    def begin(self, expires: int | None, now: float) -> None:
        """Start setting it up; `expires` is the INVITE's own limit in seconds (§13.2.1)."""
        self._inbound.trying(now)
        self._directory.serve(self._inbound.transaction, self)
        if expires:
            self._expiry = self._core.timers.at(now + expires, self._invite_expired)
        self._setup.begin(now)

    @property
    def to_tag(self) -> bytes:
        """The To tag of the caller's 487."""
        return self._inbound.to_tag

    def cancel(self, reasons: list[bytes], now: float) -> None:
        """The caller's CANCEL came and was answered 200."""
        self._setup.caller_left(reasons, now)

    def receive(
        self, leg: Leg, request: Request, transaction: AnyServer, flow: Flow, now: float
    ) -> None:
        """A request in one of the call's dialogs, other than ACK and CANCEL. Raises Malformed."""
        leg.heard_on(flow)
        tag = leg.dialog.local.tag
        if request.method == "BYE":
            transaction.respond(make_response(request, 200, to_tag=tag), now)
            self._hung_up(leg, request, now)
            return
        if self.phase is Phase.ENDED or leg.peer is leg:
            transaction.respond(make_response(request, 481, to_tag=tag), now)
            return
        hops = hops_left(request)
        if hops < 0:
            transaction.respond(make_response(request, 483, to_tag=tag), now)
        elif isinstance(transaction, InviteServerTransaction):
            self._reinvited(leg, request, transaction, hops, now)
        else:
            _check_contact(request)
            if request.method == "REFER":
                carry_refer_to(request, leg, self._directory)
            Relay(leg, request, transaction, self._accepted).start(hops, now)

    def _reinvited(
        self,
        leg: Leg,
        request: Request,
        transaction: InviteServerTransaction,
        hops: int,
        now: float,
    ) -> None:
        under_way = [one.leg for one in self._reinvites.values()]
        if self.phase is Phase.SETTING_UP or leg in under_way:
            # "a second INVITE before it sends the final response to a first ... MUST return a 500
            # ... with a Retry-After" of 0 to 10 seconds, at random (§14.2).
            refusal = make_response(request, 500, to_tag=leg.dialog.local.tag)
            seconds = self._core.draw(10)
            refusal.headers.add(b"retry-after", str(seconds).encode("ascii"))
            transaction.respond(refusal, now)
            return
        if leg.peer in under_way:
            # We have sent the other side's on this dialog, and may send none on theirs (§14.1, §14.2).
            refusal = make_response(request, 491, to_tag=leg.dialog.local.tag)
            transaction.respond(refusal, now)
            return
        _check_contact(request)
        relay = InviteRelay(
            leg, request, transaction, self._unacknowledged, self._accepted, self._reinvite_done
        )
        self._reinvites[transaction.key] = relay
        self._directory.serve(transaction, relay)
        relay.start(hops, now)

    def _reinvite_done(self, transaction: InviteServerTransaction) -> None:
        self._reinvites.pop(transaction.key, None)
        self._directory.served(transaction)

    def _accepted(self, request: Request, answer: Response, now: float) -> None:
        """A 2xx to a request in the call was passed back."""
        if self.phase is Phase.UP:
            self._watch.answered(request, answer, now)

    def _invite_expired(self, now: float) -> None:
        self._setup.caller_left([INVITE_EXPIRED], now)

    def _unacknowledged(self, now: float) -> None:
        self.hang_up(now, NOT_ACKNOWLEDGED)

    def _session_expired(self, now: float) -> None:
        """Neither end has refreshed the session, nor said BYE: neither is there any more."""
        self._core.records.append(Notice(self._name, "session expired: nobody refreshed it"))
        self.hang_up(now, SESSION_EXPIRED)

    def hang_up(self, now: float, reason: bytes = SHUTTING_DOWN) -> None:
        """End the call from here, whatever its phase: CANCEL or BYE on every side."""
        if self.phase is Phase.SETTING_UP:
            self._setup.caller_left([reason], now)
        elif self.phase is Phase.UP and self._near is not None:
            self._near.end(now, [reason])
            self._near.peer.end(now, [reason])
            self._report("sipfo", now)
            self._end(now)

    def _hung_up(self, leg: Leg, bye: Request, now: float) -> None:
        if self.phase is Phase.SETTING_UP and leg.dialog.call_id == self._inbound.request.call_id:
            # "The caller's UA MAY send a BYE for ... early dialogs" (§15): it has left.
            self._setup.caller_left(bye.headers.lines(b"reason"), now)
        elif self.phase is Phase.UP and self._near in (leg, leg.peer):
            # Who sent the BYE will send no ACK; whoever answered must see one before the BYE.
            for waiting in list(leg.awaiting_ack.values()):
                waiting.acknowledge(None, now)
            leg.peer.end(now, bye.headers.lines(b"reason"))
            self._report("caller" if leg is self._near else "callee", now)
            self._end(now)

    def settled(
        self, result: Result, attempt: Attempt | None, response: Response | None, now: float
    ) -> None:
        """Told by the set-up: tell the caller."""
        self._directory.served(self._inbound.transaction)
        if self._expiry is not None:
            self._expiry.cancel()
        if result.kind != "answered" or attempt is None or response is None:
            code = result.code
            if self._setup.placement.passed is not None:
                code = _passed_back(result, response)
            self._inbound.refuse(code, attempt, response, now)
            self._end(now)
            return
        attempt.winner = response.to.tag or b""
        try:
            near, answer, back = self._inbound.answer(attempt, response, self._unacknowledged, now)
        except Malformed:
            # Both ends were looked at before; whatever this is, nobody may be left on the line.
            attempt.reject(response, now)
            self._inbound.forget(attempt)
            self._inbound.refuse(500, None, None, now)
            self._report("sipfo", now)
            self._end(now)
            return
        self._setup.answer = answer
        self._near = near
        self._attempt = attempt
        self.phase = Phase.UP
        self._watch.answered(self._inbound.request, back, now)
        self._inbound.forget(attempt, keep=attempt.winner)

    def _report(self, by: Party, now: float) -> None:
        """Say that the call, which was reported as answered, is over."""
        record = self._setup.record
        assert record is not None  # made before the answer was passed on
        self._core.records.append(EndRecord(record, by, now))

    def _end(self, now: float) -> None:
        self.phase = Phase.ENDED
        self._watch.stop()
        self._setup.call_ended()
        for relay in list(self._reinvites.values()):
            relay.end(now)
        self._core.timers.after(self._core.values.t1_64, self._release, now)

    def _release(self, now: float) -> None:
        self._released = True
        if self._attempt is not None:
            self._inbound.forget(self._attempt)
        self.attempts_over()

    def attempts_over(self) -> None:
        """Told by the set-up."""
        if self._released and not self._setup.live:
            self._gone(self)
            self._let_go()

    def _let_go(self) -> None:
        """Break every cycle: counting references is enough to free it, and no collector needs to
        look at the calls that are up (`wire/calm.py`)."""
        self._watch.let_go()
        self._setup.let_go()
        self._inbound.let_go()
        for leg in self.legs or ():
            leg.part()

    @property
    def setup(self) -> Setup:
        """How it was set up, or is being."""
        return self._setup

    @property
    def far_call_ids(self) -> list[bytes]:
        """Ours, of every attempt."""
        return self._setup.call_ids

    @property
    def call_id(self) -> bytes:
        """The caller's."""
        return self._inbound.request.call_id

    @property
    def legs(self) -> tuple[Leg, Leg] | None:
        """The caller's and the callee's, once it was answered."""
        return None if self._near is None else (self._near, self._near.peer)

    @property
    def is_renegotiating(self) -> bool:
        """Whether a re-INVITE is under way."""
        return bool(self._reinvites)

    @property
    def session_ends(self) -> float | None:
        """When it is over unless somebody refreshes its session."""
        return self._watch.ends

    def move(self) -> None:
        """Another process has the dialogs from now on; nobody is told that the call is over."""
        for leg in self.legs or ():
            self._directory.remove(leg)
        self.phase = Phase.ENDED
        self._watch.stop()
        self._setup.call_ended()
        self._released = True
        self.attempts_over()

    @property
    def is_alive(self) -> bool:
        """Whether somebody is still connected, or something may still have to be taken back."""
        return self.phase is not Phase.ENDED or any(
            attempt.given_up for attempt in self._setup.live
        )
