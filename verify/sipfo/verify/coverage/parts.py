"""A plan to its parts that tests can exercise: rules, timers and commit points of each retry policy
that a trunk uses, and what each trunk sends from and to.

A timer that has the default is no part: nobody wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, get_args

from sipfo.plan.model import (
    T1_64,
    TIMER_C,
    Commit,
    CommitOn,
    CommitOnCode,
    Match,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Plan,
    Retry,
    Rule,
    Timer,
    Trunk,
)
from sipfo.verify.write import seconds_text

DEFAULTS: Final[dict[Timer, float]] = {
    "no-response": T1_64,
    "no-progress": TIMER_C,
    "no-answer": TIMER_C,
}
TIMERS: Final[tuple[Timer, ...]] = get_args(Timer)

Kind = Literal[
    "rule",
    "otherwise",
    "timer",
    "commit",
    "route",
    "carrier",
    "address",
    "deadline",
    "method",
    "order",
]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the block `block name`: `subject` tells it from others of its kind, `words` are as
    the policy writes it."""

    block: Literal["retry", "trunk"]
    name: str
    kind: Kind
    subject: Rule | Commit | str
    words: str


def parts(plan: Plan) -> Iterator[Part]:
    """Every part that a test can exercise, policies first, in the order of the plan."""
    used = {trunk.retry for trunk in plan.trunks}
    for retry in plan.retries:
        if retry.name in used:
            yield from _policy_parts(retry)
    for trunk in plan.trunks:
        for egress in trunk.egress:
            yield of_trunk(trunk.name, "address", egress)
        for route in trunk.routes:
            yield of_trunk(trunk.name, "route", route)
        for carrier in trunk.forward.carriers if trunk.forward is not None else ():
            yield of_trunk(trunk.name, "carrier", carrier)


def _policy_parts(retry: Retry) -> Iterator[Part]:
    for rule in retry.rules:
        yield of_rule(retry, rule)
    for point in retry.commit:
        if not (isinstance(point, CommitOn) and point.point == "answer"):  # there is no other way
            yield of_commit(retry, point)
    yield of_rule(retry, None)
    for timer in TIMERS:
        if seconds_of(retry, timer) != DEFAULTS[timer]:
            yield of_timer(retry, timer)


def of_rule(retry: Retry, rule: Rule | None) -> Part:
    """A rule of a policy; None is its `otherwise`."""
    if rule is None:
        words = f"otherwise {retry.otherwise}"
        return Part("retry", retry.name, "otherwise", "", words)
    words = f"{rule.verdict} on {match_words(rule.match)}"
    return Part("retry", retry.name, "rule", rule, words)


def of_commit(retry: Retry, point: Commit) -> Part:
    """A commit point of a policy."""
    word = str(point.code) if isinstance(point, CommitOnCode) else point.point
    return Part("retry", retry.name, "commit", point, f"commit on {word}")


def of_timer(retry: Retry, timer: Timer) -> Part:
    """A timer of a policy."""
    words = f"{timer} {seconds_text(seconds_of(retry, timer))}"
    return Part("retry", retry.name, "timer", timer, words)


def of_trunk(trunk: str, kind: Kind, subject: str) -> Part:
    """What a trunk sends from or to, or a setting of it."""
    return Part("trunk", trunk, kind, subject, f"{kind} {subject}".rstrip())


def seconds_of(retry: Retry, timer: Timer) -> float:
    """A timer of a policy, in seconds."""
    match timer:
        case "no-response":
            return retry.no_response
        case "no-progress":
            return retry.no_progress
        case "no-answer":
            return retry.no_answer


def match_words(match: Match) -> str:
    """A match as a policy writes it."""
    match match:
        case OnLocal(outcome=outcome):
            return outcome
        case OnCode(code=code):
            return str(code)
        case OnRange(first=first, last=last):
            whole = first % 100 == 0 and last == first + 99
            return f"{first // 100}xx" if whole else f"{first}-{last}"
        case OnTag(code=code, tag=tag):
            return f'{code} tagged "{tag}"'
        case OnCause(cause=cause):
            return f"cause {cause}"


def trunks_of(plan: Plan, part: Part) -> tuple[Trunk, ...]:
    """The trunks whose calls a part has to do with."""
    if part.block == "trunk":
        return tuple(trunk for trunk in plan.trunks if trunk.name == part.name)
    return tuple(trunk for trunk in plan.trunks if trunk.retry == part.name)
