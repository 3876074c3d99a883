"""What was said on the wire to calls: which INVITEs are attempts of which caller's call.

A machine's own address is on one side of everything: what comes to it is a caller's, what leaves
it, or goes to a destination of the policy, is an attempt. A back-to-back user agent gives each
attempt a Call-ID of its own; then the called number and the caller's user tell whose it is. What
would surprise: without the caller's side in the capture, attempts that follow one another make a
call.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sipfo.plan.ladder import Settled
from sipfo.plan.model import Plan
from sipfo.plan.numbering import normalise
from sipfo.plan.outcome import Final as FinalResponse
from sipfo.runtime.headers import q850_causes
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.uri import parse_uri
from sipfo.verify.lab.wire.heard import Event, Refused, Said
from sipfo.verify.lab.wire.packet import Address
from sipfo.verify.replay.recorded import FOREVER, RecordedCall, RecordedTry
from sipfo.verify.targets import Place, place_of

TOGETHER: Final = 64.0
"""Seconds within which attempts without their caller belong together: two transactions' worth."""

MOST_WAITING: Final = 1024
"""Calls that are looked at for whose attempt an INVITE is."""

T1: Final = 0.5
"""RFC 3261 §17.1.1.1, in seconds."""

_CHALLENGES: Final = (401, 407)


@dataclass(slots=True)
class _Try:
    at: float
    source: Address
    destination: Address
    transport: str
    call_id: bytes
    heard: list[tuple[float, int, bool]] = field(default_factory=list)
    final: tuple[float, Response] | None = None
    failed: float | None = None
    cancelled: float | None = None


@dataclass(slots=True)
class _Call:
    at: float
    name: str
    number: str
    user: bytes
    call_id: bytes
    has_caller: bool
    tries: list[_Try] = field(default_factory=list)
    told: tuple[float, Response] | None = None
    gave_up: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether another attempt may still follow."""
        if self.has_caller:
            return self.told is None
        last = self.tries[-1]
        return last.final is None or last.final[1].status >= 300


def gather(
    events: Iterable[Event],
    plan: Plan,
    *,
    boxes: Collection[str] = (),
    hosts: Mapping[str, str] | None = None,
) -> tuple[list[RecordedCall], int]:
    """The calls, and how many INVITEs are neither a caller's nor an attempt. `boxes` are addresses
    that the machine had besides the policy's, `hosts` addresses of host names of the policy."""
    return _Gathering(plan, boxes, hosts or {}).gather(events)


