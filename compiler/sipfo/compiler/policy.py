"""The policy: what a file means, with the span of everything that a check may want to point at.

Values are read (seconds, addresses, matches), names are not yet resolved: a reference is the word
that was written. A part that could not be read is None; the reason has been told already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sipfo.grammar.source import Span
from sipfo.grammar.tree import Word
from sipfo.plan import model
from sipfo.plan.scenario import Reply

Method = Literal["sequential", "round-robin", "weighted"]
Order = Literal["source-major", "route-major"]
Choice = Literal["listed", "cheapest"]
Absence = Literal["silent", "refuses", "unresolvable", "unregistered"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address in its canonical form (IPv6 without brackets) and a port, if one is given."""

    host: str
    port: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Listen:
    """`certificate` and `key` are paths, for TLS alone."""

    transport: model.Transport
    endpoint: Endpoint
    certificate: str | None
    key: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Region:
    """`domain` is the name whose SRV records stand for both addresses; no plan needs it yet."""

    name: Word
    primary: Endpoint | None
    secondary: Endpoint | None
    domain: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    match: model.Match
    verdict: model.Verdict
    span: Span


@dataclass(frozen=True, slots=True)
class CommitPoint:
    point: model.Commit
    span: Span


@dataclass(frozen=True, slots=True)
class Timer:
    phase: model.Timer
    seconds: float
    span: Span


@dataclass(frozen=True, slots=True)
class Retry:
    name: Word
    rules: tuple[Rule, ...]
    otherwise: model.Verdict | None
    otherwise_span: Span | None
    commits: tuple[CommitPoint, ...]
    timers: tuple[Timer, ...]


@dataclass(frozen=True, slots=True)
class Uri:
    """A SIP URI in its canonical form; `is_address` when its host is no name."""

    text: str
    span: Span
    is_address: bool = False


@dataclass(frozen=True, slots=True)
class ToRegion:
    """A region as a destination: its primary, then its secondary address."""

    region: Word


@dataclass(frozen=True, slots=True)
class ToRegistered:
    """A user wherever it is registered: the registrar's instances."""

    user: str
    user_span: Span
    registrar: Word


Destination = Uri | ToRegion | ToRegistered


@dataclass(frozen=True, slots=True)
class Probe:
    probe: model.Probe
    span: Span


@dataclass(frozen=True, slots=True)
class Limit:
    limit: model.Limit
    span: Span


@dataclass(frozen=True, slots=True)
class Route:
    name: Word
    destination: Destination | None
    auth: model.Credential | None
    probe: Probe | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class RegisteredUser:
    name: str
    secret: str
    span: Span


@dataclass(frozen=True, slots=True)
class Instance:
    """`endpoint` is None when it could not be read; the reason has been told."""

    name: Word
    endpoint: Endpoint | None


@dataclass(frozen=True, slots=True)
class Registrar:
    name: Word
    domain: str | None
    users: tuple[RegisteredUser, ...]
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class Telephone:
    """A number, or the beginning of one, in E.164 form with `+`."""

    digits: str
    span: Span


@dataclass(frozen=True, slots=True)
class Rates:
    """`rates "northstar.csv"`: the path as written, from the folder of the file that says so."""

    path: str
    span: Span


@dataclass(frozen=True, slots=True)
class Carrier:
    """`cost` is a decimal as text, so that no digit of it changes."""

    name: Word
    destination: Uri | ToRegion | None
    prefixes: tuple[Telephone, ...]
    excluded: tuple[Telephone, ...]
    cost: str | None
    cost_span: Span | None
    rates: Rates | None
    shaping: model.Shaping | None
    shaping_span: Span | None
    auth: model.Credential | None
    limit: Limit | None
    probe: Probe | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """Numbers that a trunk says are its own."""

    numbers: model.Numbers
    span: Span


@dataclass(frozen=True, slots=True)
class Forward:
    """`egress` is the forward's own; without one it is the trunk's first. `dialled` says that it
    goes to the number that was dialled, `always` that no route is tried before."""

    number: Telephone | None
    dialled: bool
    choice: Choice
    carriers: tuple[Word, ...]
    at_most: str | None
    at_most_span: Span | None
    egress: Word | None
    span: Span
    always: bool = False


@dataclass(frozen=True, slots=True)
class Time:
    seconds: float
    span: Span


@dataclass(frozen=True, slots=True)
class Trunk:
    """`weights` stand beside `routes` of a weighted trunk; `egresses` is empty when it sends from the listening address; `whole` is false when a part
    of it could not be read."""

    name: Word
    claims: tuple[Claim, ...]
    accept: model.Accept | None
    egresses: tuple[Word, ...]
    method: Method | None
    routes: tuple[Word, ...]
    weights: tuple[int, ...]
    order: Order
    retry: Word | None
    deadline: Time | None
    patience: Time | None
    limit: Limit | None
    trusted: bool
    forward: Forward | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Substitute:
    """An address that a member of a cluster has where the policy has another: `place` is how it is
    named (`listen`, `us.primary`, an address). `endpoint` is None when it could not be read."""

    endpoint: Endpoint | None
    place: Word
    span: Span


@dataclass(frozen=True, slots=True)
class Member:
    """`endpoint`, where the other members reach it, is None when it could not be read."""

    name: Word
    endpoint: Endpoint | None
    substitutes: tuple[Substitute, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The machines that carry the policy together."""

    name: Word
    members: tuple[Member, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Call:
    trunk: Word
    number: Telephone | None
    calls_before: int
    calls_before_span: Span | None
    drawn: tuple[Word, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Holder:
    """`when desk registered at kss-b`."""

    destination: Word
    instance: Word
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a destination does: a reply, or one of the three ways of not replying."""

    does: Reply | Absence
    span: Span
    delayed: bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    destination: Word
    egress: Word | None
    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Cancel:
    after: float
    span: Span


@dataclass(frozen=True, slots=True)
class SeenAttempt:
    egress: Word
    destination: Word
    outcome: str
    span: Span


@dataclass(frozen=True, slots=True)
class SeenResult:
    kind: Literal["answered", "refused", "cancelled"]
    code: int | None
    by: Word | None
    within: float | None
    span: Span


@dataclass(frozen=True, slots=True)
class Test:
    title: str
    call: Call | None
    behaviours: tuple[Behaviour, ...]
    holders: tuple[Holder, ...]
    cancels: tuple[Cancel, ...]
    attempts: tuple[SeenAttempt, ...]
    results: tuple[SeenResult, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy, in the order of the file."""

    listens: tuple[Listen, ...] = ()
    regions: tuple[Region, ...] = ()
    retries: tuple[Retry, ...] = ()
    routes: tuple[Route, ...] = ()
    registrars: tuple[Registrar, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    tests: tuple[Test, ...] = ()
