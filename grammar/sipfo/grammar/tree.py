"""The syntax tree: one frozen class per rule of sipfo.lark, fields in the order of its parts.

Every node knows its span. Values are still words (an address here may be nonsense): the tree says
what was written, the policy says what it means.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sipfo.grammar.source import Span

LISTS = frozenset(
    {
        *("file", "region_body", "retry_body", "route_body", "registrar_body", "carrier_body"),
        *(
            "trunk_body",
            "cluster_body",
            "test_body",
            "substitutes",
            "outcomes",
            "moments",
            "prefix_list",
            "number_list",
        ),
        *("networks", "credentials", "egresses", "names", "choice", "shares", "limits", "steps"),
    }
)
"""Rules that are a tuple of nodes, not a node."""


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a policy's text."""

    span: Span


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A name or value as written."""

    text: str


@dataclass(frozen=True, slots=True)
class LibraryName(Word):
    """The name of a library's block as the policy knows it, such as `us`; `qualified` is the one
    that is always right, `telnyx.us`. The parser makes none."""

    qualified: str


@dataclass(frozen=True, slots=True)
class Quoted(Node):
    """A string; `text` is what stands between the quotes."""

    text: str


@dataclass(frozen=True, slots=True)
class Block(Node):
    """A named block; `whole` is false when a statement in it could not be read."""

    name: Word | Quoted
    items: tuple[Node, ...]
    whole: bool = field(default=True, kw_only=True)


@dataclass(frozen=True, slots=True)
class File(Node):
    """A whole policy.

    `whole` is false when one of its statements could not be read: `lost` are the names that it may
    have declared, and `imports` says that it may have declared any name. Neither is "unknown".
    """

    statements: tuple[Node, ...]
    whole: bool = True
    lost: frozenset[str] = frozenset()
    imports: bool = False


# A file's statements


@dataclass(frozen=True, slots=True)
class Version(Node):
    number: Word


@dataclass(frozen=True, slots=True)
class ImportLibrary(Node):
    name: Word


@dataclass(frozen=True, slots=True)
class ImportFile(Node):
    path: Quoted


@dataclass(frozen=True, slots=True)
class Note(Node):
    """What whoever uses this should know; `sipfo check` shows it to who imports it."""

    note: Quoted


@dataclass(frozen=True, slots=True)
class Source(Node):
    """Where the facts around it were read, and when."""

    place: Quoted
    date: Word | None


@dataclass(frozen=True, slots=True)
class Listen(Node):
    transport: Word
    endpoint: Word


@dataclass(frozen=True, slots=True)
class ListenTls(Node):
    endpoint: Word
    certificate: Quoted
    key: Quoted | None


class Region(Block):
    __slots__ = ()


class Retry(Block):
    __slots__ = ()


class Route(Block):
    __slots__ = ()


class Registrar(Block):
    __slots__ = ()


class Carrier(Block):
    __slots__ = ()


class Trunk(Block):
    __slots__ = ()


class Cluster(Block):
    __slots__ = ()


class Test(Block):
    __slots__ = ()


# region


@dataclass(frozen=True, slots=True)
class Primary(Node):
    endpoint: Word


@dataclass(frozen=True, slots=True)
class Secondary(Node):
    endpoint: Word


@dataclass(frozen=True, slots=True)
class Domain(Node):
    host: Word


# retry


@dataclass(frozen=True, slots=True)
class Ending(Node):
    """What an attempt may end in."""


@dataclass(frozen=True, slots=True)
class Outcome(Ending):
    match: Word
    tag: Quoted | None


@dataclass(frozen=True, slots=True)
class Cause(Ending):
    number: Word


@dataclass(frozen=True, slots=True)
class FailoverOn(Node):
    outcomes: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class StopOn(Node):
    outcomes: tuple[Ending, ...]


@dataclass(frozen=True, slots=True)
class CommitOn(Node):
    moments: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Otherwise(Node):
    verdict: Word


@dataclass(frozen=True, slots=True)
class Timer(Node):
    phase: Word
    duration: Word


# route and carrier


@dataclass(frozen=True, slots=True)
class ToUri(Node):
    uri: Word


@dataclass(frozen=True, slots=True)
class ToRegion(Node):
    region: Word


@dataclass(frozen=True, slots=True)
class ToRegistered(Node):
    user: Word
    registrar: Word


@dataclass(frozen=True, slots=True)
class Prefixes(Node):
    prefixes: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Except(Node):
    prefixes: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Cost(Node):
    amount: Word


@dataclass(frozen=True, slots=True)
class Rates(Node):
    path: Quoted


@dataclass(frozen=True, slots=True)
class Shaping(Node):
    """`number strip COUNT prepend "DIGITS"`; one of the two may be missing."""

    strip: Word | None
    prepend: Quoted | None


@dataclass(frozen=True, slots=True)
class Auth(Node):
    user: Quoted
    secret: Word


@dataclass(frozen=True, slots=True)
class Trusted(Node):
    """`trusted`: nothing but the word."""


@dataclass(frozen=True, slots=True)
class AtOnce(Node):
    """`200 calls`."""

    count: Word


@dataclass(frozen=True, slots=True)
class PerSecond(Node):
    """`20 per second`."""

    count: Word


@dataclass(frozen=True, slots=True)
class Limit(Node):
    limits: tuple[AtOnce | PerSecond, ...]


@dataclass(frozen=True, slots=True)
class Probe(Node):
    every: Word
    down: Word | None
    up: Word | None


# registrar


@dataclass(frozen=True, slots=True)
class User(Node):
    name: Word
    secret: Word


@dataclass(frozen=True, slots=True)
class Instance(Node):
    name: Word
    endpoint: Word


# trunk


@dataclass(frozen=True, slots=True)
class NumberSet(Node):
    """`first .. last`, or `first` alone: a prefix, or `any`."""

    first: Word
    last: Word | None


@dataclass(frozen=True, slots=True)
class Numbers(Node):
    sets: tuple[NumberSet, ...]


@dataclass(frozen=True, slots=True)
class AcceptAnyone(Node):
    pass


@dataclass(frozen=True, slots=True)
class AcceptFrom(Node):
    networks: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Credential(Node):
    user: Quoted
    secret: Word


@dataclass(frozen=True, slots=True)
class AcceptCredential(Node):
    credentials: tuple[Credential, ...]


@dataclass(frozen=True, slots=True)
class SendFrom(Node):
    egresses: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Routes(Node):
    method: Word
    names: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Share(Node):
    """A route and its weight."""

    route: Word
    weight: Word


@dataclass(frozen=True, slots=True)
class Weighted(Node):
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Order(Node):
    order: Word


@dataclass(frozen=True, slots=True)
class Under(Node):
    """The trunk's `retry NAME`."""

    retry: Word


