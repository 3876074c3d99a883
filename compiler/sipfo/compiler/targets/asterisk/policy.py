"""Retry policies as contexts of the dialplan: an extension for each outcome, which returns what follows.

Which rule decides is worked out here, code by code, by the same judge that the machine asks. What
would surprise: an extension stands for a run of codes with one rule, so that no two overlap and none
is more specific than another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sipfo.compiler.targets.asterisk.encode import (
    Comment,
    Expression,
    Extension,
    Literal,
    Name,
    comment,
    extension,
    literal,
    name,
    whole_word,
)
from sipfo.compiler.targets.numbers import covering
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import OnTag, Plan, Retry, Rule, Timer
from sipfo.plan.outcome import TRANSPORT_ERROR, Judge, Outcome, responded, timed_out

TIMERS: Final[tuple[Timer, ...]] = ("no-response", "no-progress", "no-answer")


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag that decides before the code does."""

    expression: Expression
    verdict: Literal
    source: Comment


@dataclass(frozen=True, slots=True)
class Case:
    """An outcome, or a run of codes, and what follows it."""

    exten: Extension
    verdict: Literal
    source: Comment
    tags: tuple[Tagged, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """A retry policy."""

    title: Comment
    name: Name
    cases: tuple[Case, ...]


def contexts(plan: Plan, source: Source) -> tuple[Context, ...]:
    """A context for each retry policy that some trunk goes by. Raises CannotSay."""
    used = {trunk.retry for trunk in plan.trunks}
    return tuple(
        Context(
            comment(" ".join(filter(None, ["retry", one.name, source.retry(one.name)]))),
            name(f"sipfo-retry-{one.name}"),
            (*_local(one, source), *_codes(one, source)),
        )
        for one in plan.retries
        if one.name in used
    )


def _local(retry: Retry, source: Source) -> Iterator[Case]:
    judge = Judge(retry)
    outcomes: dict[str, Outcome] = {"transport-error": TRANSPORT_ERROR}
    outcomes |= {timer: timed_out(timer) for timer in TIMERS}
    for word, outcome in outcomes.items():
        yield Case(
            extension(word),
            literal(judge.verdict(outcome)),
            _where(retry, judge.deciding(outcome), source),
        )


def _codes(retry: Retry, source: Source) -> Iterator[Case]:
    judge = Judge(retry)
    tagged = {rule.match.code for rule in retry.rules if isinstance(rule.match, OnTag)}
    first = 300
    for code in range(300, 701):
        ends = code == 700 or code in tagged or code - 1 in tagged
        if code > first and (ends or _rule(judge, code) is not _rule(judge, first)):
            rule = _rule(judge, first)
            for prefix in covering(first, code - 1, 3):
                pattern = prefix + "X" * (3 - len(prefix))
                yield Case(
                    extension(f"_{pattern}" if "X" in pattern else pattern),
                    literal(judge.verdict(responded(first))),
                    _where(retry, rule, source),
                    tuple(_tags(retry, first, source)) if first in tagged else (),
                )
            first = code


def _rule(judge: Judge, code: int) -> Rule | None:
    return judge.deciding(responded(code)) if code < 700 else None


def _tags(retry: Retry, code: int, source: Source) -> Iterator[Tagged]:
    """The longer tag is looked for first, being the more specific."""
    found = [
        (rule.match.tag, rule)
        for rule in retry.rules
        if isinstance(rule.match, OnTag) and rule.match.code == code
    ]
    for tag, rule in sorted(found, key=lambda one: -len(one[0])):
        yield Tagged(whole_word(tag), literal(rule.verdict), _where(retry, rule, source))


def _where(retry: Retry, rule: Rule | None, source: Source) -> Comment:
    found = source.rule(retry.name, rule)
    return comment(" ".join(filter(None, ["otherwise" if rule is None else "", found])))
