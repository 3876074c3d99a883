"""A registrar in virtual time, and telephones that register at it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from runtime.world import CALLER, LATENCY, SIPFO, Peer, World, policy
from sipfo.plan.model import Instance, Plan, Registered, RegisteredUser, Registrar, Route
from sipfo.runtime.limits import Limits
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.digest import Challenge, parse_challenge
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response, serialize

DOMAIN = "sip.acme.example"
PASSWORDS = {"ALICE_PW": Secret("open sesame"), "BOB_PW": Secret("friend")}
PHONE = ("198.51.100.77", 5060)
EDGE = ("192.0.2.21", 5060)
THIRD = ("198.51.100.40", 5060)
USERS = (
    RegisteredUser(name="alice", secret="ALICE_PW"),
    RegisteredUser(name="bob", secret="BOB_PW"),
)


def office() -> Plan:
    """Alice's route before pbx-west; the first instance is the address that takes calls."""
    plan = policy(egress=("us.primary",))
    instances = (
        Instance(name="here", host=SIPFO[0], port=5060),
        Instance(name="edge", host=EDGE[0], port=5060),
        Instance(name="third", host=THIRD[0], port=5060),
    )
    desk = Route(
        name="pbx-east",
        destinations=tuple(f"sip:alice@{one.host}" for one in instances),
        levels=tuple(one.name for one in instances),
        registered=Registered(user="alice", registrar="office"),
    )
    registrar = Registrar(name="office", domain=DOMAIN, users=USERS, instances=instances)
    return plan.model_copy(update={"routes": (desk, plan.routes[1]), "registrars": (registrar,)})


def world(limits: Limits | None = None) -> World:
    return World(office(), secrets=PASSWORDS, limits=limits)


@dataclass
class Telephone:
    """Somebody who registers; every field of a REGISTER can be said otherwise."""

    world: World
    user: str = "alice"
    password: bytes = b"open sesame"
    source: tuple[str, int] = PHONE
    call_id: bytes = b"registration-1"
    number: int = 0
    challenge: Challenge | None = None
    count: int = 0
    transport: str = "udp"
    connection: int | None = None
    algorithm: bytes = b"SHA-256"
    said: list[Response] = field(default_factory=list)

    def ask(
        self,
        *contacts: str,
        fields: tuple[tuple[bytes, bytes], ...] = (),
        number: int | None = None,
        count: int | None = None,
        digest: bool = True,
        to: str | None = None,
        uri: str = f"sip:{DOMAIN}",
        via: str = ";rport",
        more_vias: int = 0,
    ) -> Response:
        """Send one REGISTER and return what is answered to it, a challenge too."""
        self.number = self.number + 1 if number is None else number
        headers = Headers()
        branch = f"z9hG4bK{self.call_id.decode()}{self.number}{len(self.said)}"
        where = f"{self.source[0]}:{self.source[1]}"
        headers.add(
            b"via", f"SIP/2.0/{self.transport.upper()} {where};branch={branch}{via}".encode()
        )
        for place in range(more_vias):
            headers.add(b"via", f"SIP/2.0/UDP 10.9.9.{place + 1};branch=z9hG4bKx{place}".encode())
        headers.add(b"max-forwards", b"70")
        headers.add(b"from", f"<sip:{self.user}@{DOMAIN}>;tag=1".encode())
        headers.add(b"to", f"<{to or f'sip:{self.user}@{DOMAIN}'}>".encode())
        headers.add(b"call-id", self.call_id)
        headers.add(b"cseq", f"{self.number} REGISTER".encode())
        for contact in contacts:
            headers.add(b"contact", contact.encode())
        for one in fields:
            headers.add(*one)
        if self.challenge is not None and digest:
            self.count = self.count + 1 if count is None else count
            headers.add(b"authorization", self._proof(uri, self.count))
        request = Request("REGISTER", uri.encode(), headers)
        return self.send(request)

    def send(self, request: Request) -> Response:
        """Send a request and return what is answered to it."""
        flow = Flow(self.transport, SIPFO, self.source, self.connection)
        world = self.world
        data = serialize(request)
        before = len(world.sent)
        world.after(LATENCY, lambda: world.engine.receive(data, flow, world.now))
        world.run(world.now + 0.1)
        found = [
            one
            for _, _, one in world.sent[before:]
            if isinstance(one, Response) and one.cseq.method == "REGISTER"
        ]
        assert found, "nothing was answered"
        self.said.append(found[-1])
        return found[-1]

    def register(self, *contacts: str, **more: object) -> Response:
        """Register, and answer the challenge if there is one."""
        said = self.ask(*contacts, **more)  # type: ignore[arg-type]  # by its names
        if said.status == 401:
            self.take(said)
            said = self.ask(*contacts, **more)  # type: ignore[arg-type]  # by its names
        return said

    def take(self, challenged: Response) -> None:
        """Keep the challenge of the algorithm that it speaks."""
        every = [parse_challenge(one) for one in challenged.headers.lines(b"www-authenticate")]
        self.challenge = next(one for one in every if one.algorithm == self.algorithm)
        self.count = 0

    def _proof(self, uri: str, count: int) -> bytes:
        """RFC 7616 §3.4.1, written anew."""
        assert self.challenge is not None
        one = self.challenge
        hashed = hashlib.sha256 if self.algorithm == b"SHA-256" else hashlib.md5

        def h(*parts: bytes) -> bytes:
            return hashed(b":".join(parts)).hexdigest().encode()

        user, nc = self.user.encode(), b"%08x" % count
        a1, a2 = h(user, one.realm, self.password), h(b"REGISTER", uri.encode())
        response = h(a1, one.nonce, nc, b"c0ffee", b"auth", a2)
        return (
            b'Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=%s,'
            b' qop=auth, nc=%s, cnonce="c0ffee"'
        ) % (user, one.realm, one.nonce, uri.encode(), response, self.algorithm, nc)


class Answering(Peer):
    """A telephone that answers 200, with a Contact that may be of use to nobody."""

    contact = b"<sip:alice@10.0.0.5:5060>"

    def request(self, request: Request, source: tuple[str, int]) -> None:
        if request.method != "INVITE":
            super().request(request, source)
            return
        response = make_response(request, 200, to_tag=b"phone")
        response.headers.add(b"contact", self.contact)
        response.headers.add(b"content-type", b"application/sdp")
        response.body = b"v=0\r\n"
        self.world.deliver(response, self.address, source)


def contacts(response: Response) -> list[str]:
    """The Contact values of a 200, without their seconds."""
    said = [one.decode() for one in response.headers.all(b"contact")]
    return [one.partition(";expires=")[0] for one in said]


__all__ = ["CALLER", "Answering", "Telephone", "contacts", "office", "world"]
