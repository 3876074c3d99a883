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

Method = Literal["sequential", "round-robin"]
Absence = Literal["silent", "refuses", "unresolvable"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address in its canonical form (IPv6 without brackets) and a port, if one is given."""

    host: str
    port: int | None
    span: Span


@dataclass(frozen=True, slots=True)
class Listen:
    transport: model.Transport
    endpoint: Endpoint
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
    """A SIP URI in its canonical form."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class ToRegion:
    """A region as a destination: its primary, then its secondary address."""

    region: Word


@dataclass(frozen=True, slots=True)
class Route:
    name: Word
    destination: Uri | ToRegion | None


@dataclass(frozen=True, slots=True)
class Telephone:
    """A number, or the beginning of one, in E.164 form with `+`."""

    digits: str
    span: Span


@dataclass(frozen=True, slots=True)
class Carrier:
    name: Word
    destination: Uri | ToRegion | None
    prefixes: tuple[Telephone, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """Numbers that a trunk says are its own."""

    numbers: model.Numbers
    span: Span


@dataclass(frozen=True, slots=True)
class Forward:
    number: Telephone | None
    carriers: tuple[Word, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Trunk:
    """`egresses` is empty when it sends from the listening address; `whole` is false when a part
    of it could not be read."""

    name: Word
    claims: tuple[Claim, ...]
    accept: model.Accept | None
    egresses: tuple[Word, ...]
    method: Method | None
    routes: tuple[Word, ...]
    retry: Word | None
    deadline: float | None
    forward: Forward | None
    whole: bool


@dataclass(frozen=True, slots=True)
class Call:
    trunk: Word
    number: Telephone | None
    calls_before: int
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
    carriers: tuple[Carrier, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    tests: tuple[Test, ...] = ()
