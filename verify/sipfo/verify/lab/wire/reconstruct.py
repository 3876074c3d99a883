"""A call's course to its ladder, for an engine that reports none.

Pure. What nobody outside can see is taken from the model's ladder: a name that did not resolve
leaves no packet, and a refusal made by an engine does not say whose it might have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sipfo.plan.best import upstream_code
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.model import Retry, Trunk
from sipfo.plan.outcome import responded
from sipfo.runtime.sip.message import Response
from sipfo.verify.lab.wire.course import Course, Try
from sipfo.verify.lab.wire.order import Placed, Slot, put_in_order

CLOSE = 0.1
"""Seconds by which what belongs together may lie apart: an engine's timers go by ticks."""

AT_ONCE = 0.5
"""The part of the no-response timer within which an engine that saw a refusal moves on."""


class NothingSeen(RuntimeError):
    """The capture did not see the call, or not its end."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a call goes by: its trunk, its retry policy, whether its targets are probed."""

    trunk: Trunk
    retry: Retry
    is_probed: bool = False


def reconstruct(
    course: Course, order: Sequence[Slot], terms: Terms, expected: Ladder
) -> tuple[Ladder, list[Placed]]:
    """The ladder, and the tries in order. Raises NothingSeen."""
    if course.placed is None:
        raise NothingSeen("the caller's INVITE was not seen on the wire")
    if course.told is None:
        raise NothingSeen("no final response to the caller was seen on the wire")
    placed = put_in_order(course.tries, order, terms.is_probed)
    attempts = [_attempt(number, placed, course, terms) for number in range(len(placed))]
    told_at, told = course.told
    result = _result(told, course, placed, expected)
    ladder = Ladder(
        _with_unseen(attempts, expected.attempts), result, round(told_at - course.placed, 6)
    )
    return ladder, placed


def _attempt(number: int, placed: Sequence[Placed], course: Course, terms: Terms) -> Attempt:
    one, slot = placed[number].one, placed[number].slot
    assert course.placed is not None and course.told is not None  # looked at above
    moved_on = course.told[0]
    if number + 1 < len(placed):
        moved_on = min(moved_on, placed[number + 1].one.at)
    if one.cancelled is not None:
        moved_on = min(moved_on, one.cancelled)
    final = one.final[1] if one.final is not None and one.final[0] <= moved_on else None
    if final is not None and one.final is not None:
        outcome, ended = str(final.status), one.final[0]
    else:
        outcome, ended = _unanswered(one, moved_on, number + 1 == len(placed), course, terms)
    return Attempt(
        egress=slot.step.egress if slot else f"{one.source[0]}:{one.source[1]}",
        route=slot.step.route if slot else f"{one.destination[0]}:{one.destination[1]}",
        target=str(slot.declared) if slot else None,
        outcome=outcome,
        at=round(one.at - course.placed, 6),
        took=round(ended - one.at, 6),
        phrase=final.phrase.decode("utf-8", "replace") if final is not None else "",
        level=slot.step.level_of(str(slot.declared)) if slot else None,
        reasons=_reasons(final) if final is not None else (),
    )


def _unanswered(
    one: Try, moved_on: float, is_last: bool, course: Course, terms: Terms
) -> tuple[str, float]:
    """The outcome of a try that had no final response in its time, and when it ended."""
    assert course.placed is not None and course.told is not None  # looked at above
    if one.invite is None:
        return "transport-error", moved_on  # the connection did not even come about
    gave_up = course.gave_up if is_last else None
    # Who is told 487 had an attempt under way: the engine took no notice of a refusal.
    has_cut = course.told[1].status == 487 or one.refused is None
    if gave_up is not None and gave_up <= moved_on + CLOSE and has_cut:
        return "cancelled", gave_up
    if one.refused is not None and moved_on - one.refused < AT_ONCE * terms.retry.no_response:
        return "transport-error", moved_on
    heard = [status for at, status in one.provisionals if at <= moved_on]
    deadline = terms.trunk.deadline
    is_late = deadline is not None and moved_on - course.placed > deadline - CLOSE
    if is_last and is_late and course.told[1].status == 408:
        return "deadline", moved_on
    if not heard:
        return "no-response", moved_on
    return "no-answer" if max(heard) > 100 else "no-progress", moved_on


def _reasons(final: Response) -> tuple[str, ...]:
    return tuple(one.decode("utf-8", "replace") for one in final.headers.all(b"reason"))


def _result(told: Response, course: Course, placed: Sequence[Placed], expected: Ladder) -> Settled:
    status = told.status
    if status == 487 and course.gave_up is not None:
        return Settled("cancelled", status)
    tried = [one for one in placed if one.slot is not None and one.one.final is not None]
    tag = told.to.tag
    for one in tried:
        if tag is not None and one.one.final and one.one.final[1].to.tag == tag and one.slot:
            return Settled("answered" if status < 300 else "refused", status, one.slot.step.route)
    said = [
        one.slot.step.route
        for one in tried
        if one.slot and one.one.final and _sent_up(one.one.final[1].status) == status
    ]
    if status < 300:
        return Settled("answered", status, said[-1] if said else None)
    # Made anew by the engine: who said it, or whether anybody did, cannot be seen from outside.
    by = expected.result.by if expected.result.by in said else None
    return Settled("refused", status, by)


def _sent_up(status: int) -> int:
    return upstream_code(responded(status))


def _with_unseen(seen: Sequence[Attempt], expected: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """The attempts with those of the model put in that never had a target to be seen at."""
    found: list[Attempt] = []
    left = list(seen)
    for must in expected:
        if must.target is None:
            ended = found[-1].at + found[-1].took if found else 0.0
            found.append(replace(must, at=ended, took=0.0))
        elif left:
            found.append(left.pop(0))
    return (*found, *left)
