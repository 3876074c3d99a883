"""A request inside a call, passed from one leg to the other and its responses back.

INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE and re-INVITE alike; bodies cross untouched. BYE is
answered here and passed on by the call.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from sipfo.runtime.answer import Answer
from sipfo.runtime.dialogname import carry_event
from sipfo.runtime.headers import allowed, copy_end_to_end
from sipfo.runtime.leg import TARGET_REFRESH, Leg
from sipfo.runtime.outgoing import OutgoingInvite
from sipfo.runtime.privacy import Trust
from sipfo.runtime.reliable import is_settled
from sipfo.runtime.sessiontimer import REFRESHES, lengthen, not_longer
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.cseq import RAck, parse_rack
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.machine import ServerMachine
from sipfo.runtime.sip.transaction.user import Sent

Accepted = Callable[[Request, Response, float], None]
"""Takes a request, the 2xx to it as it was passed back, and the time."""


def cross(leg: Leg, request: Request, hops: int) -> Request:
    """The request as it goes on the other leg, without Via and Contact."""
    out = leg.peer.dialog.request(request.method)
    out.headers.set(b"max-forwards", str(hops).encode("ascii"))
    if request.method == "INVITE":
        out.headers.add(b"allow", allowed(request.headers))
    copy_end_to_end(request.headers, out.headers, Trust(leg.trusted, leg.peer.trusted))
    if request.method in REFRESHES:
        lengthen(out.headers, leg.peer.least_interval)
    out.body = request.body
    return out


def cross_back(
    leg: Leg, request: Request, response: Response, status: int | None = None
) -> Response:
    """A response from the other leg as it answers `request` on this one."""
    code = status if status is not None else response.status
    phrase = response.phrase if code == response.status else None
    back = make_response(request, code, phrase, leg.dialog.local.tag)
    if request.method in TARGET_REFRESH and code < 300:
        for record in request.headers.lines(b"record-route"):
            back.headers.add(b"record-route", record)
        back.headers.add(b"contact", leg.contact)
    if code == 405 or (code < 300 and request.method in ("INVITE", "OPTIONS", "UPDATE")):
        back.headers.add(b"allow", allowed(response.headers))
    copy_end_to_end(response.headers, back.headers, Trust(leg.peer.trusted, leg.trusted))
    if code < 300 and request.method in REFRESHES:
        not_longer(back.headers, request.headers)
    back.body = response.body
    return back


def refresh(leg: Leg, request: Request, response: Response) -> None:
    """Take the new targets of both sides of a target refresh that was accepted (§12.2).

    An answer's Contact that cannot be read leaves the old target: the answer stands all the same.
    """
    leg.dialog.refresh(request)  # checked before it was passed on
    with contextlib.suppress(Malformed):
        leg.peer.dialog.refresh(response)


class Relay:
    """One request other than INVITE under way between the legs."""

    __slots__ = ("_accepted", "_leg", "_request", "_transaction")

    def __init__(
        self, leg: Leg, request: Request, transaction: ServerMachine, accepted: Accepted
    ) -> None:
        """`leg` is the one that the request arrived on; `accepted` is told of a 2xx to it."""
        self._leg = leg
        self._request = request
        self._transaction = transaction
        self._accepted = accepted

    def start(self, hops: int, now: float) -> None:
        """Send it on. Raises Malformed."""
        leg = self._leg
        out = cross(leg, self._request, hops)
        rack = self._request.headers.first(b"rack")
        if rack is not None:
            said = parse_rack(rack)
            seq = leg.far_invite_seqs.get(said.cseq, said.cseq)
            out.headers.add(b"rack", RAck(said.rseq, seq, said.method).encode())
            leg.peer.rare.answered_rseq[seq] = said.rseq
        if out.method == "REFER":
            leg.peer.remember_refer(out.cseq.number, self._request.cseq.number)
        elif out.method == "NOTIFY":
            carry_event(out, leg.rare.refers)
        leg.peer.send(out, self, now)

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        """Pass it back; a 100 was for the hop alone."""
        if response.status == 100:
            return
        leg, request = self._leg, self._request
        if response.status < 300 and request.method in TARGET_REFRESH:
            refresh(leg, request, response)
        if request.method == "REFER":  # a challenge that was answered gave it another number
            leg.peer.remember_refer(transaction.request.cseq.number, request.cseq.number)
        back = cross_back(leg, request, response)
        self._transaction.respond(back, now)
        self._accepted(request, back, now)

    def on_timeout(self, transaction: Sent, now: float) -> None:
        """RFC 3261 §8.1.3.1: a timeout is a 408."""
        self._refuse(408, now)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        """A 503 made here leaves as 500 (§16.7)."""
        self._refuse(500, now)

    def on_terminated(self, transaction: Sent, now: float) -> None:
        """Nothing is held for it."""

    def _refuse(self, status: int, now: float) -> None:
        tag = self._leg.dialog.local.tag
        self._transaction.respond(make_response(self._request, status, to_tag=tag), now)


class InviteRelay:
    """One re-INVITE under way between the legs; `leg` is the one that it arrived on."""

    __slots__ = (
        "_accepted",
        "_answer",
        "_done",
        "_far_seq",
        "_outgoing",
        "_request",
        "_transaction",
        "_unacknowledged",
        "leg",
    )

    def __init__(
        self,
        leg: Leg,
        request: Request,
        transaction: InviteServerTransaction,
        unacknowledged: Callable[[float], None],
        accepted: Accepted,
        done: Callable[[InviteServerTransaction], None],
    ) -> None:
        """`unacknowledged` ends the call when the answer gets no ACK; `accepted` is told of a 2xx,
        `done` when the final response has been sent."""
        self.leg = leg
        self._request = request
        self._transaction = transaction
        self._unacknowledged = unacknowledged
        self._accepted = accepted
        self._done: Callable[[InviteServerTransaction], None] | None = done
        self._outgoing = OutgoingInvite(leg.core, self)
        self._answer: Answer | None = None
        self._far_seq = 0

    def start(self, hops: int, now: float) -> None:
        """Send it on."""
        self._transaction.respond(make_response(self._request, 100), now)
        out = cross(self.leg, self._request, hops)
        self._far_seq = out.cseq.number
        self.leg.far_invite_seqs[self._request.cseq.number] = self._far_seq
        self.leg.peer.invite(out, self._outgoing, now)

    @property
    def to_tag(self) -> bytes:
        """Our tag in the dialog."""
        return self.leg.dialog.local.tag or b""

    def cancel(self, reasons: list[bytes], now: float) -> None:
        """The peer cancelled it: the 487 comes from the other end."""
        self._outgoing.take_back(now, reasons)

    def invite_challenged(
        self, request: Request, response: Response, flow: Flow, answered: int
    ) -> Request | None:
        """Told by the INVITE: the far side asks us for credentials."""
        again = self.leg.peer.answer_challenge(request, response, flow, answered)
        if again is not None:
            self._far_seq = again.cseq.number
            self.leg.far_invite_seqs[self._request.cseq.number] = self._far_seq
        return again

    def invite_answered(self, response: Response, now: float) -> None:
        """Pass a response back."""
        if response.status == 100:
            return
        if 200 <= response.status < 300:
            if self._answer is not None:
                self._answer.repeated()
                return
            if self._done is None:  # the call has ended meanwhile, and who asked had its 487
                self._answer = Answer(self.leg, self._request.cseq.number, self._far_seq)
                self._answer.in_vain(now)
                return
            refresh(self.leg, self._request, response)
            self._finish()
            self._answer = Answer(self.leg, self._request.cseq.number, self._far_seq)
            back = cross_back(self.leg, self._request, response)
            self._answer.start(self._transaction, back, self._unacknowledged, now)
            self._accepted(self._request, back, now)
            return
        if is_settled(self.leg.peer, response):
            return
        if response.status >= 300:
            self._finish()
        self._transaction.respond(cross_back(self.leg, self._request, response), now)

    def invite_failed(self, timed_out: bool, now: float) -> None:
        """Nothing will come from the other end."""
        self._refuse(408 if timed_out else 500, now)

    def invite_over(self, now: float) -> None:
        """The transaction is gone: a peer that never answered its CANCEL has had its time."""
        self._refuse(487, now)
        self._outgoing.let_go()

    def end(self, now: float) -> None:
        """The call is over: pending requests are answered 487 (§15.1.2), and taken back."""
        self._refuse(487, now)
        self._outgoing.take_back(now, [])

    def _refuse(self, status: int, now: float) -> None:
        """Answer the request ourselves, unless it has its final response."""
        if self._finish():
            tag = self.leg.dialog.local.tag
            self._transaction.respond(make_response(self._request, status, to_tag=tag), now)

    def _finish(self) -> bool:
        """Say that the final response goes out now; False if it went before."""
        done, self._done = self._done, None
        if done is not None:
            done(self._transaction)
        return done is not None
