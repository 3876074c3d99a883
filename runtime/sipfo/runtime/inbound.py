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
from sipfo.runtime.privacy import Trust
from sipfo.runtime.relay import cross_back
from sipfo.runtime.reliable import is_settled
from sipfo.runtime.sip.build import make_response, outlined
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction


class Inbound:
    """The INVITE that started a call."""

    __slots__ = (
        "_core",
        "_directory",
        "_member",
        "_parted",
        "_settled",
        "flow",
        "request",
        "to_tag",
        "transaction",
        "trusted",
    )

    def __init__(
        self,
        core: Core,
        directory: Directory,
        member: Member,
        request: Request,
        transaction: InviteServerTransaction,
        flow: Flow,
        trusted: bool = False,
    ) -> None:
        """`flow` is where the INVITE came from; `member` gets the requests of its dialogs;
        `trusted` says whether the caller's side is of our trust domain."""
        self.request = request
        self.transaction = transaction
        self.flow = flow
        self.trusted = trusted
        self._core = core
        self._directory = directory
        self._member: Member | None = member
        self._parted: list[Leg] = []
        self._settled = False
        self.to_tag = core.token()
        """That of our own refusals; each early dialog has another."""

    def trying(self, now: float) -> None:
        """Stop the caller's retransmissions at once."""
        self.transaction.respond(make_response(self.request, 100), now)

    def pass_on(self, attempt: Attempt, response: Response, now: float) -> None:
        """Pass a provisional above 100 to the caller. Raises Malformed."""
        near = self._leg(attempt, response)
        if is_settled(near.peer, response):
            return
        back = cross_back(near, self.request, response)
        self.transaction.respond(back, now)

    def answer(
        self,
        attempt: Attempt,
        response: Response,
        unacknowledged: Callable[[float], None],
        now: float,
    ) -> tuple[Leg, Answer, Response]:
        """Pass the 2xx to the caller; the leg toward it, the answer on its way and what was sent.

        Raises Malformed.
        """
        near = self._leg(attempt, response)
        near.peer.dialog.confirm(response)
        answer = Answer(near, self.request.cseq.number, attempt.request.cseq.number)
        back = cross_back(near, self.request, response)
        self._settle()
        answer.start(self.transaction, back, unacknowledged, now)
        return near, answer, back

    def refuse(
        self, status: int, attempt: Attempt | None, response: Response | None, now: float
    ) -> None:
        """Give the caller its final response, made from a response to an attempt if there is one."""
        phrase = response.phrase if response is not None and response.status == status else None
        back = make_response(self.request, status, phrase, self.to_tag)
        if status == 405:
            back.headers.add(b"allow", ALLOW)  # "MUST include an Allow" (RFC 3261 §21.4.6)
        if response is not None:
            if 300 <= status < 400:  # where to go instead is said in Contact (§21.3)
                for contact in response.headers.lines(b"contact"):
                    back.headers.add(b"contact", contact)
            self._copy(attempt, response, back)
        self._settle()
        self.transaction.respond(back, now)

    def forget(self, attempt: Attempt, keep: bytes | None = None) -> None:
        """The early dialogs of an attempt are no more, but for the one with this tag.

        Until the caller has its final response it may take any of them for the call and leave by a
        BYE there (RFC 3261 §15): the legs toward it stay known till then, each its own peer.
        """
        for tag, far in list(attempt.legs.items()):
            if tag != keep:
                near = far.peer
                near.part()
                self._directory.remove(far)
                self._parted.append(near)
                del attempt.legs[tag]
        if self._settled:
            self._settle()

    def wind_up(self) -> None:
        """Nothing is answered any more, and nothing made from the INVITE."""
        over = self.transaction.request  # outlined by itself when its transaction is
        self.request = over if over.is_outline else outlined(self.request)

    def let_go(self) -> None:
        """The call is gone."""
        self._member = None

    def _settle(self) -> None:
        self._settled = True
        for near in self._parted:
            self._directory.remove(near)
        self._parted.clear()

    def _copy(self, attempt: Attempt | None, response: Response, back: Response) -> None:
        trust = Trust(attempt is not None and attempt.trusted, self.trusted)
        copy_end_to_end(response.headers, back.headers, trust)
        back.body = response.body

    def _leg(self, attempt: Attempt, response: Response) -> Leg:
        """The leg toward the caller that stands for the response's dialog, made on first use.

        A callee of RFC 2543 may leave out the tag: its dialogs are told apart by the attempt.
        """
        tag = response.to.tag or b""
        far = attempt.legs.get(tag)
        if far is None:
            there = Dialog.of_client(attempt.request, response)
            far = Leg(self._core, there, attempt.flow, attempt.login, attempt.trusted)
            far.least_interval = attempt.least_interval
            far.stays = attempt.stays
            here = Dialog.of_server(self.request, self._core.token())
            near = Leg(self._core, here, self.flow, trusted=self.trusted)
            near.join(far)
            near.far_invite_seqs[self.request.cseq.number] = attempt.request.cseq.number
            attempt.legs[tag] = far
            assert self._member is not None  # nothing comes of an attempt when the call is gone
            self._directory.add(far, self._member)
            self._directory.add(near, self._member)
        return far.peer