class _Gathering:
    def __init__(self, plan: Plan, boxes: Collection[str], hosts: Mapping[str, str]) -> None:
        self._doors = {(one.host, one.port) for one in plan.listen}
        own = {one.host for one in plan.listen} | {one.host for one in plan.egress} | set(boxes)
        self._own = own
        self._boxes = set(boxes)
        self._known = {(one.host, one.port): name for one, name in _places(plan, hosts)}
        self._calls: list[_Call] = []
        self._inbound: dict[bytes, _Call] = {}
        self._outbound: dict[bytes, _Try] = {}
        self._by_call_id: dict[bytes, _Call] = {}
        self._waiting: dict[bytes, _Call] = {}
        """Calls by their own Call-IDs that may still have another attempt, the earliest first."""
        self._foreign = 0
        self._foreign_branches: set[bytes] = set()
        self._last = 0.0

    def gather(self, events: Iterable[Event]) -> tuple[list[RecordedCall], int]:
        for event in sorted(events, key=lambda one: one.at):
            self._last = event.at
            if isinstance(event, Refused):
                self._refused(event)
            elif not _is_whole(event.message):
                continue  # a header that everybody needs is not there, or says nothing
            elif isinstance(event.message, Request):
                self._request(event, event.message)
            elif event.message.cseq.method == "INVITE":
                self._response(event, event.message)
        return [self._recorded(one) for one in self._calls], self._foreign

    def _request(self, event: Said, request: Request) -> None:
        branch = request.via.branch
        if request.method == "CANCEL":
            one = self._outbound.get(branch)
            if one is not None and one.cancelled is None:
                one.cancelled = event.at
            call = self._inbound.get(branch)
            if call is not None and call.gave_up is None and call.told is None:
                call.gave_up = event.at
        elif request.method == "INVITE" and request.to.tag is None:
            if branch in self._inbound or branch in self._outbound:
                return  # sent again
            if self._is_door(event.destination):
                self._placed(event, request, branch)
            elif event.source[0] in self._own or event.destination in self._known:
                self._tried(event, request, branch)
            elif branch not in self._foreign_branches:
                self._foreign_branches.add(branch)
                self._foreign += 1

    def _is_door(self, destination: Address) -> bool:
        is_known = destination in self._known
        return destination in self._doors or (destination[0] in self._boxes and not is_known)

    def _placed(self, event: Said, request: Request, branch: bytes) -> None:
        before = self._by_call_id.get(request.call_id)
        told = before.told if before is not None and before.has_caller else None
        if before is not None and told is not None and told[1].status in _CHALLENGES:
            before.told = None  # the answer to a challenge
            self._waiting[before.call_id] = before
            self._inbound[branch] = before
            return
        call = self._new(event.at, request, has_caller=True)
        self._inbound[branch] = call

    def _new(self, at: float, request: Request, *, has_caller: bool) -> _Call:
        name = request.call_id.decode("utf-8", "backslashreplace")
        call = _Call(at, name, _number(request), _user(request), request.call_id, has_caller)
        self._calls.append(call)
        self._by_call_id[request.call_id] = self._waiting[request.call_id] = call
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        return call

    def _tried(self, event: Said, request: Request, branch: bytes) -> None:
        call = self._owner(event.at, request)
        for one in reversed(call.tries):
            is_same = (one.call_id, one.destination) == (request.call_id, event.destination)
            if is_same and one.final is not None and one.final[1].status in _CHALLENGES:
                one.final = None  # a digest retry is no attempt
                self._outbound[branch] = one
                return
        transport = request.via.transport.lower()
        one = _Try(event.at, event.source, event.destination, transport, request.call_id)
        call.tries.append(one)
        self._outbound[branch] = one

    def _owner(self, at: float, request: Request) -> _Call:
        """Whose attempt an INVITE is."""
        call = self._by_call_id.get(request.call_id)
        if call is not None:
            return call
        number, user = _number(request), _user(request)
        recent = [one for one in self._waiting.values() if one.is_open and self._is_near(one, at)]
        scored = [((one.number == number) * 2 + (one.user == user), one) for one in recent]
        best = max((score for score, _ in scored), default=0)
        if best == 0 and len(recent) == 1 and recent[0].has_caller:
            return recent[0]
        # Of two calls alike, the one that has waited for an attempt for longest.
        alike = [one for score, one in scored if score == best and best > 0]
        if best == 1 and all(not one.has_caller for one in alike):
            alike = []  # the same user to another number: without his side, another call
        if not alike:
            return self._new(at, request, has_caller=False)
        return min(alike, key=lambda one: one.tries[-1].at if one.tries else one.at)

    @staticmethod
    def _is_near(call: _Call, at: float) -> bool:
        last = call.tries[-1].at if call.tries else call.at
        return call.has_caller or at - last <= TOGETHER

    def _response(self, event: Said, response: Response) -> None:
        branch = response.via.branch
        one = self._outbound.get(branch)
        if one is not None and event.source[0] == one.destination[0]:
            if response.status < 200:
                has_body = bool(response.body)
                one.heard.append((event.at - one.at, response.status, has_body))
            elif one.final is None:
                one.final = (event.at, response)
            return
        call = self._inbound.get(branch)
        if call is not None and response.status >= 200 and call.told is None:
            call.told = (event.at, response)
            self._waiting.pop(call.call_id, None)

    def _refused(self, event: Refused) -> None:
        """An ICMP error, a reset: of the last attempt between the two that has no answer."""
        ways = (event.source, event.destination)
        for one in reversed(self._outbound.values()):
            if event.at - one.at > TOGETHER:
                break
            is_it = (one.source, one.destination) == ways or (
                event.transport == "tcp"
                and (one.source[0], one.destination) == (ways[0][0], ways[1])
            )
            if is_it and one.final is None and one.failed is None:
                one.failed = event.at
                return
        if event.transport == "tcp" and event.destination in self._known:
            self._never_connected(event)

    def _never_connected(self, event: Refused) -> None:
        """A connection that was refused before anything was said on it: an attempt of the one call
        that waits for one."""
        waiting = [one for one in self._waiting.values() if one.has_caller and one.is_open]
        if len(waiting) == 1:
            one = _Try(event.at, event.source, event.destination, "tcp", b"", failed=event.at)
            waiting[0].tries.append(one)

    def _recorded(self, call: _Call) -> RecordedCall:
        result, elapsed = self._result(call)
        return RecordedCall(
            call.name,
            call.number,
            None,
            tuple(self._recorded_try(call, place) for place in range(len(call.tries))),
            result,
            elapsed,
            None if call.gave_up is None else call.gave_up - call.at,
        )

    def _result(self, call: _Call) -> tuple[Settled | None, float | None]:
        """What the caller was told; without his side, what the last attempt came to."""
        if call.has_caller:
            if call.told is None:
                return None, None
            at, told = call.told
            if told.status == 487 and call.gave_up is not None:
                return Settled("cancelled", 487), call.gave_up - call.at
            by = self._by(call, told.status)
        else:
            last = call.tries[-1]
            if last.final is None:
                return None, None
            at, told = last.final
            if told.status == 487 and last.cancelled is not None:
                return Settled("cancelled", 487), last.cancelled - call.at
            by = self._known.get(last.destination)
        is_up = told.status < 300
        return Settled("answered" if is_up else "refused", told.status, by), at - call.at

    def _by(self, call: _Call, status: int) -> str | None:
        said = [
            one for one in call.tries if one.final is not None and one.final[1].status == status
        ]
        return self._known.get(said[-1].destination) if said else None

    def _recorded_try(self, call: _Call, place: int) -> RecordedTry:
        one = call.tries[place]
        failed = None if one.failed is None else one.failed - one.at
        guess = ""
        if failed is None and _was_left_alone(one) and place + 1 < len(call.tries):
            # Whoever moves on before the first INVITE is sent again (T1) has seen an error that
            # the capture has not: no timer for silence is as short.
            moved_on = call.tries[place + 1].at - one.at
            if moved_on < T1:
                failed = moved_on
                guess = "is taken to have been out of reach: the next attempt followed at once"
        known = FOREVER
        if one.cancelled is not None:
            known = one.cancelled - one.at
        elif one.final is None and failed is None:
            known = self._last - one.at
        final = one.final
        if final is not None and one.cancelled is not None and final[0] >= one.cancelled:
            final = None  # 487 answers the CANCEL, and who knows what would have
        return RecordedTry(
            at=one.at - call.at,
            place=Place(one.transport, *one.destination),
            source=one.source[0],
            known=known,
            heard=tuple(heard for heard in one.heard if heard[0] <= known),
            final=None if final is None else (final[0] - one.at, _final(final[1])),
            failed=failed,
            route=self._known.get(one.destination),
            guess=guess,
            rang=any(status > 100 for _, status, _ in one.heard),
        )


