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

PLAN_VERSION: Literal[1] = 1
"""The version of the plan's format; another version is refused, never guessed at."""

MAX_CARRIERS = 10
"""Most termination carriers of one forward ("up to 10 termination carriers", Telnyx)."""

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
Transport = Literal["udp", "tcp"]
Verdict = Literal["failover", "stop"]
LocalOutcome = Literal["transport-error", "no-response", "no-progress", "no-answer"]
Timer = Literal["no-response", "no-progress", "no-answer"]


class Part(BaseModel):
    """A frozen piece of the plan; unknown keys and loose types are refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Listen(Part):
    """An address and transport that calls arrive on."""

    transport: Transport
    host: Address
    port: Port


class Egress(Part):
    """An address that attempts are sent from, under the name that ladders show."""

    name: Name
    host: Address
    port: Port


class Route(Part):
    """A named destination: one `sip:` URI, or a region's two addresses in failover order."""

    name: Name
    destinations: Annotated[tuple[Uri, ...], Field(min_length=1)]


class Carrier(Part):
    """A PSTN termination carrier; no prefixes means any number."""

    name: Name
    destination: Uri
    prefixes: tuple[Prefix, ...] = ()


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
    """Who may place a trunk's calls: networks in CIDR form, or anyone."""

    anyone: bool = False
    networks: tuple[Network, ...] = ()


class Forward(Part):
    """Where a call goes when every route has failed: a number, by carriers in order."""

    number: Number
    carriers: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_CARRIERS)]
    egress: Name


class Trunk(Part):
    """Which calls, from whom, sent from which addresses, by which routes, under which policy."""

    name: Name
    numbers: Annotated[tuple[Numbers, ...], Field(min_length=1)]
    accept: Accept
    egress: Annotated[tuple[Name, ...], Field(min_length=1)]
    method: Literal["sequential", "round-robin"]
    routes: Annotated[tuple[Name, ...], Field(min_length=1)]
    retry: Name
    deadline: Seconds | None = None
    forward: Forward | None = None


class Plan(Part):
    """A whole policy, compiled. Tuples keep the policy's order; names are unique within a kind."""

    version: Literal[1] = PLAN_VERSION
    listen: Annotated[tuple[Listen, ...], Field(min_length=1)]
    egress: tuple[Egress, ...]
    routes: tuple[Route, ...]
    carriers: tuple[Carrier, ...] = ()
    retries: tuple[Retry, ...]
    trunks: Annotated[tuple[Trunk, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        """A plan may come from a file that somebody edited: every name in it must lead somewhere."""
        egress = _unique("egress", (one.name for one in self.egress))
        routes = _unique("route", (one.name for one in self.routes))
        carriers = _unique("carrier", (one.name for one in self.carriers))
        retries = _unique("retry", (one.name for one in self.retries))
        _unique("trunk", (one.name for one in self.trunks))
        for trunk in self.trunks:
            _known(trunk.name, "egress", trunk.egress, egress)
            _known(trunk.name, "route", trunk.routes, routes)
            _known(trunk.name, "retry", (trunk.retry,), retries)
            if trunk.forward is not None:
                _known(trunk.name, "egress", (trunk.forward.egress,), egress)
                _known(trunk.name, "carrier", trunk.forward.carriers, carriers)
                _unique("carrier of a forward", trunk.forward.carriers)
        return self


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
