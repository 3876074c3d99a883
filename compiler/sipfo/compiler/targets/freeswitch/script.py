"""What the script that places a call looks up: trunks, destinations, addresses and retry policies.

Which rule decides is worked out here, code by code, by the same judge that the machine asks; the
script gets runs of codes. What would surprise: times are whole seconds, rounded up, as FreeSWITCH has
no finer ones; the `no-response` timer is not here but in the sofia profiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from math import ceil

from sipfo.compiler.targets.freeswitch.capabilities import commits_on_media, commits_on_ringing
from sipfo.compiler.targets.freeswitch.causes import CAUSES, own_cause
from sipfo.compiler.targets.freeswitch.encode import (
    Comment,
    Text,
    comment,
    credential,
    dialled,
    text,
)
from sipfo.compiler.targets.freeswitch.profiles import profile_of, senders_of
from sipfo.compiler.targets.places import Place, carrier_key, places, route_key, used_retries
from sipfo.compiler.targets.sockets import bracketed
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import Carrier, Egress, OnCause, OnTag, Plan, Retry, Shaping, Trunk
from sipfo.plan.order import order_of
from sipfo.plan.outcome import Judge, responded, timed_out


@dataclass(frozen=True, slots=True)
class Destination:
    """One URI: a user of its own, if it has one, and what stands behind the `@`."""

    user: Text | None
    rest: Text
    family: int | None


@dataclass(frozen=True, slots=True)
class Where:
    """A route or carrier, with its destinations in failover order."""

    comment: Comment
    key: Text
    destinations: tuple[Destination, ...]
    user: Text | None
    password: Text | None
    strip: int
    prepend: Text


@dataclass(frozen=True, slots=True)
class Address:
    """An address to send from: its profile, and how it is written in a header."""

    name: Text
    profile: Text
    at: Text
    family: int


@dataclass(frozen=True, slots=True)
class Run:
    """Codes that fail over."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that decides before the code does."""

    code: int
    tag: Text
    failover: bool


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause that decides before the code does, but for the codes that have it anyway."""

    name: Text
    failover: bool
    own: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A retry policy."""

    comment: Comment
    name: Text
    runs: tuple[Run, ...]
    tags: tuple[Tag, ...]
    causes: tuple[Cause, ...]
    no_progress: bool
    no_answer: bool
    ringing: bool
    media: bool
    progress_timer: int
    answer_timer: int


@dataclass(frozen=True, slots=True)
class Line:
    """A trunk; `accept` is the name of its network list, of one that takes anyone's calls none;
    `deadline` is in milliseconds."""

    comment: Comment
    name: Text
    accept: Text | None
    egress: tuple[Text, ...]
    routes: tuple[Text, ...]
    weights: tuple[int, ...]
    method: Text
    route_major: bool
    retry: Text
    deadline: int | None
    number: Text | None
    carriers: tuple[Text, ...]
    forward_from: Text | None


def trunks(plan: Plan, source: Source) -> tuple[Line, ...]:
    """Every trunk. Raises CannotSay."""
    return tuple(_trunk(plan, one, source) for one in plan.trunks)


def destinations(plan: Plan, secrets: Mapping[str, str], source: Source) -> tuple[Where, ...]:
    """Every route and carrier that a trunk uses; `secrets` are the passwords by their names. Raises
    CannotSay."""
    return tuple(_place(one, secrets, source) for one in places(plan))


def addresses(plan: Plan) -> tuple[Address, ...]:
    """Every address to send from."""
    return tuple(
        Address(
            text(one.name),
            text(profile_of(plan, one.name)),
            dialled(_written(one)),
            6 if ":" in one.host else 4,
        )
        for one in plan.egress
        if _sends(plan, one)
    )


def policies(plan: Plan, source: Source) -> tuple[Policy, ...]:
    """Every retry policy that a trunk goes by. Raises CannotSay."""
    return tuple(_policy(one, source) for one in used_retries(plan))


def _trunk(plan: Plan, trunk: Trunk, source: Source) -> Line:
    forward = trunk.forward
    number = forward.number if forward is not None else None
    is_always = forward is not None and forward.always is True
    return Line(
        comment(" ".join(filter(None, [trunk.name, source.trunk(trunk.name)]))),
        text(trunk.name),
        None if trunk.accept.anyone else text(f"trunk-{trunk.name}"),
        tuple(map(text, trunk.egress)),
        () if is_always else tuple(text(route_key(name)) for name in trunk.routes),
        trunk.weights,
        text(trunk.method),
        trunk.order == "route-major",
        text(trunk.retry),
        None if trunk.deadline is None else max(1, round(trunk.deadline * 1000)),
        None if number is None else dialled(number),
        tuple(text(carrier_key(one.name)) for one in order_of(plan).carriers(trunk)),
        None if forward is None else text(forward.egress),
    )


def _place(place: Place, secrets: Mapping[str, str], source: Source) -> Where:
    of = place.of
    shaping = of.shaping if isinstance(of, Carrier) else None
    shaping = shaping or Shaping()
    return Where(
        comment(" ".join(filter(None, [place.name, source.destination(place.name)]))),
        text(place.key),
        tuple(
            Destination(
                None if one.user is None else dialled(one.user),
                dialled(one.behind_user),
                one.family,
            )
            for one in place.destinations
        ),
        None if of.auth is None else credential(of.auth.user),
        None if of.auth is None else credential(secrets[of.auth.secret]),
        shaping.strip,
        dialled(shaping.prepend),
    )


def _policy(retry: Retry, source: Source) -> Policy:
    judge = Judge(retry)

    def fails_over(code: int) -> bool:
        return judge.verdict(responded(code)) == "failover"

    return Policy(
        comment(" ".join(filter(None, [retry.name, source.retry(retry.name)]))),
        text(retry.name),
        tuple(_runs(fails_over)),
        tuple(_tags(retry)),
        tuple(_causes(retry)),
        judge.verdict(timed_out("no-progress")) == "failover",
        judge.verdict(timed_out("no-answer")) == "failover",
        commits_on_ringing(retry),
        commits_on_media(retry),
        ceil(retry.no_progress),
        ceil(retry.no_answer),
    )


def _runs(fails_over: Callable[[int], bool]) -> Iterator[Run]:
    for wanted, codes in groupby(range(300, 700), fails_over):
        run = list(codes)
        if wanted:
            yield Run(run[0], run[-1])


def _tags(retry: Retry) -> Iterator[Tag]:
    """The longer tag is looked for first, being the more specific."""
    found = [(one.match, one.verdict) for one in retry.rules if isinstance(one.match, OnTag)]
    for match, verdict in sorted(found, key=lambda one: -len(one[0].tag)):
        yield Tag(match.code, text(match.tag), verdict == "failover")


def _causes(retry: Retry) -> Iterator[Cause]:
    for rule in retry.rules:
        if isinstance(rule.match, OnCause) and rule.match.cause in CAUSES:
            cause = rule.match.cause
            own = tuple(code for code in range(400, 700) if own_cause(code) == cause)
            yield Cause(text(CAUSES[cause]), rule.verdict == "failover", own)


def _sends(plan: Plan, egress: Egress) -> bool:
    senders = {name for trunk in plan.trunks for name in senders_of(trunk)}
    return egress.name in senders


def _written(egress: Egress) -> str:
    return f"{bracketed(egress.host)}:{egress.port}"
