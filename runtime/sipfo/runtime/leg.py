"""One side of a call: a dialog, the way to its peer, and the leg on the other side.

What would surprise: over TCP and TLS a leg's requests go on the connection that its peer last used,
when it is still open, before one is opened to the Contact; many peers listen on none. A leg over
TLS never goes on in the clear, whatever the Contact says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeVar

from sipfo.runtime.core import Core
from sipfo.runtime.locate import Target, reaches
from sipfo.runtime.login import Login
from sipfo.runtime.outgoing import CHALLENGED, OutgoingInvite, Unheard
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.repeater import Repeater
from sipfo.runtime.sip.transaction.user import ClientUser, Sent

TARGET_REFRESH: Final = frozenset({"INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER"})
"""Methods that carry a Contact (RFC 3261 §12.2.1.1, RFC 3311 §5.1, RFC 6665 §4.4.1)."""


MOST_KEPT: Final = 16
"""REFERs of one leg whose NOTIFYs still find them, and re-INVITEs whose answers are acknowledged."""

Key = TypeVar("Key", int, bytes)


class Acknowledged(Repeater):
    """A 2xx that was sent on a leg, and is repeated until its ACK comes."""

    __slots__ = ()

    def acknowledge(self, ack: Request | None, now: float) -> None:
        """The ACK came; None when nobody waits for it any longer."""
        raise NotImplementedError

    def end(self, then: Callable[[float], None], now: float) -> None:
        """The call is over; do `then` after the ACK."""
        raise NotImplementedError


class Rare:
    """What few legs have to remember."""

    __slots__ = ("answered_rseq", "refers", "reinvites")

    def __init__(self) -> None:
        self.refers: dict[int, int] = {}
        """The CSeq numbers of the REFERs sent on this leg to those that they came with."""
        self.reinvites: dict[bytes, int] = {}
        """The branches of the latest re-INVITEs sent on this leg, with their CSeq numbers."""
        self.answered_rseq: dict[int, int] = {}
        """By the CSeq number of this leg's INVITE, the latest reliable provisional that the other
        side has acknowledged by PRACK."""


class Leg:
    """A dialog as a place to send to."""

    __slots__ = (
        "_left",
        "_login",
        "_peer",
        "_rare",
        "awaiting_ack",
        "core",
        "dialog",
        "far_invite_seqs",
        "flow",
        "least_interval",
        "stays",
        "trusted",
    )

    def __init__(
        self,
        core: Core,
        dialog: Dialog,
        flow: Flow,
        login: Login | None = None,
        trusted: bool = False,
    ) -> None:
        """`flow` is the one that the dialog was made over, ours to the peer; `login` answers the
        peer's challenges, if we have an account there; `trusted` says whether the peer is of our
        trust domain."""
        self.core = core
        self.dialog = dialog
        self.flow = flow
        self._peer: Leg | None = None
        self.stays = False
        """Whether its peer is reached by its flow alone, whatever the Contact says: a telephone that
        registered from behind a NAT."""
        self._left = False
        self._rare: Rare | None = None
        self._login = login
        self.awaiting_ack: dict[int, Acknowledged] = {}
        self.far_invite_seqs: dict[int, int] = {}
        """The CSeq numbers of this leg's INVITEs to those that they have on the other, for PRACK."""
        self.trusted = trusted
        self.least_interval = 0
        """Seconds of the shortest session that the peer takes, as far as it has said (422)."""

    @property
    def rare(self) -> Rare:
        """What few calls need, made when one does."""
        if self._rare is None:
            self._rare = Rare()
        return self._rare

    @property
    def login(self) -> Login | None:
        """What answers the peer's challenges."""
        return self._login

    @property
    def peer(self) -> Leg:
        """The leg on the other side; itself, of one that is joined to none."""
        return self if self._peer is None else self._peer

    def join(self, other: Leg) -> None:
        """Make two legs each other's peers."""
        self._peer, other._peer = other, self

    def part(self) -> None:
        """Joined to none any more; the other does not hear of it."""
        self._peer = None

    @property
    def contact(self) -> bytes:
        return self.core.contact(self.flow, self.dialog.secure)

    def heard_on(self, flow: Flow) -> None:
        """The peer's latest message came this way; a new connection replaces the old."""
        if flow.transport != "udp" and flow.transport == self.flow.transport:
            self.flow = self.flow._replace(connection=flow.connection)

    def remember_refer(self, number: int, came_with: int) -> None:
        """A REFER was sent under a CSeq number that came under another; the latest are kept."""
        self._keep(self.rare.refers, number, came_with)

    def send(self, request: Request, user: ClientUser, now: float) -> None:
        """Send a request of the dialog, other than INVITE and ACK, as a transaction."""
        flow = self._way()
        if flow is None:
            self._look_up(partial(self._send, request, user), now)
        else:
            self._send(request, user, flow, now)

    def _send(self, request: Request, user: ClientUser, flow: Flow, now: float) -> None:
        self._dress(request, flow)
        watching = user if self._login is None else _Answering(self, request, flow, user)
        self.core.request(request, flow, watching, now)

    def invite(self, request: Request, outgoing: OutgoingInvite, now: float) -> None:
        """Send a re-INVITE."""
        flow = self._way()
        if flow is None:
            self._look_up(partial(self._invite, request, outgoing), now)
        else:
            self._invite(request, outgoing, flow, now)

    def _invite(self, request: Request, outgoing: OutgoingInvite, flow: Flow, now: float) -> None:
        self._dress(request, flow)
        self._keep(self.rare.reinvites, request.via.branch, request.cseq.number)
        outgoing.send(request, flow, now)

    def post(self, ack: Request, now: float) -> list[tuple[Flow, bytes]]:
        """Send an ACK of a 2xx, which belongs to no transaction (RFC 3261 §13.2.2.4): over UDP
        whatever its size, because nothing would tell that TCP was refused.

        Returns what was sent, to be sent again; it fills when the peer's name has resolved.
        """
        sent: list[tuple[Flow, bytes]] = []
        flow = self._way()
        if flow is None:
            self._look_up(partial(self._post, ack, sent), now)
        else:
            self._post(ack, sent, flow, now)
        return sent

    def _post(self, ack: Request, sent: list[tuple[Flow, bytes]], flow: Flow, now: float) -> None:
        if self._login is not None:
            self._login.acknowledge(ack)
        self._dress(ack, flow)
        data = serialize(ack)
        sent.append((flow, data))
        self.core.send(flow, data)

    def answer_challenge(
        self, request: Request, response: Response, flow: Flow, answered: int
    ) -> Request | None:
        """The request to send in place of one that was challenged, after so many challenges to it
        that were answered; None when the challenge stands."""
        if self._login is None:
            return None
        number = self.dialog.local_seq + 1
        again = self._login.answer(request, response, flow, number, answered)
        if again is not None:
            self.dialog.local_seq = number
        return again

    def end(self, now: float, reasons: list[bytes] | None = None) -> None:
        """End the dialog from our side: by BYE, after the ACK of a 2xx that still waits for it."""
        if not self.awaiting_ack:
            self.bye(now, reasons)
            return
        for answer in list(self.awaiting_ack.values()):
            answer.end(partial(self._bye, reasons), now)

    def _bye(self, reasons: list[bytes] | None, now: float) -> None:
        self.bye(now, reasons)

    def bye(self, now: float, reasons: list[bytes] | None = None) -> None:
        """Send the BYE, once; when its connection breaks before the answer, again on another, as
        often as over UDP: a peer that never got it would talk, and pay, on."""
        if not self._left:
            self._left = True
            _Parting(self, reasons or [], now).send(now)

    @staticmethod
    def _keep(kept: dict[Key, int], key: Key, number: int) -> None:
        """Remember one more, of the latest ones."""
        kept[key] = number
        if len(kept) > MOST_KEPT:
            del kept[next(iter(kept))]

    def _dress(self, request: Request, flow: Flow) -> None:
        if request.method in TARGET_REFRESH:
            request.headers.add(b"contact", self.core.contact(flow, self.dialog.secure))
        self.core.stamp_via(request, flow)

    def _way(self) -> Flow | None:
        """The flow to the next hop, or the one that was used before when there is none left; None
        when the hop's name has to be looked up first."""
        flow = self.flow
        if self.stays:
            return flow
        try:
            hop = self.dialog.next_hop
        except Malformed:
            return flow
        is_udp = flow.transport == "udp"
        known = self.core.ways.to_hop(hop, flow.local) if is_udp else None
        if known is not None:
            return known
        targets = self.core.at_once(hop.decode("ascii", "replace"))
        if targets is None:
            return None
        way = self._reached(targets)
        if is_udp and way is not None and way.transport != "tls":
            self.core.ways.keep_hop(hop, flow.local, way)
        return way or flow

    def _look_up(self, go: _Go, now: float) -> None:
        hop = self.dialog.next_hop.decode("ascii", "replace")
        self.core.locate((hop,), partial(self._found, go), now)

    def _found(self, go: _Go, targets: tuple[Target, ...], now: float) -> None:
        go(self._reached(targets) or self.flow, now)

    def _reached(self, targets: tuple[Target, ...]) -> Flow | None:
        """The flow to the first of them that can be reached."""
        for target in targets:
            if reaches(self.flow.local[0], target):
                return self._flow_to(target)
        return None

    def _flow_to(self, target: Target) -> Flow:
        flow = self.flow
        if flow.reliable and flow.connection is not None:
            return flow._replace(remote=(target.host, target.port))
        if flow.transport != "tls":
            return self.core.flow(flow.local, target)
        if target.transport != "tls":
            return flow
        # A Contact is often an address, of which the peer's certificate says nothing: it proves to
        # be whom the INVITE was sent to.
        name = flow.name if target.name == target.host else target.identity
        return self.core.flow(flow.local, target)._replace(name=name)