@dataclass(frozen=True, slots=True)
class Deadline(Node):
    duration: Word


@dataclass(frozen=True, slots=True)
class Patience(Node):
    duration: Word


@dataclass(frozen=True, slots=True)
class Forward(Node):
    """`choice` is one word, `listed` or `cheapest`, or none."""

    number: Word
    choice: tuple[Word, ...]
    carriers: tuple[Word, ...]
    at_most: Word | None
    egress: Word | None


class AlwaysForward(Forward):
    """The same, without a route tried before."""

    __slots__ = ()


# cluster


@dataclass(frozen=True, slots=True)
class Substitute(Node):
    """`192.0.2.11 for us.primary`: `place` is a region's address, `listen`, or an address."""

    address: Word
    place: Word


@dataclass(frozen=True, slots=True)
class Member(Node):
    """`endpoint` is where the other members reach it."""

    name: Word
    endpoint: Word
    substitutes: tuple[Substitute, ...] | None


# test


@dataclass(frozen=True, slots=True)
class Call(Node):
    trunk: Word
    number: Word
    after: Word | None
    drawing: tuple[Word, ...] | None


@dataclass(frozen=True, slots=True)
class Answers(Node):
    code: Word
    tag: Quoted | None
    cause: Word | None
    after: Word | None


@dataclass(frozen=True, slots=True)
class Signals(Node):
    """`rings`, `progress` or `trying`; or `silent`, `refuses`, `unresolvable`, `unregistered`."""

    signal: Word
    after: Word | None


@dataclass(frozen=True, slots=True)
class When(Node):
    destination: Word
    egress: Word | None
    steps: tuple[Answers | Signals, ...]


@dataclass(frozen=True, slots=True)
class RegisteredAt(Node):
    """`when desk registered at kss-b`: which instance holds the registration."""

    destination: Word
    instance: Word


@dataclass(frozen=True, slots=True)
class CallerCancels(Node):
    after: Word


@dataclass(frozen=True, slots=True)
class ExpectAttempt(Node):
    egress: Word
    destination: Word
    outcome: Word


@dataclass(frozen=True, slots=True)
class ExpectAnswered(Node):
    by: Word | None
    within: Word | None


@dataclass(frozen=True, slots=True)
class ExpectRefused(Node):
    code: Word
    by: Word | None
    within: Word | None


@dataclass(frozen=True, slots=True)
class ExpectCancelled(Node):
    within: Word | None
