"""The caller's side of a call that is being set up: its INVITE and every answer to it.

What would surprise: each early dialog that an attempt makes is a dialog of its own toward the
caller too, with its own To tag, as if the caller's INVITE had been forked. So no dialog ever has
two SDP answers, whatever the attempts before the answered one have sent (RFC 3264 §4).
"""

from __future__ import annotations

from collections.abc import Callable

from sipfo.runtime.answer import Answer
from sipfo.runtime.attempt import Attempt
from sipfo.runtime.core import Core
from sipfo.runtime.directory import Directory, Member
from sipfo.runtime.headers import ALLOW, copy_end_to_end
from sipfo.runtime.leg import Leg
from sipfo.runtime.relay import cross_back
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction


class Inbound:
    """The INVITE that started a call."""

    __slots__ = ("_core", "_directory", "_member", "_tag", "flow", "request", "transaction")

    def __init__(
        self,
        core: Core,
        directory: Directory,
        member: Member,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
    ) -> None:
        """`flow` is where the INVITE came from; `member` gets the requests of its dialogs."""
        self.request = request
        self.transaction = transaction
        self.flow = flow
        self._core = core
        self._directory = directory
        self._member = member
        self._tag = core.token()

    def trying(self, now: float) -> None:
        """Stop the caller's retransmissions at once."""
        self.transaction.respond(make_response(self.request, 100), now)

    def pass_on(self, attempt: Attempt, response: Response, now: float) -> None:
        """Pass a provisional above 100 to the caller. Raises Malformed."""
        if response.to.tag is None:
            back = make_response(self.request, response.status, response.phrase, self._tag)
            copy_end_to_end(response.headers, back.headers)
            back.body = response.body
        else:
            back = cross_back(self._leg(attempt, response), self.request, response)
        self.transaction.respond(back, now)

    def answer(
        self,
        attempt: Attempt,
        response: Response,
        unacknowledged: Callable[[float], None],
        now: float,
    ) -> tuple[Leg, Answer]:
        """Pass the 2xx to the caller; the leg toward it and the answer on its way.

        Raises Malformed.
        """
        near = self._leg(attempt, response)
        near.peer.dialog.confirm(response)
        answer = Answer(near, self.request.cseq.number, attempt.request.cseq.number)
        back = cross_back(near, self.request, response)
        answer.start(self.transaction, back, unacknowledged, now)
        return near, answer

    def refuse(self, status: int, response: Response | None, now: float) -> None:
        """Give the caller its final response, made from a response to an attempt if there is one."""
        phrase = response.phrase if response is not None and response.status == status else None
        back = make_response(self.request, status, phrase, self._tag)
        if status == 405:
            back.headers.add(b"allow", ALLOW)  # "MUST include an Allow" (RFC 3261 §21.4.6)
        if response is not None:
            if 300 <= status < 400:  # where to go instead is said in Contact (§21.3)
                for contact in response.headers.lines(b"contact"):
                    back.headers.add(b"contact", contact)
            copy_end_to_end(response.headers, back.headers)
            back.body = response.body
        self.transaction.respond(back, now)

    def forget(self, attempt: Attempt, keep: bytes | None = None) -> None:
        """The early dialogs of an attempt are no more, but for the one with this tag."""
        for tag, far in list(attempt.legs.items()):
            if tag != keep:
                self._directory.remove(far)
                self._directory.remove(far.peer)
                del attempt.legs[tag]

    def _leg(self, attempt: Attempt, response: Response) -> Leg:
        """The leg toward the caller that stands for the response's dialog, made on first use."""
        tag = response.to.tag or b""
        far = attempt.legs.get(tag)
        if far is None:
            far = Leg(
                self._core, Dialog.of_client(attempt.request, response), attempt.flow, attempt.login
            )
            near = Leg(self._core, Dialog.of_server(self.request, self._core.token()), self.flow)
            near.join(far)
            near.far_invite_seqs[self.request.cseq.number] = attempt.request.cseq.number
            attempt.legs[tag] = far
            self._directory.add(far, self._member)
            self._directory.add(near, self._member)
        return far.peer
