"""A plan to what the templates print: every decision is made here, and every text is made safe.

What would surprise: `Uses` drives what is written at all. A policy without carriers gets a
configuration without a word about carriers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipfo.compiler.targets.kamailio.encode import (
    Comment,
    Identifier,
    Literal,
    String,
    comment,
    identifier,
    literal,
    socket_literal,
    whole_word,
)
from sipfo.compiler.targets.kamailio.tables import retry_names
from sipfo.compiler.targets.places import places, used_retries
from sipfo.compiler.targets.sockets import sockets, transports
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import (
    AnyNumber,
    Carrier,
    CommitOnCode,
    Limit,
    NumberPrefix,
    NumberRange,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Plan,
    Retry,
    Route,
    Rule,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Uses:
    """What a plan needs of the configuration."""

    streams: bool
    tls: bool
    networks: bool
    anyone: bool
    credentials: bool
    ranges: bool
    prefixes: bool
    any: bool
    inner_sockets: bool
    turns: bool
    weighted: bool
    route_major: bool
    carriers: bool
    names: bool
    numeric: bool
    deadline: bool
    commit: bool
    tags: bool
    trusted: bool
    auth: bool
    probes: bool
    rates: bool
    calls: bool
    trunk_limits: bool
    carrier_limits: bool
    carrier_calls: bool
    cluster: bool
    six: bool
    registrars: bool
    registered: bool


@dataclass(frozen=True, slots=True)
class SocketLine:
    """A `listen`, and whom it is for."""

    address: Literal
    name: Literal
    comment: Comment


@dataclass(frozen=True, slots=True)
class Case:
    """One match of a retry policy, as its block of the configuration writes it."""

    verdict: int
    source: Comment
    word: Literal | None = None
    code: int | None = None
    pattern: String | None = None
    cause: int | None = None
    first: int | None = None
    last: int | None = None
    condition: Literal | None = None


@dataclass(frozen=True, slots=True)
class RetryView:
    """A retry policy as two route blocks."""

    title: Comment
    route: Identifier
    commit_route: Identifier
    locals: tuple[Case, ...]
    tags: tuple[Case, ...]
    causes: tuple[Case, ...]
    codes: tuple[Case, ...]
    ranges: tuple[Case, ...]
    commits: tuple[Case, ...]
    otherwise: int
    otherwise_source: Comment


FAILOVER: Final = 1
STOP: Final = -1


def uses(plan: Plan, cluster: bool = False) -> Uses:
    """What a plan needs, of a machine alone or of a member of its cluster."""
    found = places(plan)
    trunks = plan.trunks
    claims = [claim for trunk in trunks for claim in trunk.numbers]
    used = transports(plan) | {one.transport for one in plan.listen}
    none = Limit()  # a plan by hand may limit nothing
    limits = [one.limit for one in trunks if one.limit is not None and one.limit != none]
    carried = [one.of.limit for one in found if isinstance(one.of, Carrier) and one.of.limit]
    carried = [one for one in carried if one != none]
    retries = used_retries(plan)
    destinations = [one for place in found for one in place.destinations]
    return Uses(
        streams=bool(used & {"tcp", "tls"}),
        tls="tls" in used,
        networks=any(trunk.accept.networks for trunk in trunks),
        anyone=any(trunk.accept.anyone for trunk in trunks),
        credentials=any(trunk.accept.credentials for trunk in trunks),
        ranges=any(isinstance(claim, NumberRange) for claim in claims),
        prefixes=any(isinstance(claim, NumberPrefix) for claim in claims),
        any=any(isinstance(claim, AnyNumber) for claim in claims),
        inner_sockets=cluster or any(not one.door for one in sockets(plan)),
        turns=any(trunk.method == "round-robin" for trunk in trunks),
        weighted=any(trunk.method == "weighted" for trunk in trunks),
        route_major=any(trunk.order == "route-major" for trunk in trunks),
        carriers=any(isinstance(one.of, Carrier) for one in found),
        names=any(not one.is_numeric for one in destinations),
        numeric=any(one.is_numeric for one in destinations),
        deadline=any(trunk.deadline is not None for trunk in trunks),
        commit=any(retry.commit for retry in retries),
        tags=any(isinstance(rule.match, OnTag) for one in retries for rule in one.rules),
        trusted=any(trunk.trusted for trunk in trunks) or any(one.of.trusted for one in found),
        auth=any(one.of.auth is not None for one in found),
        probes=any(one.of.probe is not None for one in found),
        rates=any(one.per_second is not None for one in (*limits, *carried)),
        calls=any(one.calls is not None for one in (*limits, *carried)),
        trunk_limits=bool(limits),
        carrier_limits=bool(carried),
        carrier_calls=any(one.calls is not None for one in carried),
        cluster=cluster,
        six=any(":" in one.host for one in plan.listen),
        registrars=bool(plan.registrars),
        registered=any(isinstance(one.of, Route) and one.of.registered for one in found),
    )


def socket_lines(plan: Plan) -> tuple[SocketLine, ...]:
    """Every `listen`, in order. Raises CannotSay."""
    return tuple(
        SocketLine(
            socket_literal(one.address),
            literal(one.tag(number)),
            comment(one.purpose),
        )
        for number, one in enumerate(sockets(plan), start=1)
    )


def retry_views(plan: Plan, retries: Source) -> tuple[RetryView, ...]:
    """The retry policies as route blocks. Raises CannotSay."""
    names = retry_names(plan)
    return tuple(_view(retry, names[retry.name], retries) for retry in used_retries(plan))


def _view(retry: Retry, name: str, sources: Source) -> RetryView:
    cases = list(_cases(retry, sources))
    ranges = sorted(
        (case for case in cases if case.first is not None),
        key=lambda case: ((case.last or 0) - (case.first or 0), case.first or 0),
    )
    tagged = [rule for rule in retry.rules if isinstance(rule.match, OnTag)]
    tagged.sort(key=lambda rule: -len(rule.match.tag) if isinstance(rule.match, OnTag) else 0)
    return RetryView(
        title=comment(" ".join(filter(None, [retry.name, sources.retry(retry.name)]))),
        route=identifier("RETRY", name),
        commit_route=identifier("COMMIT", name),
        locals=tuple(case for case in cases if case.word is not None),
        tags=tuple(_tag(retry, rule, sources) for rule in tagged),
        causes=tuple(case for case in cases if case.cause is not None),
        codes=tuple(case for case in cases if case.code is not None),
        ranges=tuple(ranges),
        commits=tuple(_commits(retry, sources)),
        otherwise=_number(retry.otherwise),
        otherwise_source=comment(sources.rule(retry.name, None)),
    )


def _cases(retry: Retry, sources: Source) -> Iterator[Case]:
    for rule in retry.rules:
        verdict = _number(rule.verdict)
        source = comment(sources.rule(retry.name, rule))
        match rule.match:
            case OnLocal(outcome=outcome):
                yield Case(verdict, source, word=literal(outcome))
            case OnCode(code=code):
                yield Case(verdict, source, code=code)
            case OnRange(first=first, last=last):
                yield Case(verdict, source, first=first, last=last)
            case OnCause(cause=cause):
                yield Case(verdict, source, cause=cause)
            case OnTag():
                continue  # these go by length: see `_view`


def _tag(retry: Retry, rule: Rule, sources: Source) -> Case:
    assert isinstance(rule.match, OnTag)
    return Case(
        _number(rule.verdict),
        comment(sources.rule(retry.name, rule)),
        code=rule.match.code,
        pattern=whole_word(rule.match.tag),
    )


def _commits(retry: Retry, sources: Source) -> Iterator[Case]:
    conditions = {"early-media": "has_body()", "progress": "$rs > 100"}
    for point in retry.commit:
        source = comment(sources.commit(retry.name, point))
        if isinstance(point, CommitOnCode):
            yield Case(STOP, source, condition=Literal(f"$rs == {point.code}"))
        elif point.point in conditions:
            yield Case(STOP, source, condition=Literal(conditions[point.point]))


def _number(verdict: Verdict) -> int:
    return FAILOVER if verdict == "failover" else STOP
