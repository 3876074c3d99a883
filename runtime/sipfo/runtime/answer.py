"""A 2xx to an INVITE on its way to whoever asked, until the ACK has gone the other way.

The 2xx is repeated here, hop by hop, whatever the transport (RFC 3261 §13.3.1.4), and the far
side is acknowledged when the near side has acknowledged, with its body (a late ACK: an INVITE
without an offer has the answer in the ACK). If no ACK comes within 64·T1 the call is ended.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sipfo.runtime.headers import copy_end_to_end
from sipfo.runtime.leg import Acknowledged, Leg
from sipfo.runtime.privacy import Trust
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction


class Answer(Acknowledged):
    """One 2xx passed from `far` to `near`, both legs of one call."""

    __slots__ = (
        "_ack",
        "_far_seq",
        "_near",
        "_near_seq",
        "_response",
        "_then",
        "_transaction",
        "_unacknowledged",
    )

    def __init__(self, near: Leg, near_seq: int, far_seq: int) -> None:
        """The INVITE's CSeq numbers on the side that asked and on the side that answered."""
        super().__init__(near.core.timers, near.core.values.t1)
        self._near = near
        self._near_seq = near_seq
        self._far_seq = far_seq
        self._transaction: InviteServerTransaction | None = None
        self._response: Response | None = None
        self._unacknowledged: Callable[[float], None] | None = None
        self._ack: Sequence[tuple[Flow, bytes]] | None = None
        self._then: Callable[[float], None] | None = None

    def start(
        self,
        transaction: InviteServerTransaction,
        response: Response,
        unacknowledged: Callable[[float], None],
        now: float,
    ) -> None:
        """Send the 2xx, and again at T1, 2·T1 … T2 until the ACK comes or 64·T1 have passed."""
        self._near.awaiting_ack[self._near_seq] = self
        self._transaction, self._response = transaction, response
        self._unacknowledged = unacknowledged
        self._repeat(now)
        self._wait(self._near.core.values.t1_64, now)
        transaction.respond(response, now)

    def again(self, now: float) -> None:
        """Send the 2xx again."""
        self._interval = min(2 * self._interval, self._near.core.values.t2)
        self._repeat(now)
        if self._transaction is not None and self._response is not None:
            self._transaction.respond(self._response, now)

    def ring(self, now: float) -> None:
        """No ACK came."""
        unacknowledged = self._unacknowledged
        self.acknowledge(None, now)
        if unacknowledged is not None:
            unacknowledged(now)

    def acknowledge(self, ack: Request | None, now: float) -> None:
        """The near side's ACK came, or, None, is not waited for any longer: pass it on, or
        acknowledge the far side alone. Later ones do nothing."""
        waiting = self._near.awaiting_ack
        if waiting.pop(self._near_seq, None) is None:
            return
        if not waiting:
            self._near.awaiting_ack = {}  # a dictionary that was used stays large
        self._hush()
        self.disarm()
        self._transaction = self._response = self._unacknowledged = None
        self._acknowledge_far(ack, now)
        if self._then is not None:
            self._then(now)

    def end(self, then: Callable[[float], None], now: float) -> None:
        """The call is over before the near side's ACK: acknowledge the far side now, go on
        repeating the 2xx, and do `then` after the ACK, or when none has come.

        "the callee's UA MUST NOT send a BYE ... until it has received an ACK ... or until the
        server transaction times out" (RFC 3261 §15).
        """
        self._then = then
        self._acknowledge_far(None, now)

    def in_vain(self, now: float) -> None:
        """The near side has had another final response: acknowledge the far side, and that is all
        (RFC 3261 §13.2.2.4)."""
        self._acknowledge_far(None, now)

    def _acknowledge_far(self, ack: Request | None, now: float) -> None:
        if self._ack is not None:
            return
        far = self._near.peer
        request = far.dialog.request("ACK", self._far_seq)
        if ack is not None:
            trust = Trust(self._near.trusted, far.trusted)
            copy_end_to_end(ack.headers, request.headers, trust)
            request.body = ack.body
        self._ack = far.post(request, now)

    def wind_up(self) -> None:
        """The far side repeats its 2xx no more: its transaction is over."""
        if self._ack is not None:
            self._ack = ()

    def repeated(self) -> None:
        """The far side repeats its 2xx: so is the ACK, once there is one (§13.2.2.4)."""
        for flow, data in self._ack or ():
            self._near.core.send(flow, data)
