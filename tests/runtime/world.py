"""A network in virtual time around one engine: scripted peers, a name service, no waiting.

Every datagram takes `LATENCY`. A place where nobody is answers with an ICMP error, one in
`silent` with nothing; one in `no_tcp` refuses every connection, one in `drops_tcp` lets it time out.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping

from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    CommitOnCode,
    Egress,
    Forward,
    Listen,
    OnCode,
    OnLocal,
    Plan,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.runtime.engine import Engine
from sipfo.runtime.errand import Bindings, Errand, Result, Unavailable
from sipfo.runtime.limits import Limits
from sipfo.runtime.locate import Target
from sipfo.runtime.record import AttemptRecord, CallRecord, Record
from sipfo.runtime.registrar.register import NotTaken
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.build import make_cancel, make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse, serialize

LATENCY = 0.01
CALLER = ("192.0.2.200", 5060)
SIPFO = ("192.0.2.10", 5060)
PRIMARY = ("192.76.120.10", 5060)
SECONDARY = ("64.16.250.10", 5060)
EAST = ("198.51.100.10", 5060)
WEST = ("198.51.100.20", 5060)
NORTHSTAR = ("203.0.113.9", 5060)
SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.200\r\ns=-\r\n"

NAMED = {"pbx": ("sip:pbx.example.com",), "pbx-west": (f"sip:{WEST[0]}",)}
TARGETS = (
    Target("udp", "198.51.100.31", 5060, "pbx.example.com"),
    Target("udp", "198.51.100.32", 5060, "pbx.example.com"),
)

Address = tuple[str, int]


def policy(
    *,
    routes: Mapping[str, tuple[str, ...]] | None = None,
    carriers: dict[str, str] | None = None,
    method: str = "sequential",
    egress: tuple[str, ...] = ("us.primary", "us.secondary"),
    failover: tuple[int, ...] = (408, 480, 503, 504),
    commit: tuple[int, ...] = (180,),
    no_response: float = 4.0,
    no_progress: float = 8.0,
    no_answer: float = 60.0,
    deadline: float | None = None,
) -> Plan:
    """A plan like the seed's: two addresses, two routes, the table of codes."""
    routes = routes or {
        "pbx-east": (f"sip:{EAST[0]}",),
        "pbx-west": (f"sip:{WEST[0]}",),
    }
    rules = [Rule(match=OnCode(code=code), verdict="failover") for code in failover]
    rules.append(Rule(match=OnLocal(outcome="transport-error"), verdict="failover"))
    retry = Retry(
        name="standard",
        rules=tuple(rules),
        otherwise="stop",
        commit=tuple(CommitOnCode(code=code) for code in commit),
        no_response=no_response,
        no_progress=no_progress,
        no_answer=no_answer,
    )
    forward = None
    if carriers:
        forward = Forward(number="+13125550000", carriers=tuple(carriers), egress="us.primary")
    trunk = Trunk.model_validate(
        {
            "name": "acme",
            "numbers": (AnyNumber(),),
            "accept": Accept(networks=("192.0.2.128/25",)),
            "egress": egress,
            "method": method,
            "routes": tuple(routes),
            "retry": "standard",
            "deadline": deadline,
            "forward": forward,
        }
    )
    return Plan(
        listen=(
            Listen(transport="udp", host=SIPFO[0], port=5060),
            Listen(transport="tcp", host=SIPFO[0], port=5060),
        ),
        egress=(
            Egress(name="us.primary", host=PRIMARY[0], port=5060),
            Egress(name="us.secondary", host=SECONDARY[0], port=5060),
        ),
        routes=tuple(Route(name=n, destinations=uris) for n, uris in routes.items()),
        carriers=tuple(Carrier(name=n, destination=uri) for n, uri in (carriers or {}).items()),
        retries=(retry,),
        trunks=(trunk,),
    )


