"""One attempt: an INVITE to one target, from its sending until nothing of it can come back.

It outlives its place in the call. Once given up it is a zombie: a late 1xx is met with CANCEL
(by `OutgoingInvite`), a late 2xx with ACK and BYE here, whatever has become of the caller.
"""

from __future__ import annotations

from dataclasses import replace

from sipfo.plan.model import Timer
from sipfo.plan.order import Step
from sipfo.runtime.core import Core
from sipfo.runtime.leg import Leg
from sipfo.runtime.locate import Target
from sipfo.runtime.login import Login
from sipfo.runtime.outgoing import OutgoingInvite
from sipfo.runtime.reason import ANSWERED_ELSEWHERE, ANSWERED_TOO_LATE, UNUSABLE
from sipfo.runtime.sessiontimer import lengthen, meets
from sipfo.runtime.sip.build import outlined, renumbered
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.timer import Handle
from sipfo.runtime.sip.uri import parse_uri


class Caller:
    """The call that an attempt is part of; a base class and no protocol, because mypyc calls what a
    class of its own has without looking it up by name."""

    __slots__ = ()

    def attempt_heard(self, attempt: Attempt, response: Response, now: float) -> None:
        """A response, while the attempt is not given up."""

    def attempt_challenged(self, attempt: Attempt) -> None:
        """A challenge is answered: nothing comes of the INVITE before."""

    def attempt_failed(self, attempt: Attempt, timed_out: bool, now: float) -> None:
        """Timer B or the transport, while the attempt is not given up."""

    def attempt_answered_in_vain(self, attempt: Attempt) -> None:
        """Somebody picked up, and is hung up on: whoever sent the call there may pay for it."""

    def attempt_over(self, attempt: Attempt, now: float) -> None:
        """Nothing of the attempt can come back any more."""