def _was_left_alone(one: _Try) -> bool:
    """Whether nothing at all was heard of an attempt, or done about it."""
    return not one.heard and one.final is None and one.cancelled is None


def _places(plan: Plan, hosts: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    """Every destination of the policy that has an address, and its route's or carrier's name."""
    for route in plan.routes:
        for uri in route.destinations:
            yield from _placed(uri, route.name, hosts)
    for carrier in plan.carriers:
        yield from _placed(carrier.destination, carrier.name, hosts)


def _placed(uri: str, name: str, hosts: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    place = place_of(uri)
    if place.host in hosts:
        place = Place(place.transport, hosts[place.host], place.port)
    if place.is_numeric:
        yield place, name


def _is_whole(message: Request | Response) -> bool:
    try:
        _ = message.via, message.cseq, message.to.tag, message.from_.uri, message.call_id
    except Malformed:
        return False
    return True


def _number(request: Request) -> str:
    """The called number, or what stands in its place."""
    try:
        user = parse_uri(request.uri.decode("ascii", "replace")).user
    except Malformed:
        return ""
    return normalise(user or "")


def _user(request: Request) -> bytes:
    try:
        return request.from_.uri.partition(b"@")[0]
    except Malformed:
        return b""


def _final(response: Response) -> FinalResponse:
    reasons = tuple(one.decode("utf-8", "replace") for one in response.headers.all(b"reason"))
    phrase = response.phrase.decode("utf-8", "replace")
    return FinalResponse(response.status, phrase, reasons, q850_causes(reasons))