class _Parting(Unheard):
    """The user of a BYE that nobody waits for. Each BYE has a number of its own: a peer that did
    get the one before answers 481."""

    __slots__ = ("_interval", "_leg", "_reasons", "_until")

    def __init__(self, leg: Leg, reasons: list[bytes], now: float) -> None:
        self._leg = leg
        self._reasons = reasons
        self._interval = 0.0
        self._until = now + leg.core.values.t1_64

    def send(self, now: float) -> None:
        request = self._leg.dialog.request("BYE")
        for reason in self._reasons:
            request.headers.add(b"reason", reason)
        self._leg.send(request, self, now)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        """The first time at once: mostly the connection was old. Then as Timer E would (§17.1.2.2)."""
        due = now + self._interval
        if not transaction.flow.reliable or due >= self._until:
            return
        values = self._leg.core.values
        self._interval = min(max(values.t1, 2 * self._interval), values.t2)
        if due > now:
            self._leg.core.timers.at(due, self.send)
        else:
            self.send(now)


class _Answering:
    """The user of a request in a dialog where we have an account: told all but the challenges that
    are answered."""

    __slots__ = ("_answered", "_flow", "_leg", "_request", "_user")

    def __init__(self, leg: Leg, request: Request, flow: Flow, user: ClientUser) -> None:
        self._leg = leg
        self._request = request
        self._flow = flow
        self._user = user
        self._answered = 0

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        again = None
        if response.status in CHALLENGED:
            again = self._leg.answer_challenge(self._request, response, self._flow, self._answered)
        if again is None:
            self._user.on_response(transaction, response, now)
            return
        self._answered += 1
        self._request = again
        self._leg.core.request(again, self._flow, self, now)

    def on_timeout(self, transaction: Sent, now: float) -> None:
        self._user.on_timeout(transaction, now)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        self._user.on_transport_error(transaction, now)

    def on_terminated(self, transaction: Sent, now: float) -> None:
        if transaction.request.cseq.number == self._request.cseq.number:
            self._user.on_terminated(transaction, now)


class _Go(Protocol):
    def __call__(self, flow: Flow, now: float) -> None: ...
