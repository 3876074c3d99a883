"""The deadline, or the patience of who calls us, cuts attempts off.

Avoid: `deadline 10s` over six attempts of `no-response 4s`.
Prefer: a shorter `no-response`, fewer attempts, or a longer deadline; `sipfo budget` shows the times.
Why: in the usual outage everything is silent, and then the attempts at the end, often the very ones
that would have saved the call, never start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Time
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.grammar.tree import Word
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.order import NOBODY, Order, Step, turn
from sipfo.plan.outcome import Judge, timed_out

CODE: Final = "SF703"
TITLE: Final = "Attempts cut off"

_SHOWN: Final = 3


def check(subject: Subject, plan: Plan) -> Iterator[Diagnostic]:
    """A warning for each trunk and limit, when the silence of everything makes it too late."""
    order = Order(plan)
    rated = frozenset(one.name for one in plan.carriers if one.rates is not None)
    judges = {retry.name: Judge(retry) for retry in plan.retries}
    for trunk, own in zip(plan.trunks, subject.policy.trunks, strict=True):
        judge = judges[trunk.retry]
        if judge.verdict(timed_out("no-response")) != "failover":
            continue  # silence ends the hunt: there is nothing to cut off
        number = own.forward.number.digits if own.forward and own.forward.number else "+1"
        # Which carriers a call goes to, and in which order, its number and its moment decide.
        steps = order.steps(trunk, number, turn(trunk), NOBODY if _by_rates(trunk, rated) else None)
        each = judge.retry.no_response
        words = {word.text: word for word in own.routes}
        words |= {word.text: word for word in (own.forward.carriers if own.forward else ())}
        for limit, who in ((own.deadline, "the deadline"), (own.patience, "the caller's patience")):
            if limit is not None and not _is_shadowed(limit, who, own.deadline):
                yield from _cut(trunk, steps, each, limit, who, words)


def _by_rates(trunk: Trunk, rated: frozenset[str]) -> bool:
    forward = trunk.forward
    return forward is not None and (
        forward.number is None or not rated.isdisjoint(forward.carriers)
    )


def _is_shadowed(limit: Time, who: str, deadline: Time | None) -> bool:
    """A patience that outlasts the deadline cuts nothing that the deadline has not."""
    return who != "the deadline" and deadline is not None and limit.seconds >= deadline.seconds


def _cut(
    trunk: Trunk,
    steps: tuple[Step, ...],
    each: float,
    limit: Time,
    who: str,
    words: dict[str, Word],
) -> Iterator[Diagnostic]:
    """The attempts that start too late when every one before them hears nothing."""
    at, late = 0.0, []
    total = sum(len(step.destinations) for step in steps)
    for step in steps:
        for _ in step.destinations:
            if at >= limit.seconds:
                late.append((step, at))
            at += each
    if not late:
        return
    first, begins = late[0]
    named = list(dict.fromkeys(f"{step.egress} to {step.route}" for step, _ in late))
    shown = named if len(named) <= _SHOWN else [*named[: _SHOWN - 1], f"{len(named) - 2} more"]
    routes = "" if trunk.method == "sequential" else " (in one of its turns)"
    yield Diagnostic(
        CODE,
        "warning",
        TITLE,
        f"when everything is silent, {one_of(shown, 'and')} {'is' if len(named) == 1 else 'are'} "
        f"never tried{routes}",
        limit.span,
        f"{who} of trunk {quoted(trunk.name)}",
        (Label(words[first.route].span, f"would start after {begins:g} s"),),
        f"of {total} attempts {total - len(late)} start in time: shorten `no-response`, or try fewer",
    )
