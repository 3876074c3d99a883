"""Retry policies as contexts of the dialplan: an extension for each outcome, which returns what follows.

Which rule decides is worked out here, code by code, by the same judge that the machine asks. What
would surprise: of the extensions that match, Asterisk takes the most specific (`503`, then `_50X`,
`_5XX`, `_[3-6]XX`), so a pattern is there only for what a wider one says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from sipfo.compiler.targets.asterisk.uses import uses
from sipfo.compiler.targets.source import Source
from sipfo.plan.model import OnTag, Plan, Retry, Rule, Timer
from sipfo.plan.outcome import TRANSPORT_ERROR, UNREGISTERED, Judge, Outcome, responded, timed_out

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
    is_registered = uses(plan).registered
    return tuple(
        Context(
            comment(" ".join(filter(None, ["retry", one.name, source.retry(one.name)]))),
            name(f"sipfo-retry-{one.name}"),
            (*_local(one, source, is_registered), *_codes(one, source)),
        )
        for one in plan.retries
        if one.name in used
    )


def _local(retry: Retry, source: Source, is_registered: bool) -> Iterator[Case]:
    judge = Judge(retry)
    outcomes: dict[str, Outcome] = {"transport-error": TRANSPORT_ERROR}
    if is_registered:
        outcomes["unregistered"] = UNREGISTERED
    outcomes |= {timer: timed_out(timer) for timer in TIMERS}
    for word, outcome in outcomes.items():
        yield Case(
            extension(word),
            literal(judge.verdict(outcome)),
            _where(retry, judge.deciding(outcome), source),
        )


def _codes(retry: Retry, source: Source) -> Iterator[Case]:
    """From the widest pattern to the single code; each only where it differs from the wider one."""
    judge = Judge(retry)
    rules = {code: judge.deciding(responded(code)) for code in range(300, 700)}
    tagged = {rule.match.code for rule in retry.rules if isinstance(rule.match, OnTag)}

    def case(exten: str, rule: Rule | None, code: int | None = None) -> Case:
        verdict = retry.otherwise if rule is None else rule.verdict
        tags = tuple(_tags(retry, code, source)) if code in tagged and code is not None else ()
        return Case(extension(exten), literal(verdict), _where(retry, rule, source), tags)

    yield case("_[3-6]XX", None)
    for hundred in range(3, 7):
        wide = _prevailing(rules, range(hundred * 100, hundred * 100 + 100), None)
        if wide is not None:
            yield case(f"_{hundred}XX", wide)
        for ten in range(hundred * 10, hundred * 10 + 10):
            narrow = _prevailing(rules, range(ten * 10, ten * 10 + 10), wide)
            if narrow is not wide:
                yield case(f"_{ten}X", narrow)
            for code in range(ten * 10, ten * 10 + 10):
                if rules[code] is not narrow or code in tagged:
                    yield case(str(code), rules[code], code)


def _prevailing(
    rules: Mapping[int, Rule | None], codes: range, inherited: Rule | None
) -> Rule | None:
    """The rule that most of these codes go by; of equals the one that they inherit."""
    found = [rules[code] for code in codes]
    counts = [(sum(one is other for other in found), one is inherited) for one in found]
    return found[counts.index(max(counts))]


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
