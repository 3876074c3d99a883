"""A plan to mutants of it: the same plan with one thing wrong, as an editor's hand might leave it.

Each mutant keeps to the trunks that it can touch. What would surprise: a mutant is not validated
again, because some (a policy of no rules) are plans that nobody would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sipfo.plan.model import Plan, Retry, Rule, Trunk, Verdict
from sipfo.verify.coverage.parts import (
    DEFAULTS,
    TIMERS,
    Part,
    of_commit,
    of_rule,
    of_timer,
    of_trunk,
    seconds_of,
    trunks_of,
)
from sipfo.verify.write import seconds_text


@dataclass(frozen=True, slots=True)
class Mutant:
    """What was done to which part, and the plan before and after, with no more trunks in it than
    the part has to do with."""

    part: Part
    words: str
    before: Plan
    after: Plan


def mutants(plan: Plan) -> Iterator[Mutant]:
    """Every mutant of a plan, in its order."""
    used = {trunk.retry for trunk in plan.trunks}
    for retry in plan.retries:
        if retry.name in used:
            for part, words, changed in _of_retry(retry):
                before = _narrowed(plan, trunks_of(plan, part))
                yield Mutant(part, words, before, _update(before, retries=(changed,)))
    for trunk in plan.trunks:
        before = _narrowed(plan, (trunk,))
        for part, words, other in _of_trunk(trunk):
            yield Mutant(part, words, before, _update(before, trunks=(other,)))


def _narrowed(plan: Plan, trunks: tuple[Trunk, ...]) -> Plan:
    """The plan with these trunks alone, and what they need."""
    routes = {name for trunk in trunks for name in trunk.routes}
    carriers = {name for one in trunks if one.forward for name in one.forward.carriers}
    policies = {trunk.retry for trunk in trunks}
    return _update(
        plan,
        routes=tuple(one for one in plan.routes if one.name in routes),
        carriers=tuple(one for one in plan.carriers if one.name in carriers),
        retries=tuple(one for one in plan.retries if one.name in policies),
        trunks=trunks,
    )


def _update(plan: Plan, **update: Any) -> Plan:
    return plan.model_copy(update=update)


def _of_retry(retry: Retry) -> Iterator[tuple[Part, str, Retry]]:
    def changed(**update: Any) -> Retry:
        return retry.model_copy(update=update)

    for place, rule in enumerate(retry.rules):
        part = of_rule(retry, rule)
        before, after = retry.rules[:place], retry.rules[place + 1 :]
        yield part, f"without `{part.words}`", changed(rules=(*before, *after))
        turned = Rule(match=rule.match, verdict=_other(rule.verdict))
        words = f"`{of_rule(retry, turned).words}`"
        yield part, words, changed(rules=(*before, turned, *after))
    yield (
        of_rule(retry, None),
        f"`otherwise {_other(retry.otherwise)}`",
        changed(otherwise=_other(retry.otherwise)),
    )
    for place, point in enumerate(retry.commit):
        part = of_commit(retry, point)
        rest = (*retry.commit[:place], *retry.commit[place + 1 :])
        yield part, f"without `{part.words}`", changed(commit=rest)
    for timer in TIMERS:
        seconds = seconds_of(retry, timer)
        if seconds != DEFAULTS[timer]:
            for other in (seconds / 2, seconds * 2):
                field = timer.replace("-", "_")
                words = f"`{timer} {seconds_text(other)}`"
                yield of_timer(retry, timer), words, changed(**{field: other})


def _other(verdict: Verdict) -> Verdict:
    return "stop" if verdict == "failover" else "failover"


def _of_trunk(trunk: Trunk) -> Iterator[tuple[Part, str, Trunk]]:
    yield from _swaps(trunk)
    if trunk.deadline is not None:
        part = of_trunk(trunk.name, "deadline", seconds_text(trunk.deadline))
        half = trunk.deadline / 2
        yield part, f"without `{part.words}`", _trunk(trunk, deadline=None)
        yield part, f"`deadline {seconds_text(half)}`", _trunk(trunk, deadline=half)
    if len(trunk.routes) > 1:
        part = of_trunk(trunk.name, "method", trunk.method)
        method = "sequential" if trunk.method != "sequential" else "round-robin"
        yield part, f"`routes {method}`", _trunk(trunk, method=method, weights=())
    if len(trunk.routes) > 1 and len(trunk.egress) > 1:
        part = of_trunk(trunk.name, "order", trunk.order)
        order = "route-major" if trunk.order == "source-major" else "source-major"
        yield part, f"`order {order}`", _trunk(trunk, order=order)


def _swaps(trunk: Trunk) -> Iterator[tuple[Part, str, Trunk]]:
    """Neighbours in a list the other way round. Weights stay with their places, or a weighted
    trunk would draw as before."""
    for names, swapped in _neighbours(trunk.egress):
        part = of_trunk(trunk.name, "address", names[0])
        yield part, _swap_words(names), _trunk(trunk, egress=swapped)
    for names, swapped in _neighbours(trunk.routes):
        part = of_trunk(trunk.name, "route", names[0])
        yield part, _swap_words(names), _trunk(trunk, routes=swapped)
    forward = trunk.forward
    for names, swapped in _neighbours(forward.carriers if forward is not None else ()):
        assert forward is not None  # it has carriers
        part = of_trunk(trunk.name, "carrier", names[0])
        changed = forward.model_copy(update={"carriers": swapped})
        yield part, _swap_words(names), _trunk(trunk, forward=changed)


def _neighbours(names: tuple[str, ...]) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    for place in range(len(names) - 1):
        one, other = names[place], names[place + 1]
        yield (one, other), (*names[:place], other, one, *names[place + 2 :])


def _swap_words(names: tuple[str, str]) -> str:
    return f"{names[1]} before {names[0]}"


def _trunk(trunk: Trunk, **update: Any) -> Trunk:
    return trunk.model_copy(update=update)