class World:
    """An engine, its peers, and the time."""

    def __init__(
        self,
        plan: Plan,
        names: dict[str, tuple[Target, ...]] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        limits: Limits | None = None,
        epoch: float = 0.0,
    ) -> None:
        self.now = 0.0
        tokens = itertools.count(1)
        self.engine = Engine(
            plan,
            lambda: f"t{next(tokens):07d}",
            lambda most: 0,
            limits=limits,
            secrets=secrets,
            epoch=epoch,
        )
        self.engine.start(self.now)
        self.names = names or {}
        self.dns_takes = 0.02
        self.store_takes = 0.005
        self.store_is_down = False
        self.kept: dict[str, Bindings] = {}
        self.peers: dict[Address, Peer] = {}
        self.silent: set[Address] = set()
        self.no_tcp: set[Address] = set()
        self.drops_tcp: set[Address] = set()
        self.records: list[Record] = []
        self.sent: list[tuple[float, Flow, Request | Response]] = []
        """Everything that the engine sent, in order."""
        self.lose: Callable[[Flow, bytes], bool] = lambda flow, data: False
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), work))

    def run(self, until: float) -> None:
        """Let everything happen that happens up to a moment."""
        self._flush()
        while True:
            due = self.engine.next_due()
            event = self._events[0][0] if self._events else None
            moments = [moment for moment in (due, event) if moment is not None]
            if not moments or min(moments) > until:
                break
            self.now = max(self.now, min(moments))
            if event is not None and event <= self.now:
                heapq.heappop(self._events)[2]()
            else:
                self.engine.run_timers(self.now)
            self._flush()
        self.now = until

    def _flush(self) -> None:
        core = self.engine.core
        while core.sends or core.lookups or core.records:
            while core.sends:
                self._carry(*core.sends.popleft())
            while core.lookups:
                lookup = core.lookups.popleft()
                if isinstance(lookup, Errand):
                    self._store(lookup)
                    continue
                found = tuple(t for uri in lookup.uris for t in self.names.get(uri.host, ()))
                number = lookup.number
                self.after(
                    self.dns_takes,
                    lambda number=number, found=found: self.engine.located(  # type: ignore[misc]  # bound per turn
                        number, found, self.now
                    ),
                )
            while core.records:
                self.records.append(core.records.popleft())

    def _store(self, errand: Errand) -> None:
        """The store of bindings: everything at the moment that it answers."""

        def done() -> None:
            number, kept = errand.number, self.kept.get(errand.key, ())
            result: Result = kept
            if self.store_is_down:
                result = Unavailable("it is down")
            elif errand.change is not None:
                try:
                    result = self.kept[errand.key] = errand.change(kept)
                except NotTaken as error:
                    result = error
            self.engine.carried_out(number, result, self.now)

        self.after(self.store_takes, done)

    def _carry(self, flow: Flow, data: bytes) -> None:
        self.sent.append((self.now, flow, parse(data)))
        if self.lose(flow, data):
            return
        if flow.reliable and flow.remote in self.no_tcp | self.drops_tcp:
            takes = flow.opened_within or 32.0 if flow.remote in self.drops_tcp else LATENCY
            self.after(takes, lambda: self.engine.transport_failed(flow, self.now))
            return
        peer = self.peers.get(flow.remote)
        if peer is not None:
            self.after(LATENCY, lambda: peer.receive(parse(data), flow.local))
        elif flow.remote not in self.silent:
            self.after(LATENCY, lambda: self.engine.transport_failed(flow, self.now))

    def deliver(self, message: Request | Response, source: Address, to: Address) -> None:
        """Send from a peer to the engine."""
        data = serialize(message)
        flow = Flow("udp", to, source)
        self.after(LATENCY, lambda: self.engine.receive(data, flow, self.now))

    @property
    def attempts(self) -> list[tuple[str, str, str]]:
        """(egress, route, outcome) of every attempt that has ended, in order."""
        return [
            (one.attempt.egress, one.attempt.route, one.attempt.outcome)
            for one in self.records
            if isinstance(one, AttemptRecord)
        ]

    @property
    def answered(self) -> bool:
        """Whether there was one call, and it was answered."""
        return [call.ladder.result.kind for call in self.calls] == ["answered"]

    @property
    def calls(self) -> list[CallRecord]:
        return [one for one in self.records if isinstance(one, CallRecord)]

    def sent_flow(self, message: Request) -> Flow:
        """The flow that a request went by."""
        branch = message.via.branch
        return next(flow for _, flow, one in self.sent if one.via.branch == branch)

    def sent_to(self, address: Address, kind: str | int) -> list[Request | Response]:
        """What went to an address: requests by method, responses by status."""
        return [
            message
            for _, flow, message in self.sent
            if flow.remote == address
            and kind == (message.method if isinstance(message, Request) else message.status)
        ]


class Peer:
    """Somebody at an address who keeps what arrives."""

    def __init__(self, world: World, address: Address) -> None:
        self.world = world
        self.address = address
        self.heard: list[tuple[float, Request | Response]] = []
        world.peers[address] = self

    def receive(self, message: Request | Response, source: Address) -> None:
        self.heard.append((self.world.now, message))
        if isinstance(message, Request):
            self.request(message, source)
        else:
            self.response(message, source)

    def request(self, request: Request, source: Address) -> None:
        """BYE and every other request in a dialog is answered 200."""
        if request.method != "ACK":
            self.world.deliver(make_response(request, 200), self.address, source)

    def response(self, response: Response, source: Address) -> None:
        """Kept, nothing more."""

    def requests(self, method: str) -> list[Request]:
        return [m for _, m in self.heard if isinstance(m, Request) and m.method == method]

    def statuses(self) -> list[int]:
        return [m.status for _, m in self.heard if isinstance(m, Response)]


Line = tuple[float, int] | tuple[float, int, dict[str, str]]


