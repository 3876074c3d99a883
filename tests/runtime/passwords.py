"""Plans with credentials, callees that ask for them, and callers that have them.

Both work their answers out by themselves from hashlib, so that they would notice a digest of ours
that is wrong in the same way on both sides.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from runtime.world import SDP, Address, Callee, Caller, Line, World, policy
from sipfo.plan.model import Accept, Credential, Plan, Route
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response

OURS: Final = "zanzibar"
ANNS: Final = "open sesame"
BOBS: Final = "swordfish"
SECRETS: Final = {"OURS": Secret(OURS), "ANN_PW": Secret(ANNS), "BOB_PW": Secret(BOBS)}

AUTH: Final = Credential(user="acme", secret="OURS")
ANN: Final = Credential(user="ann", secret="ANN_PW")
BOB: Final = Credential(user="bob", secret="BOB_PW")

_HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')


def with_auth(plan: Plan, *names: str) -> Plan:
    """The plan with an account of ours at these routes and carriers."""

    def at(one: Route) -> Route:
        return one.model_copy(update={"auth": AUTH}) if one.name in names else one

    carriers = tuple(
        one.model_copy(update={"auth": AUTH}) if one.name in names else one for one in plan.carriers
    )
    return plan.model_copy(
        update={"routes": tuple(at(one) for one in plan.routes), "carriers": carriers}
    )


def guarded(*credentials: Credential, networks: tuple[str, ...] = ()) -> Plan:
    """The usual plan, whose trunk lets in who has one of these credentials."""
    plan = policy()
    accept = Accept(networks=networks, credentials=credentials or (ANN,))
    trunk = plan.trunks[0].model_copy(update={"accept": accept})
    return plan.model_copy(update={"trunks": (trunk,)})


def world_of(plan: Plan, limits: Limits | None = None) -> World:
    """A world whose engine has the secrets."""
    return World(plan, secrets=SECRETS, limits=limits)


def notices(world: World) -> list[str]:
    """What the engine has noted."""
    return [one.text for one in world.records if isinstance(one, Notice)]


def parameters(value: bytes) -> dict[str, str]:
    """The parameters of a plain challenge or set of credentials."""
    scheme, _, rest = value.decode().partition(" ")
    assert scheme == "Digest"
    return dict(_PARAMETER.findall(rest))


def respond(said: dict[str, str], password: str, method: str) -> str:
    """What the `response` of credentials should be."""
    name = _HASHES[said.get("algorithm", "MD5")]

    def h(*parts: str) -> str:
        return hashlib.new(name, ":".join(parts).encode()).hexdigest()

    one, two = h(said["username"], said["realm"], password), h(method, said["uri"])
    if "qop" not in said:
        return h(one, said["nonce"], two)
    return h(one, said["nonce"], said["nc"], said["cnonce"], said["qop"], two)


class Asking(Callee):
    """Asks every request of some methods for the password of our account, then plays its script."""

    def __init__(
        self,
        world: World,
        address: Address,
        *script: Line,
        status: int = 407,
        realm: str = "pbx.example",
        algorithms: tuple[str, ...] = ("MD5",),
        methods: frozenset[str] = frozenset({"INVITE"}),
    ) -> None:
        super().__init__(world, address, *script)
        self.status = status
        self.realm = realm
        self.algorithms = algorithms
        self.methods = methods
        self.password = OURS
        self.stale = 0
        """Right answers that are met with a nonce that has gone stale."""
        self.before: tuple[Line, ...] = ()
        """What is said to an INVITE before it is challenged."""
        self.asked_after = 0.0
        """Seconds until it is challenged."""

    def request(self, request: Request, source: Address) -> None:
        if request.method not in self.methods:
            super().request(request, source)
        elif not self.is_right(request):
            for line in self.before:
                self._later(request, source, line)
            self.world.after(self.asked_after, lambda: self._ask(request, source, stale=False))
        elif self.stale:
            self.stale -= 1
            self._ask(request, source, stale=True)
        elif request.method == "INVITE":
            self.invite, self.source = request, source
            for line in self.script:
                self._later(request, source, line)
        else:
            self.world.deliver(make_response(request, 200), self.address, source)

    def credentials(self, request: Request) -> list[bytes]:
        """What answers the challenges of this status."""
        field = b"authorization" if self.status == 401 else b"proxy-authorization"
        return request.headers.lines(field)

    def is_right(self, request: Request) -> bool:
        """Whether a request proves the password."""
        for value in self.credentials(request):
            said = parameters(value)
            if said["realm"] == self.realm:
                right = said["response"] == respond(said, self.password, request.method)
                return right and (said["username"], said["uri"]) == ("acme", request.uri.decode())
        return False

    def _ask(self, request: Request, source: Address, *, stale: bool) -> None:
        if request.method == "INVITE":
            if request.via.branch in self.finals:
                return
            self.finals.add(request.via.branch)
        response = self.make(request, self.status)
        if request.to.tag is not None:
            response.headers.set(b"to", request.to.encode())
        field = b"www-authenticate" if self.status == 401 else b"proxy-authenticate"
        for algorithm in self.algorithms:
            nonce = f"n{len(self.heard)}"
            value = f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={algorithm}'
            value += ', qop="auth", opaque="o"' + ", stale=true" * stale
            response.headers.add(field, value.encode())
        self.world.deliver(response, self.address, source)


class Account(Caller):
    """A caller with a user and a password, which answers each challenge once."""

    def __init__(
        self,
        world: World,
        address: Address = ("203.0.113.7", 5060),
        user: str = "ann",
        password: str = ANNS,
        algorithm: str = "SHA-256",
    ) -> None:
        super().__init__(world, address)
        self.user = user
        self.password = password
        self.algorithm = algorithm
        self.answers = True
        self._tried: set[bytes] = set()

    def response(self, response: Response, source: Address) -> None:
        super().response(response, source)
        again = response.status == 407 and response.call_id not in self._tried
        if self.answers and again and response.cseq.method == "INVITE":
            self._tried.add(response.call_id)
            self.retry(response)

    def challenge(self, response: Response) -> dict[str, str]:
        """The challenge of our algorithm."""
        offered = [parameters(one) for one in response.headers.lines(b"proxy-authenticate")]
        return next(one for one in offered if one["algorithm"] == self.algorithm)

    def prove(self, challenge: dict[str, str], uri: str, count: int = 1, qop: bool = True) -> str:
        """The value of Proxy-Authorization."""
        said = {
            "username": self.user,
            "realm": challenge["realm"],
            "nonce": challenge["nonce"],
            "uri": uri,
            "algorithm": challenge["algorithm"],
        }
        if qop:
            said |= {"qop": "auth", "nc": f"{count:08x}", "cnonce": "0a4f113b"}
        said["response"] = respond(said, self.password, "INVITE")
        plain = ("algorithm", "qop", "nc")
        parts = [f"{k}={v}" if k in plain else f'{k}="{v}"' for k, v in said.items()]
        return "Digest " + ", ".join(parts)

    def retry(self, response: Response, **fields: str) -> Request:
        """The INVITE again, with credentials (RFC 3261 §22.3)."""
        assert self.invite is not None
        uri = self.invite.uri.decode()
        proof = self.prove(self.challenge(response), uri)
        same = {
            "from": self.invite.from_.encode().decode(),
            "call_id": response.call_id.decode(),
            "cseq": f"{response.cseq.number + 1} INVITE",
            "proxy_authorization": proof,
            **fields,
        }
        return self.call(uri.removeprefix("sip:").partition("@")[0], SDP, **same)
