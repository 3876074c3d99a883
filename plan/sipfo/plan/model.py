"""The plan: what the compiler writes and every executor reads, as frozen values and as JSON.

Nothing in it needs the policy's source: names are resolved, defaults are filled in, times are
seconds. What would surprise: a plan holds no order of attempts; `order.py` derives it, because it
depends on how many calls came before (round robin).
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

PLAN_VERSION: Literal[2] = 2
"""The version of the plan's format; another version is refused, never guessed at."""

MAX_CARRIERS = 10
"""Most termination carriers of one forward ("up to 10 termination carriers", Telnyx)."""

MAX_INSTANCES = 3
"""Most instances of a registrar ("three levels of internal failover", Telnyx)."""

T1_64 = 32.0
"""64·T1 with the default T1 of 0.5 s: Timer B (RFC 3261 §17.1.1.2), in seconds."""

TIMER_C = 180.0
"""How long a ringing or proceeding attempt may last by default (RFC 3261 §16.6), in seconds."""


def _address(text: str) -> str:
    """An IP literal. A scope (`fe80::1%eth0`) is refused: Python takes anything after the sign."""
    if "%" in text:
        raise ValueError("an address with a scope")
    return str(ip_address(text))


def _network(text: str) -> str:
    """A network in CIDR form, with no host bits set."""
    return str(ip_network(text))


Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Code = Annotated[int, Field(ge=300, le=699)]
Number = Annotated[str, Field(pattern=r"^\+[0-9]{1,15}$")]
Prefix = Annotated[str, Field(pattern=r"^\+[0-9]{1,15}$")]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Uri = Annotated[str, Field(pattern=r"^sip:[!#-;=?-~]{1,512}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$")]
User = Annotated[str, Field(pattern=r"^[!#-;=?-~]{1,64}$")]
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
Path = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,4096}$")]
Money = Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Weight = Annotated[int, Field(ge=0, le=65535)]
Transport = Literal["udp", "tcp", "tls"]
Verdict = Literal["failover", "stop"]
LocalOutcome = Literal["transport-error", "no-response", "no-progress", "no-answer"]
Timer = Literal["no-response", "no-progress", "no-answer"]


class Part(BaseModel):
    """A frozen piece of the plan; unknown keys and loose types are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Listen(Part):
    """An address and transport that calls arrive on; `certificate` and `key` are paths of PEM files,
    there exactly for TLS (the key may be in the certificate's file)."""

    transport: Transport
    host: Address
    port: Port
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _certified(self) -> Self:
        if (self.transport == "tls") != (self.certificate is not None):
            raise ValueError("a certificate belongs to tls, and to nothing else")
        if self.key is not None and self.certificate is None:
            raise ValueError("a key belongs to a certificate")
        return self


class Egress(Part):
    """An address that attempts are sent from, under the name that ladders show."""

    name: Name
    host: Address
    port: Port


class Credential(Part):
    """A digest user; `secret` is the name of the password's secret, never the password."""

    user: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,64}$")]
    secret: SecretName


class Probe(Part):
    """OPTIONS every `every` seconds: down after so many failures in a row, up after successes."""

    every: Seconds
    down_after: Count
    up_after: Count


class Limit(Part):
    """Most calls at once, and most new calls in a second."""

    calls: Count | None = None
    per_second: Count | None = None


class Registered(Part):
    """A route's user at a registrar: its levels are the registrar's instances."""

    user: User
    registrar: Name


class Route(Part):
    """A named destination: `destinations` are one `sip:` URI, a region's two addresses or the
    instances of a registrar, in failover order. `levels` name them where they are several;
    `trusted` says that it keeps asserted identities to itself where a user wants that (RFC 3325)."""

    name: Name
    destinations: Annotated[tuple[Uri, ...], Field(min_length=1)]
    levels: tuple[Name, ...] = ()
    registered: Registered | None = None
    auth: Credential | None = None
    probe: Probe | None = None
    trusted: Literal[True] | None = None

    @model_validator(mode="after")
    def _levelled(self) -> Self:
        if self.levels and len(self.levels) != len(self.destinations):
            raise ValueError("levels name all destinations, or none")
        _unique("level", self.levels)
        return self


class RegisteredUser(Part):
    """Who may register; `secret` is the name of the password's secret."""

    name: User
    secret: SecretName


class Instance(Part):
    """One of the processes that hold a registrar's registrations."""

    name: Name
    host: Address
    port: Port


class Registrar(Part):
    """Credential authentication of users that register: RFC 3261 §10, up to three instances."""

    name: Name
    domain: Host
    users: tuple[RegisteredUser, ...]
    instances: Annotated[tuple[Instance, ...], Field(min_length=1, max_length=MAX_INSTANCES)]