class Callee(Peer):
    """Answers each new INVITE by a script of (seconds after it, status, extra fields)."""

    def __init__(self, world: World, address: Address, *script: Line) -> None:
        super().__init__(world, address)
        self.script = script
        self.tag = f"callee-{address[0]}"
        self.finals: set[bytes] = set()
        self.invite: Request | None = None
        self.source: Address = ("", 0)

    def request(self, request: Request, source: Address) -> None:
        if request.method == "INVITE":
            known = [one for one in self.requests("INVITE") if one.call_id == request.call_id]
            if len(known) == 1 or request.to.tag is not None:
                self.invite, self.source = request, source
                for line in self.script:
                    self._later(request, source, line)
        elif request.method == "CANCEL":
            self.world.deliver(make_response(request, 200), self.address, source)
            if self.invite is not None:
                self.reply(self.invite, source, 487)
        else:
            super().request(request, source)

    def _later(self, request: Request, source: Address, line: Line) -> None:
        seconds, status = line[0], line[1]
        fields = line[2] if len(line) > 2 else {}
        self.world.after(seconds, lambda: self.reply(request, source, status, **fields))

    def reply(self, request: Request, source: Address, status: int, **fields: str) -> None:
        """Send a response, unless the INVITE has had its final one."""
        branch = request.via.branch
        if branch in self.finals:
            return
        if status >= 200:
            self.finals.add(branch)
        self.world.deliver(self.make(request, status, **fields), self.address, source)

    def make(self, request: Request, status: int, **fields: str) -> Response:
        """A response with our tag and Contact; `body` and header fields as given."""
        tag = fields.pop("tag", self.tag).encode()
        response = make_response(request, status, to_tag=tag if status > 100 else None)
        response.phrase = fields.pop("phrase", response.phrase.decode()).encode()
        response.body = fields.pop("body", "").encode()
        contact = f"<sip:{self.address[0]}:{self.address[1]}>"
        response.headers.add(b"contact", contact.encode())
        for name, value in fields.items():
            response.headers.add(name.replace("_", "-").lower().encode(), value.encode())
        return response


class Caller(Peer):
    """Places calls, acknowledges what must be, and remembers what it was told."""

    def __init__(self, world: World, address: Address = CALLER) -> None:
        super().__init__(world, address)
        self.acks = True
        self.calls = itertools.count(1)
        self.invite: Request | None = None

    def call(self, number: str = "+13125550123", body: bytes = SDP, **fields: str) -> Request:
        """Send an INVITE; keyword arguments are more header fields, by their names."""
        n = next(self.calls)
        host = self.address[0]
        lines = {
            "via": f"SIP/2.0/UDP {host}:5060;branch=z9hG4bKcaller{n};rport",
            "max-forwards": "70",
            "from": f'"Ann" <sip:+13125550001@{host}>;tag=caller{n}',
            "to": f"<sip:{number}@{SIPFO[0]}>",
            "call-id": f"call{n}@{host}",
            "cseq": "1 INVITE",
            "contact": f"<sip:ann@{host}:5060>",
            "content-type": "application/sdp",
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        text = f"INVITE sip:{number}@{SIPFO[0]} SIP/2.0\r\n"
        text += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        invite = parse(text.encode() + b"\r\n" + body)
        assert isinstance(invite, Request)
        self.invite = invite
        self.world.deliver(invite, self.address, SIPFO)
        return invite

    def again(self) -> None:
        """Retransmit the INVITE."""
        assert self.invite is not None
        self.world.deliver(self.invite, self.address, SIPFO)

    def cancel(self) -> None:
        """CANCEL the INVITE."""
        assert self.invite is not None
        self.world.deliver(make_cancel(self.invite), self.address, SIPFO)

    def response(self, response: Response, source: Address) -> None:
        if response.status >= 200 and response.cseq.method == "INVITE" and self.acks:
            self.ack(response)

    def ack(self, response: Response, body: bytes = b"") -> None:
        """Acknowledge a final response."""
        assert self.invite is not None
        ack = self.within("ACK", response, response.cseq.number, body=body)
        if response.status >= 300:
            ack.headers.set(b"via", self.invite.headers.lines(b"via")[0])
        self.world.deliver(ack, self.address, SIPFO)

    def within(
        self, method: str, response: Response, cseq: int, body: bytes = b"", **fields: str
    ) -> Request:
        """A request in the dialog that a response made."""
        contact = response.contact
        uri = contact.uri.decode() if contact is not None else f"sip:{SIPFO[0]}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"via: SIP/2.0/UDP {self.address[0]}:5060;branch=z9hG4bK{method}{cseq};rport",
            "max-forwards: 70",
            f"from: {response.from_.encode().decode()}",
            f"to: {response.to.encode().decode()}",
            f"call-id: {response.call_id.decode()}",
            f"cseq: {cseq} {method}",
            f"contact: <sip:ann@{self.address[0]}:5060>",
            *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
        ]
        request = parse("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        assert isinstance(request, Request)
        return request

    def say(self, method: str, response: Response, cseq: int, body: bytes = b"", **f: str) -> None:
        """Send a request in the dialog that a response made."""
        self.world.deliver(self.within(method, response, cseq, body=body, **f), self.address, SIPFO)

    def last(self, status: int) -> Response:
        """The latest response to the INVITE with a status."""
        return [
            m
            for _, m in self.heard
            if isinstance(m, Response) and m.status == status and m.cseq.method == "INVITE"
        ][-1]
