"""The retry policies as chains of conditions, the most specific match first.

What would surprise: `$avp(code)` of what was found out here is the code that stands for it, so that a
timeout which the policy does not name goes by what the policy says of 408.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipfo.compiler.targets.opensips.encode import (
    Comment,
    Condition,
    Identifier,
    Sought,
    comment,
    has_cause,
    identifier,
    sought,
)
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import (
    Commit,
    CommitOnCode,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Retry,
    Rule,
    Verdict,
)

FAILOVER: Final = 1
STOP: Final = -1

_RESPONDED: Final = '$avp(outcome) == "response"'


@dataclass(frozen=True, slots=True)
class Case:
    """One condition, and what it decides (1: failover, -1: stop; of a commit point, -1). With `tag`,
    that must be found as well."""

    when: Condition
    verdict: int
    source: Comment
    tag: Sought | None = None


@dataclass(frozen=True, slots=True)
class Judging:
    """A retry policy as two route blocks."""

    title: Comment
    route: Identifier
    commit_route: Identifier
    cases: tuple[Case, ...]
    commits: tuple[Case, ...]
    otherwise: int
    otherwise_source: Comment


def judging(retry: Retry, name: str, sources: Source) -> Judging:
    """A retry policy, whose blocks end in `name`. Raises CannotSay."""
    otherwise = _number(retry.otherwise)
    unnamed = Case(Condition('$avp(outcome) == "transport-error"'), otherwise, comment("not named"))
    rules = [
        Case(
            _condition(rule),
            _number(rule.verdict),
            comment(sources.rule(retry.name, rule)),
            sought(rule.match.tag) if isinstance(rule.match, OnTag) else None,
        )
        for rule in sorted(retry.rules, key=_place)
    ]
    local = sum(isinstance(rule.match, OnLocal) for rule in retry.rules)
    return Judging(
        title=comment(" ".join(filter(None, [retry.name, sources.retry(retry.name)]))),
        route=identifier("RETRY", name),
        commit_route=identifier("COMMIT", name),
        cases=(*rules[:local], unnamed, *rules[local:]),
        commits=tuple(_commits(retry, sources)),
        otherwise=otherwise,
        otherwise_source=comment(sources.rule(retry.name, None)),
    )


def _place(rule: Rule) -> tuple[int, int, int]:
    """What decides first: what was found out here, then the longest tag, a cause, a code, the
    narrowest range."""
    match rule.match:
        case OnLocal():
            return 0, 0, 0
        case OnTag(tag=tag):
            return 1, -len(tag), 0
        case OnCause():
            return 2, 0, 0
        case OnCode():
            return 3, 0, 0
        case OnRange(first=first, last=last):
            return 4, last - first, first


def _condition(rule: Rule) -> Condition:
    match rule.match:
        case OnLocal(outcome=outcome):
            return Condition(f'$avp(outcome) == "{outcome}"')
        case OnTag(code=code):
            return Condition(f"{_RESPONDED} && $avp(code) == {code}")
        case OnCause(cause=cause):
            return Condition(f"{_RESPONDED} && {has_cause(cause)}")
        case OnCode(code=code):
            return Condition(f"$avp(code) == {code}")
        case OnRange(first=first, last=last):
            return Condition(f"$avp(code) >= {first} && $avp(code) <= {last}")


def _commits(retry: Retry, sources: Source) -> Iterator[Case]:
    for point in retry.commit:
        when = _moment(point)
        if when is not None:
            yield Case(when, STOP, comment(sources.commit(retry.name, point)))


def _moment(point: Commit) -> Condition | None:
    """What of a provisional response commits; `answer` is none."""
    if isinstance(point, CommitOnCode):
        return Condition(f"$T_reply_code == {point.code}")
    return {
        "early-media": Condition("has_body()"),
        "progress": Condition("$T_reply_code > 100"),
        "answer": None,
    }[point.point]


def _number(verdict: Verdict) -> int:
    return FAILOVER if verdict == "failover" else STOP
