"""A scripted destination: requests in, the responses of a scenario out at their times.

It plays the part of a SIP server that does one thing, and notes every request that it sees. What
would surprise: it does not retransmit by itself; loopback loses nothing, and the runtime's own
retransmissions get the last response again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from sipfo.plan.scenario import Behaviour, Reply
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, parse, serialize
from sipfo.runtime.sip.parameters import encode_host
from sipfo.verify.conduct import due, has_body, phrase_of
from sipfo.verify.lab.luck import Luck
from sipfo.verify.lab.session import CONTENT_TYPE, describe

Address = tuple[str, int]
Send = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A request that reached a destination: `at` is the loop's time in seconds, `first` is false
    for a retransmission, `egress` is where it came from by the plan's names."""

    at: float
    source: Address
    destination: Address
    egress: str
    method: str
    uri: bytes
    call_id: bytes
    first: bool
    branch: bytes = b""


@dataclass(slots=True)
class Callee:
    """One INVITE at one destination, and how far its script has come."""

    invite: Request
    behaviour: Behaviour
    to_tag: bytes
    pending: list[asyncio.TimerHandle] = field(default_factory=list)
    last: bytes | None = None
    final: int | None = None
    acknowledged: bool = False
    ended: bool = False

    @property
    def is_orphan(self) -> bool:
        """Answered, and left so: no ACK or no BYE came."""
        answered = self.final is not None and self.final < 300
        return answered and not (self.acknowledged and self.ended)

    def has_more(self, now: float) -> bool:
        """Whether the script will still say something."""
        return any(one.when() > now for one in self.pending)


class Script:
    """What one destination does with everything that reaches it."""

    def __init__(
        self,
        address: Address,
        transport: str,
        behaviours: dict[str, Behaviour],
        egress_of: Callable[[Address], str],
        sightings: list[Sighting],
        luck: Luck | None = None,
    ) -> None:
        """`egress_of` names the egress that a source address is; an egress without a behaviour
        is seen and gets nothing. `luck` has the last word on what is done."""
        self._luck = luck
        self._address = address
        self._transport = transport
        self._behaviours = behaviours
        self._egress_of = egress_of
        self._sightings = sightings
        self._loop = asyncio.get_running_loop()
        self._callees: dict[bytes, Callee] = {}  # by the branch of their INVITE

    @property
    def callees(self) -> tuple[Callee, ...]:
        """Every call that reached this destination."""
        return tuple(self._callees.values())

    def receive(self, data: bytes, source: Address, send: Send) -> None:
        """React to one message; what is no request of ours is dropped."""
        try:
            message = parse(data)
            if isinstance(message, Request):
                self._request(message, source, send)
        except Malformed:
            return  # the runtime never sends such a thing; the ladders will not agree

    @property
    def is_quiet(self) -> bool:
        """Whether every call has had all that it is going to get, in both directions."""
        now = self._loop.time()
        return not any(one.has_more(now) or one.is_orphan for one in self._callees.values())

    def close(self) -> None:
        """Say nothing more."""
        for callee in self._callees.values():
            _hush(callee)

    def _request(self, request: Request, source: Address, send: Send) -> None:
        egress = self._egress_of(source)
        callee = self._callee_of(request)
        first = request.method != "INVITE" or callee is None
        self._sightings.append(
            Sighting(
                at=self._loop.time(),
                source=source,
                destination=self._address,
                egress=egress,
                method=request.method,
                uri=request.uri,
                call_id=request.call_id,
                first=first,
                branch=request.via.branch,
            )
        )
        if egress not in self._behaviours:
            return
        match request.method:
            case "INVITE" if callee is None:
                self._invited(request, self._behaviours[egress], send)
            case "INVITE":
                if callee is not None and callee.last is not None:
                    send(callee.last)
            case "ACK":
                if callee is not None:
                    callee.acknowledged = True
            case "CANCEL" if callee is not None and callee.behaviour.reach == "silent":
                return
            case "OPTIONS" if callee is None and self._behaviours[egress].reach == "silent":
                return  # a probe is outside of the script, but not of the silence
            case "CANCEL" | "BYE" if callee is None:
                send(serialize(make_response(request, 481)))
            case "CANCEL":
                assert callee is not None  # the case above took the others
                send(serialize(make_response(request, 200, to_tag=callee.to_tag)))
                if callee.final is None:
                    self._say(callee, Reply(status=487), send)  # RFC 3261 §9.2
            case "BYE":
                assert callee is not None  # likewise
                callee.ended = True
                send(serialize(make_response(request, 200)))
                if callee.final is None:
                    self._say(callee, Reply(status=487), send)  # RFC 3261 §15.1.2
            case _:
                send(serialize(make_response(request, 200)))

    def _callee_of(self, request: Request) -> Callee | None:
        """Whom a request is for. A proxy keeps Call-ID and CSeq when it tries again, so that only
        the branch tells an INVITE, its CANCEL and the ACK of a refusal from others (RFC 3261
        §17.2.3); within a dialog it is the tag (§12)."""
        found = self._callees.get(request.via.branch)
        if found is not None or request.method == "INVITE":
            return found
        tag = request.to.tag
        within = (
            one
            for one in self._callees.values()
            if one.to_tag == tag and one.invite.call_id == request.call_id
        )
        return next(within, None)

    def _invited(self, invite: Request, behaviour: Behaviour, send: Send) -> None:
        if self._luck is not None:
            behaviour = self._luck.behaviour(behaviour.route, behaviour)
        host, port = self._address
        tag = f"{host}-{port}-{len(self._callees)}".replace(":", "-").encode()
        callee = self._callees[invite.via.branch] = Callee(invite, behaviour, tag)
        for seconds, reply in due(behaviour):
            callee.pending.append(self._loop.call_later(seconds, self._say, callee, reply, send))

    def _say(self, callee: Callee, reply: Reply, send: Send) -> None:
        """Send a response of the script, or the 487 that ends it."""
        status = reply.status
        # RFC 3261 §8.2.6.2: a 100 needs no tag, every other response has one.
        response = make_response(
            callee.invite, status, to_tag=None if status == 100 else callee.to_tag
        )
        response.phrase = phrase_of(reply).encode()
        if reply.cause is not None:
            response.headers.add(b"reason", f"Q.850;cause={reply.cause}".encode())
        host, port = self._address
        if 100 < status < 300:
            for route in callee.invite.headers.lines(b"record-route"):
                response.headers.add(b"record-route", route)  # RFC 3261 §12.1.1
            contact = f"<sip:{encode_host(host, port)};transport={self._transport}>"
            response.headers.add(b"contact", contact.encode())
        if has_body(status):
            response.headers.add(b"content-type", CONTENT_TYPE)
            response.body = describe(callee.behaviour.route, host)
        if status >= 200:
            callee.final = status
            _hush(callee)
        callee.last = serialize(response)
        send(callee.last)


def _hush(callee: Callee) -> None:
    for handle in callee.pending:
        handle.cancel()
    callee.pending.clear()