class Shaping(Part):
    """How a carrier wants the number: the first `strip` characters of `+1312…` off (the plus is
    one), then `prepend` before the rest. Always from the original number."""

    strip: Annotated[int, Field(ge=0, le=16)] = 0
    prepend: Annotated[str, Field(pattern=r"^[0-9A-Da-d*#+]{0,32}$")] = ""


class Deck(Part):
    """A rate deck: the file that it was read from, how many rows it has, and its table as
    `rates.pack` writes it."""

    file: Path
    rows: Annotated[int, Field(ge=0)]
    table: str


class Carrier(Part):
    """A PSTN termination carrier; no prefixes means any number. `cost` is per minute, in the
    policy's own currency; `rates` names a deck that says both, by prefix and date. Numbers that
    begin with one of `excluded` are not for it, unless a longer prefix of its own says so.
    `trusted` is as of a route."""

    name: Name
    destination: Uri
    prefixes: tuple[Prefix, ...] = ()
    excluded: Annotated[tuple[Prefix, ...], Field(min_length=1)] | None = None
    cost: Money | None = None
    rates: Path | None = None
    shaping: Shaping | None = None
    auth: Credential | None = None
    limit: Limit | None = None
    probe: Probe | None = None
    trusted: Literal[True] | None = None

    @model_validator(mode="after")
    def _priced_once(self) -> Self:
        if self.rates is not None and (self.prefixes or self.cost is not None):
            raise ValueError("rates say which prefixes, and what they cost")
        return self


class OnLocal(Part):
    """Matches an outcome made here: a transport error or one of the three timers."""

    kind: Literal["local"] = "local"
    outcome: LocalOutcome


class OnCode(Part):
    """Matches a final response by its status code."""

    kind: Literal["code"] = "code"
    code: Code


class OnRange(Part):
    """Matches final responses from `first` to `last`; a class (`5xx`) is such a range."""

    kind: Literal["range"] = "range"
    first: Code
    last: Code

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"the range {self.first}-{self.last} is the wrong way round")
        return self


class OnTag(Part):
    """Matches a status code whose reason phrase or Reason header holds a vendor's tag."""

    kind: Literal["tagged"] = "tagged"
    code: Code
    tag: Annotated[str, Field(min_length=1, max_length=64)]


class OnCause(Part):
    """Matches a Q.850 cause in a Reason header (RFC 3326)."""

    kind: Literal["cause"] = "cause"
    cause: Annotated[int, Field(ge=1, le=127)]


Match = Annotated[OnLocal | OnCode | OnRange | OnTag | OnCause, Field(discriminator="kind")]


class Rule(Part):
    """What one outcome of an attempt means for the call."""

    match: Match
    verdict: Verdict


class CommitOnCode(Part):
    """Commits on one provisional status code."""

    kind: Literal["code"] = "code"
    code: Annotated[int, Field(ge=101, le=199)]


class CommitOn(Part):
    """Commits on a provisional with a body (early-media), any above 100 (progress), or never
    before the answer (answer)."""

    kind: Literal["point"] = "point"
    point: Literal["early-media", "progress", "answer"]


Commit = Annotated[CommitOnCode | CommitOn, Field(discriminator="kind")]


class Retry(Part):
    """A retry policy: outcome to verdict, the commit points, and the three timers in seconds."""

    name: Name
    rules: tuple[Rule, ...]
    otherwise: Verdict
    commit: tuple[Commit, ...] = ()
    no_response: Seconds = T1_64
    no_progress: Seconds = TIMER_C
    no_answer: Seconds = TIMER_C


class NumberRange(Part):
    """E.164 numbers of equal length from `first` to `last`, both included."""

    kind: Literal["range"] = "range"
    first: Number
    last: Number

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len(self.first) != len(self.last) or self.first > self.last:
            raise ValueError(f"no range: {self.first} to {self.last}")
        return self


class NumberPrefix(Part):
    """E.164 numbers that start with `prefix`; a whole number is a prefix of itself."""

    kind: Literal["prefix"] = "prefix"
    prefix: Prefix


class AnyNumber(Part):
    """Every called number, also one that is no telephone number."""

    kind: Literal["any"] = "any"


Numbers = Annotated[NumberRange | NumberPrefix | AnyNumber, Field(discriminator="kind")]


class Accept(Part):
    """Who may place a trunk's calls: from networks in CIDR form, with a digest credential (either
    will do), or anyone."""

    anyone: bool = False
    networks: tuple[Network, ...] = ()
    credentials: tuple[Credential, ...] = ()


class Forward(Part):
    """Where a call goes when every route has failed: a number, by carriers in order, from `egress`;
    without a number, to the one that was dialled.

    `choice` says how the order came about: as listed, or by cost; it has been done, unless a carrier
    has rates, which depend on the moment of the call. `always` says that calls go there at once: no
    route is tried. A carrier that costs more than `at_most` is left out.
    """

    number: Number | None = None
    carriers: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_CARRIERS)]
    egress: Name
    choice: Literal["listed", "cheapest"] = "listed"
    always: Literal[True] | None = None
    at_most: Money | None = None


