"""A divergence in words: what decides it, and what happens to the call until then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sipfo.plan.event import Event, Expired, Failed, Heard, Located, Responded
from sipfo.plan.order import Step
from sipfo.verify.diff.divergence import Divergence, Moment
from sipfo.verify.diff.lockstep import Course, Side

MOST_NAMED: Final = 12
"""Outcomes that a headline names before it counts the rest."""


def headline(divergence: Divergence) -> str:
    """What decides, what it does after the change, and what it did before."""
    if divergence.kind == "steps":
        return "other attempts, or in another order"
    text = f"{divergence.subject}: {divergence.after}, {divergence.before} before"
    if divergence.also:
        text += f" (and {_few(_ranges(divergence.also))})"
    if divergence.world.targets_of_name > 1:
        text += ", where a host name has several targets"
    return text


def story(divergence: Divergence, course: Course, steps: Sequence[Step]) -> str:
    """What happens until the two plans part, attempt by attempt, in the names of the old plan."""
    side = Side.placed(course)
    attempts: dict[int, list[str]] = {}
    for moment in divergence.moments:
        event = moment.old
        if event is None:
            continue
        words = _words(event, moment)
        if words:
            step = steps[side.hunt.step]
            attempt = side.hunt.attempt + isinstance(event, Located)
            attempts.setdefault(attempt, [f"{step.egress} to {step.route}"]).append(words)
        side = side.hear(event)
    told = [f"{head} {', '.join(rest)}" for head, *rest in attempts.values()]
    if divergence.wait is not None:
        told.append("then nothing" if told else "nothing is heard")
    return "; ".join(told) or "the call is placed"


def _words(event: Event, moment: Moment) -> str:
    match event:
        case Heard(status=100):
            return "100"
        case Heard(status=status, has_body=has_body):
            return f"{status} with a session description" if has_body else str(status)
        case Responded(final=final):
            return moment.answer.words if moment.answer is not None else str(final.status)
        case Failed():
            return "transport-error"
        case Expired(timer=timer):
            return timer
        case Located(targets=(), unregistered=unregistered):
            return "unregistered" if unregistered else "unresolvable"
        case _:
            return ""


def _few(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    shown = ", ".join(words[:MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _ranges(words: Iterable[str]) -> list[str]:
    """Status codes that follow each other as a range; the rest as they are, behind them."""
    rest = [word for word in words if not word.isdecimal()]
    codes = sorted(int(word) for word in words if word.isdecimal())
    found: list[list[int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    return [str(a) if a == b else f"{a}-{b}" for a, b in found] + rest
