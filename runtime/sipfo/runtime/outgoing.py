"""An INVITE that we sent and may want back: CANCEL by RFC 3261 §9.1, and no call left over.

What would surprise: before any provisional, wanting it back sends nothing. The transaction goes
on as a zombie until Timer B: a late 1xx is met with CANCEL; its owner meets a late 2xx with ACK
and BYE. A connection that breaks ends the transaction and not the ringing: the CANCEL goes on another.
"""

from __future__ import annotations

from typing import Final, Protocol

from sipfo.runtime.core import Core
from sipfo.runtime.sip.build import make_ack, make_cancel
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.transaction.invite_client import InviteClientTransaction
from sipfo.runtime.sip.transaction.user import Sent

CHALLENGED: Final = frozenset({401, 407})
"""The responses that ask for credentials (RFC 3261 §22.2, §22.3)."""

REPAIRABLE: Final = CHALLENGED | {422}
"""The responses to which the same request, changed, is the answer; a 422 wants a longer session
(RFC 4028 §7.3)."""


class Owner(Protocol):
    """Whoever sent the INVITE."""

    def invite_challenged(
        self, request: Request, response: Response, flow: Flow, answered: int
    ) -> Request | None:
        """A 401, 407 or 422 to the request that went on `flow`, after so many challenges that were
        answered: the INVITE to send in its place; None to be told the response."""

    def invite_answered(self, response: Response, now: float) -> None:
        """Any response, in the order they come; every 2xx, repeated ones too."""

    def invite_failed(self, timed_out: bool, now: float) -> None:
        """Timer B, or the transport: nothing will come."""

    def invite_over(self, now: float) -> None:
        """The transaction is gone."""


class Nobody:
    """The owner of an INVITE that nothing can come of any more."""

    __slots__ = ()

    def invite_challenged(
        self, request: Request, response: Response, flow: Flow, answered: int
    ) -> Request | None:
        """Nothing is sent in its place."""
        return None

    def invite_answered(self, response: Response, now: float) -> None:
        """Nothing depends on it."""

    def invite_failed(self, timed_out: bool, now: float) -> None:
        """Nothing depends on it."""

    def invite_over(self, now: float) -> None:
        """Nothing depends on it."""


NOBODY: Final = Nobody()


class Unheard:
    """The user of a request whose answer nobody waits for: CANCEL, and BYE at the end."""

    __slots__ = ()

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        """Nothing depends on it."""

    def on_timeout(self, transaction: Sent, now: float) -> None:
        """Nothing depends on it."""

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        """Nothing depends on it."""

    def on_terminated(self, transaction: Sent, now: float) -> None:
        """Nothing depends on it."""


UNHEARD: Final = Unheard()


class OutgoingInvite:
    """One INVITE under way."""

    __slots__ = (
        "_answered",
        "_as_located",
        "_cancelled",
        "_core",
        "_owner",
        "_provisional",
        "_reasons",
        "_transaction",
        "_wanted_back",
    )

    def __init__(self, core: Core, owner: Owner) -> None:
        self._core = core
        self._owner = owner
        self._answered = 0
        self._provisional = False
        self._wanted_back = False
        self._cancelled = False
        self._reasons: list[bytes] = []
        self._as_located: tuple[Request, Flow] | None = None
        self._transaction: InviteClientTransaction | None = None

    @property
    def transport(self) -> str | None:
        """What carried it, once it was sent: TCP, in place of UDP, when it is large."""
        return self._transaction.flow.transport if self._transaction is not None else None

    def send(self, request: Request, flow: Flow, now: float) -> None:
        """Send it; the Via is on it."""
        self._as_located = (request, flow)
        fitted, way = self._core.oversize.fit(request, flow, now)
        self._transaction = self._core.transactions.invite(fitted, way, self, now)

    def take_back(self, now: float, reasons: list[bytes]) -> None:
        """CANCEL it as soon as that is allowed: "a CANCEL request ... MUST NOT be sent" before a
        provisional response (§9.1). `reasons` are the Reason values that it carries."""
        self._wanted_back = True
        self._reasons = reasons
        if self._provisional:
            self._cancel(now)
        elif self._transaction is not None and self._transaction.flow.reliable:
            sent = self._transaction
            self._core.recalls.append((sent.flow, sent.request.via.branch))

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        """Told by the transaction."""
        if response.status < 200:
            self._provisional = True
            if self._wanted_back:
                self._cancel(now)
        elif response.status in REPAIRABLE and self._answer(response, now):
            return
        else:
            self._cancelled = True  # a final response: nothing is left to CANCEL (§9.1)
        self._owner.invite_answered(response, now)

    def on_timeout(self, transaction: Sent, now: float) -> None:
        """Told by the transaction."""
        self._owner.invite_failed(True, now)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        """Told by the transaction; "the element SHOULD retry the request, using UDP" (§18.1.1)."""
        goes_back = self._core.oversize.goes_back(transaction.flow, now)
        if self._as_located is not None and goes_back and not self._wanted_back:
            self.send(*self._as_located, now)
            return
        if self._provisional and transaction.flow.reliable:
            self.call_off(now)
        self._owner.invite_failed(False, now)

    def call_off(self, now: float) -> None:
        """CANCEL it although its transaction is gone, because whoever has it is heard to ring."""
        transaction = self._transaction
        if self._cancelled or transaction is None:
            return
        self._cancelled = True
        self._send_cancel(transaction, now)

    def on_terminated(self, transaction: Sent, now: float) -> None:
        """Told by the transaction; one in whose place another was sent is of no account."""
        if transaction is self._transaction:
            self._owner.invite_over(now)

    def let_go(self) -> None:
        """Nothing of it can come back any more."""
        self._owner = NOBODY
        self._transaction = None
        self._as_located = None

    def confirm(self, refusal: Response) -> None:
        """Acknowledge a refusal that came when the transaction was gone; nothing is left to CANCEL."""
        transaction = self._transaction
        if transaction is not None:
            self._cancelled = True
            ack = make_ack(transaction.request, refusal)
            self._core.send(transaction.flow, serialize(ack))

    def _answer(self, response: Response, now: float) -> bool:
        """Send the INVITE again, changed, the same way, unless it is wanted back."""
        if self._as_located is None or self._wanted_back:
            return False
        request, flow = self._as_located
        again = self._owner.invite_challenged(request, response, flow, self._answered)
        if again is None:
            return False
        self._answered += response.status in CHALLENGED
        self._provisional = False  # nothing was heard of this one: no CANCEL yet (§9.1)
        self.send(again, flow, now)
        return True

    def _cancel(self, now: float) -> None:
        transaction = self._transaction
        if self._cancelled or transaction is None or not transaction.is_waiting:
            return
        self._cancelled = True
        self._send_cancel(transaction, now)
        # "the client ... SHOULD consider the original transaction cancelled and SHOULD destroy"
        # it after 64·T1 (§9.1): an RFC 2543 peer never sends the 487.
        self._core.timers.after(self._core.values.t1_64, transaction.end, now)

    def _send_cancel(self, transaction: InviteClientTransaction, now: float) -> None:
        cancel = make_cancel(transaction.request)
        for reason in self._reasons:
            cancel.headers.add(b"reason", reason)
        self._core.transactions.request(cancel, transaction.flow, UNHEARD, now)