class Trunk(Part):
    """Which calls, from whom, sent from which addresses, by which routes, under which policy.

    `weights` stand beside `routes`, there exactly for `weighted`; `patience` (seconds) is how long
    the caller's side waits: nothing is done about it, it is what analyses measure against.
    `trusted` says that identities which the caller's side asserts are true (RFC 3325).
    """

    name: Name
    numbers: Annotated[tuple[Numbers, ...], Field(min_length=1)]
    accept: Accept
    egress: Annotated[tuple[Name, ...], Field(min_length=1)]
    method: Literal["sequential", "round-robin", "weighted"]
    routes: Annotated[tuple[Name, ...], Field(min_length=1)]
    weights: tuple[Weight, ...] = ()
    order: Literal["source-major", "route-major"] = "source-major"
    retry: Name
    deadline: Seconds | None = None
    patience: Seconds | None = None
    limit: Limit | None = None
    trusted: Literal[True] | None = None
    forward: Forward | None = None

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        if len(self.weights) != (len(self.routes) if self.method == "weighted" else 0):
            raise ValueError("each route has a weight when the method is weighted, and only then")
        return self


class Member(Part):
    """One machine of a cluster. `host` and `port` are where the others reach it; `listen` and
    `egress` are the addresses that it has, beside the plan's own."""

    name: Name
    host: Address
    port: Port
    listen: tuple[Address, ...]
    egress: tuple[Address, ...]


class Cluster(Part):
    """The machines that carry a plan together, each from addresses of its own."""

    name: Name
    members: Annotated[tuple[Member, ...], Field(min_length=2)]


class Plan(Part):
    """A whole policy, compiled. Tuples keep the policy's order; names are unique within a kind."""

    version: Literal[2] = PLAN_VERSION
    listen: Annotated[tuple[Listen, ...], Field(min_length=1)]
    egress: tuple[Egress, ...]
    routes: tuple[Route, ...]
    registrars: tuple[Registrar, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    decks: Annotated[tuple[Deck, ...], Field(min_length=1)] | None = None
    retries: tuple[Retry, ...]
    trunks: Annotated[tuple[Trunk, ...], Field(min_length=1)]
    cluster: Cluster | None = None

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        """A plan may come from a file that somebody edited: every name in it must lead somewhere."""
        egress = _unique("egress", (one.name for one in self.egress))
        routes = _unique("route", (one.name for one in self.routes))
        carriers = _unique("carrier", (one.name for one in self.carriers))
        retries = _unique("retry", (one.name for one in self.retries))
        decks = _unique("deck", (one.file for one in self.decks or ()))
        for carrier in self.carriers:
            if carrier.rates is not None and carrier.rates not in decks:
                raise ValueError(f"carrier {carrier.name} names rates that the plan does not have")
        _unique("registrar", (one.name for one in self.registrars))
        _unique("trunk", (one.name for one in self.trunks))
        instances: dict[str, tuple[str, ...]] = {}
        for registrar in self.registrars:
            instances[registrar.name] = tuple(one.name for one in registrar.instances)
            _unique("instance", instances[registrar.name])
        for route in self.routes:
            if route.registered is not None:
                _at_registrar(route, route.registered.registrar, instances)
        if self.cluster is not None:
            _unique("member", (one.name for one in self.cluster.members))
            for one in self.cluster.members:
                if (len(one.listen), len(one.egress)) != (len(self.listen), len(self.egress)):
                    raise ValueError(f"member {one.name} has another number of addresses")
        for trunk in self.trunks:
            _known(trunk.name, "egress", trunk.egress, egress)
            _known(trunk.name, "route", trunk.routes, routes)
            _known(trunk.name, "retry", (trunk.retry,), retries)
            if trunk.forward is not None:
                _known(trunk.name, "egress", (trunk.forward.egress,), egress)
                _known(trunk.name, "carrier", trunk.forward.carriers, carriers)
                _unique("carrier of a forward", trunk.forward.carriers)
        return self


def _at_registrar(route: Route, registrar: str, instances: dict[str, tuple[str, ...]]) -> None:
    if registrar not in instances:
        raise ValueError(f"route {route.name} names a registrar that the plan does not have")
    if route.levels != instances[registrar]:
        raise ValueError(f"the levels of route {route.name} are not the instances of {registrar}")


def _known(trunk: str, kind: str, names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"trunk {trunk} names {kind} {name}, which the plan does not have")


def _unique(kind: str, names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{kind} {name} is there twice")
        seen.add(name)
    return seen
