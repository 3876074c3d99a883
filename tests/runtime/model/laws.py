"""What one call looks like from outside, and the laws that hold over it at every moment.

Everything that the engine sends or records is shown to a `Watch`, and so is what it is sent. It
keeps the facts that the laws need and raises `Broken` at the first that does not hold. It knows
nothing of how the engine works: only messages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sipfo.runtime.record import AttemptRecord, CallRecord, EndRecord, Record
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response


class Broken(AssertionError):
    """A law does not hold."""


def hold(law: bool, text: str) -> None:
    """Raise Broken unless the law holds."""
    if not law:
        raise Broken(text)


@dataclass(slots=True)
class Picked:
    """Somebody who picked up: one 2xx that reached the engine, by its To tag."""

    acked: bool = False
    ended: bool = False
    """A BYE went out, or came in."""


@dataclass(slots=True)
class Offer:
    """One INVITE that the engine sent, and what became of it outside."""

    number: int
    request: Request
    flow: Flow
    provisional: bool = False
    final: int = 0
    failed: bool = False
    cancelled: bool = False
    picked: dict[bytes, Picked] = field(default_factory=dict)

    @property
    def branch(self) -> bytes:
        return self.request.via.branch

    def __str__(self) -> str:
        return f"INVITE {self.number}"


class Watch:
    """One call: its caller's side, its attempts, its records."""

    __slots__ = (
        "bodies",
        "caller",
        "committed",
        "committing",
        "ends",
        "final",
        "left",
        "numbers",
        "offers",
        "results",
        "winner",
    )

    def __init__(self, caller: tuple[str, int], committing: frozenset[int]) -> None:
        """`committing` are the provisionals after which nothing fails over."""
        self.caller = caller
        self.committing = committing
        self.committed = False
        self.offers: list[Offer] = []
        self.final: tuple[int, bytes] | None = None
        """The final response that the caller got: its status and To tag."""
        self.winner: bytes | None = None
        """The body of the 2xx that the caller got: it says who picked up."""
        self.left = False
        """The caller cancelled or hung up before it had a final response."""
        self.bodies: dict[bytes, bytes] = {}
        """The SDP answer of each dialog toward the caller, by our tag."""
        self.numbers: list[int] = []
        self.results: list[CallRecord] = []
        self.ends: list[EndRecord] = []

    # What the engine is sent.

    def caller_leaves(self) -> None:
        """A CANCEL, or the BYE of an early dialog, is about to arrive."""
        self.left = self.left or self.final is None

    def callee_says(self, offer: Offer, status: int, tag: bytes) -> None:
        """A response to an offer is about to arrive."""
        if status < 200:
            offer.provisional = True
        elif status < 300:
            offer.picked.setdefault(tag, Picked())
        if status >= 200 and not offer.final:
            offer.final = status

    # What the engine sends.

    def sends(self, flow: Flow, message: Request | Response) -> None:
        """One message, as it leaves. Raises Broken."""
        if isinstance(message, Response):
            if flow.remote == self.caller and message.cseq.method == "INVITE":
                self._answers(message)
        elif message.method == "INVITE":
            self._offers(message, flow)
        elif message.method == "CANCEL":
            self._cancels(message, flow)
        elif message.method in ("ACK", "BYE") and flow.remote != self.caller:
            self._confirms(message)

    def _offers(self, invite: Request, flow: Flow) -> None:
        if any(one.branch == invite.via.branch for one in self.offers):
            return  # retransmitted
        hold(not self.left, "an INVITE left after the caller had")
        hold(self.final is None, "an INVITE left after the caller had its final response")
        hold(not self.committed, "an INVITE left after a commit")
        self.offers.append(Offer(len(self.offers) + 1, invite, flow))

    def _cancels(self, cancel: Request, flow: Flow) -> None:
        found = [one for one in self.offers if one.branch == cancel.via.branch]
        hold(len(found) == 1, "a CANCEL that matches no INVITE")
        (offer,) = found
        invite = offer.request
        if offer.cancelled:
            return  # retransmitted
        hold(offer.provisional, f"{offer}: a CANCEL before a provisional")  # RFC 3261 §9.1
        hold(not offer.final, f"{offer}: a CANCEL after a final response")
        same = ("uri", "call_id", "via")
        for name in same:
            hold(getattr(cancel, name) == getattr(invite, name), f"{offer}: CANCEL's {name}")
        hold(cancel.cseq.number == invite.cseq.number, f"{offer}: CANCEL's CSeq number")
        for field_name in (b"from", b"to", b"route"):
            ours, theirs = cancel.headers.lines(field_name), invite.headers.lines(field_name)
            hold(ours == theirs, f"{offer}: CANCEL's {field_name.decode()}")
        hold(len(cancel.headers.all(b"via")) == 1, f"{offer}: CANCEL's Via")
        hold(flow.remote == offer.flow.remote, f"{offer}: a CANCEL to another target")
        offer.cancelled = True

    def _confirms(self, request: Request) -> None:
        for offer in self.offers:
            picked = offer.picked.get(request.to.tag or b"")
            if picked is None or request.call_id != offer.request.call_id:
                continue
            if request.method == "ACK":
                same = request.cseq.number == offer.request.cseq.number
                hold(same, f"{offer}: the ACK of another INVITE")
                picked.acked = True
            else:
                hold(picked.acked, f"{offer}: a BYE before the ACK")
                picked.ended = True

    def _answers(self, response: Response) -> None:
        status, tag = response.status, response.to.tag or b""
        if status == 100:
            hold(self.final is None, "a 100 after the final response")
            return
        if status < 200:
            hold(self.final is None, f"a {status} after the final response")
            self.committed = self.committed or status in self.committing
        elif status < 300:
            hold(self.winner in (None, response.body), "two answered legs toward the caller")
            self.winner = response.body
        if response.body and status < 300:
            known = self.bodies.setdefault(tag, response.body)
            hold(known == response.body, "two SDP answers in one dialog")
        if status >= 200:
            hold(self.final in (None, (status, tag)), "two final responses to the caller")
            self.final = (status, tag)

    def records(self, record: Record) -> None:
        """One record, as it is made. Raises Broken."""
        if isinstance(record, AttemptRecord):
            self.numbers.append(record.number)
            hold(self.numbers == list(range(1, len(self.numbers) + 1)), "attempts out of order")
        elif isinstance(record, CallRecord):
            self.results.append(record)
        elif isinstance(record, EndRecord):
            self.ends.append(record)

    # What holds between events.

    def settled(self) -> None:
        """Everything that an event led to has been seen. Raises Broken."""
        hold(len(self.results) == (self.final is not None), "a result without a record, or two")
        for record in self.results:
            kind = record.ladder.result.kind
            hold((kind == "answered") == (self.winner is not None), f"recorded as {kind}")
        hold(len(self.ends) <= (self.winner is not None), "an end without an answer, or two")
        hold(not self.left or self.final is not None, "the caller left and has no final response")
        for offer in self.offers:
            for tag, picked in offer.picked.items():
                if not self.won(offer, tag):
                    over = picked.acked and picked.ended
                    hold(over, f"{offer}: nobody talks to who picked up, and no ACK and BYE")

    def over(self) -> None:
        """All the time that there may be has passed, and the caller has hung up. Raises Broken."""
        hold(self.final is not None, "no result")
        hold(len(self.ends) == (self.winner is not None), "an answered call without an end")
        for offer in self.offers:
            rings = offer.provisional and not offer.final and not offer.cancelled
            hold(not rings, f"{offer}: left ringing")
            for picked in offer.picked.values():
                hold(picked.acked, f"{offer}: a 2xx without an ACK")
                hold(picked.ended, f"{offer}: a 2xx without a BYE")
        sent = [one for r in self.results for one in r.ladder.attempts if one.target is not None]
        hold(len(sent) == len(self.offers), "attempts in the record, and INVITEs on the wire")

    def won(self, offer: Offer, tag: bytes) -> bool:
        """Whether it is this 2xx that the caller got."""
        return self.winner == sdp(offer.number, tag)


def sdp(number: int, tag: bytes) -> bytes:
    """The session description of one callee's dialog; no two are equal."""
    return b"v=0\r\ns=%d %s\r\n" % (number, tag)