class Attempt:
    """One INVITE transaction: egress × route × target."""

    __slots__ = (
        "_call",
        "_core",
        "_ended",
        "_outgoing",
        "_reasons",
        "final",
        "flow",
        "given_up",
        "least_interval",
        "legs",
        "level",
        "login",
        "name",
        "number",
        "phase",
        "request",
        "started",
        "stays",
        "step",
        "target",
        "timer",
        "trusted",
        "winner",
    )

    def __init__(
        self,
        core: Core,
        call: Caller,
        number: int,
        step: Step,
        target: Target,
        name: str,
        request: Request,
        flow: Flow,
        now: float,
        login: Login | None = None,
        trusted: bool = False,
    ) -> None:
        """`name` is the target's, in words; `login` answers the challenges of the target, if we have an account there; `trusted` says
        whether the target is of our trust domain."""
        self.number = number
        self.step = step
        self.target = target
        self.name = name
        self.request = request
        self.flow = flow
        self.started = now
        self.given_up = False
        self.final: Response | None = None
        self.timer: Handle | None = None
        self.phase: Timer = "no-response"
        """The timer of its phase."""
        self.login = login
        self.trusted = trusted
        self.least_interval = 0
        """Seconds of the shortest session that the target takes, if it refused the caller's."""
        self.winner: bytes | None = None
        """The To tag of the answer that the caller got."""
        self.level: str | None = None
        """The instance that leads to a registered user."""
        self.stays = False
        """As a leg has it."""
        self.legs: dict[bytes, Leg] = {}
        """Our legs toward the dialogs that this INVITE made, by the peer's tag."""
        self._core = core
        self._call = call
        self._outgoing = OutgoingInvite(core, self)
        self._reasons = [ANSWERED_TOO_LATE]
        self._ended: dict[bytes, list[tuple[Flow, bytes]]] = {}

    @property
    def reached(self) -> str:
        """The target by the transport that really carried the INVITE (RFC 3261 §18.1.1)."""
        target, transport = self.target, self._outgoing.transport
        if transport is None or transport == target.transport:
            return self.name
        return str(replace(target, transport=transport))

    def send(self, now: float) -> None:
        """Send the INVITE."""
        self._outgoing.send(self.request, self.flow, now)

    def give_up(self, now: float, reasons: list[bytes]) -> None:
        """Take it back as far as RFC 3261 §9 lets us, with these values of Reason (RFC 3326); what
        still comes is nobody's but ours."""
        self.given_up = True
        self._reasons = reasons or self._reasons
        self._outgoing.take_back(now, reasons)

    def reject(self, response: Response, now: float) -> None:
        """Hang up on a 2xx in which nobody could be talked to."""
        self.given_up = True
        self._reasons = [UNUSABLE]
        self._end_unwanted(response, now)

    def outlive(self, call: Caller) -> None:
        """Its transaction is gone, and it is remembered on; `call` is told in place of the call,
        which with all its messages need not be."""
        self._call = call

    def wind_up(self) -> None:
        """Its transaction is over and so is the hunt: of what was said, a call that is up for hours
        keeps no more than names it."""
        self._outgoing.let_go()
        self.request = outlined(self.request)
        self.final = None

    def let_go(self) -> None:
        """It is remembered no more: nothing of it can come back."""
        self._outgoing.let_go()
        for leg in self.legs.values():
            leg.part()

    def expired(self, now: float) -> None:
        """The timer of its phase ran out."""
        self._call.attempt_failed(self, True, now)

    def disarm(self) -> None:
        """Stop the timer of its phase."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def invite_challenged(
        self, request: Request, response: Response, flow: Flow, answered: int
    ) -> Request | None:
        """Told by the INVITE; "the same value of the Call-ID, To, and From" (RFC 3261 §8.1.3.5)."""
        # Requests in early dialogs have taken numbers too; they share its Call-ID and From tag.
        taken = [leg.dialog.local_seq for leg in self.legs.values()]
        number = max(request.cseq.number, *taken, 0) + 1
        if response.status == 422:
            again = self._with_a_longer_session(request, response, flow, number)
        elif self.login is not None:
            again = self.login.answer(request, response, flow, number, answered)
        else:
            return None
        if again is not None:
            self._call.attempt_challenged(self)
            self.request = again
        return again

    def _with_a_longer_session(
        self, request: Request, refusal: Response, flow: Flow, number: int
    ) -> Request | None:
        """The INVITE with the interval that a 422 asks for, once; None when that is not the
        caller's wish (RFC 4028 §7.3)."""
        least = meets(request.headers, refusal) if not self.least_interval else None
        if least is None:
            return None
        self.least_interval = least
        again = renumbered(request, number)
        lengthen(again.headers, least)
        self._core.stamp_via(again, flow)
        return again

    def invite_answered(self, response: Response, now: float) -> None:
        """Told by the INVITE."""
        if 200 <= response.status < 300 and self._is_unwanted(response):
            self._end_unwanted(response, now)
        elif not self.given_up:
            self._call.attempt_heard(self, response, now)

    def rings_late(self, now: float) -> None:
        """A provisional came although its transaction is gone: over another connection, or from a
        host whose port was closed a moment ago. Whoever rings there rings for nobody, unless it has
        picked up since and was hung up on."""
        if not self._ended:
            self._outgoing.call_off(now)

    def refuses_late(self, response: Response) -> None:
        """The same with a refusal, which ends the ringing, and is repeated until its ACK comes."""
        self._outgoing.confirm(response)

    def invite_failed(self, timed_out: bool, now: float) -> None:
        """Told by the INVITE. It may have been read all the same, before the connection broke or the
        ICMP error: whoever picks up after all is met like one that was given up."""
        if not self.given_up:
            self._call.attempt_failed(self, timed_out, now)
            self.given_up = True

    def invite_over(self, now: float) -> None:
        """Told by the INVITE."""
        self._call.attempt_over(self, now)

    def _is_unwanted(self, response: Response) -> bool:
        """A 2xx after the attempt was given up, or a second one that a proxy forked (§13.2.2.4)."""
        tag = response.to.tag or b""
        return self.given_up or (self.winner is not None and tag != self.winner)

    def _end_unwanted(self, response: Response, now: float) -> None:
        """ "the UAC MUST ... ACK ... and then terminate the dialog by sending a BYE" (§15)."""
        tag = response.to.tag or b""
        if tag in self._ended:
            for flow, data in self._ended[tag]:
                self._core.send(flow, data)
            return
        try:
            dialog = Dialog.of_client(self.request, response)
            _ = parse_uri(dialog.next_hop)
        except Malformed:
            dialog = Dialog.of_unusable(self.request, response)
        self._call.attempt_answered_in_vain(self)
        leg = Leg(self._core, dialog, self.flow, self.login)
        leg.stays = self.stays
        self._ended[tag] = leg.post(dialog.request("ACK", self.request.cseq.number), now)
        leg.bye(now, self._reasons if self.given_up else [ANSWERED_ELSEWHERE])
