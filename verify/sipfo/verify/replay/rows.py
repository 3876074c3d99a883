"""sipfo's own records to calls: what a row has of each attempt, and no more.

A row has no provisionals, only when the caller first heard of somebody being alerted. What would
surprise: of the attempts after that nobody knows whether they rang, and the replay says so.
"""

from __future__ import annotations

from typing import Final

from sipfo.plan.ladder import Attempt, Settled
from sipfo.runtime.row import Row
from sipfo.verify.replay.recorded import SOON, RecordedCall, RecordedTry
from sipfo.verify.targets import Place, place_of
from sipfo.verify.why.verdict import outcome_of

MOST_SECONDS: Final = 7 * 86_400.0
MOST_ATTEMPTS: Final = 1000


class BadRow(ValueError):
    """A row that no sipfo wrote; the message says what is wrong with it."""


def call_of(row: Row) -> RecordedCall:
    """The call of a row. Raises BadRow."""
    elapsed, rang = _seconds(row.elapsed), None if row.rang is None else _seconds(row.rang)
    if row.result not in ("answered", "refused", "cancelled"):
        raise BadRow(f"no result: {row.result!r}")
    if not isinstance(row.code, int) or not 200 <= row.code <= 699:
        raise BadRow(f"no code: {row.code!r}")
    for text in (row.call, row.trunk, row.number):
        if not isinstance(text, str):
            raise BadRow(f"no text: {text!r}")
    if len(row.attempts) > MOST_ATTEMPTS:
        raise BadRow(f"more than {MOST_ATTEMPTS} attempts")
    by = row.by if isinstance(row.by, str) else None
    return RecordedCall(
        name=row.call,
        number=row.number,
        trunk=row.trunk,
        tries=tuple(_try(one, rang) for one in row.attempts),
        result=Settled(row.result, row.code, by),
        elapsed=elapsed,
        gave_up=elapsed if row.result == "cancelled" else None,
    )


def _try(one: Attempt, rang: float | None) -> RecordedTry:
    at, took = _seconds(one.at), _seconds(one.took)
    if not isinstance(one.egress, str) or not isinstance(one.route, str):
        raise BadRow(f"no attempt: {one!r}"[:120])
    place = None if one.target is None else _place(one.target)
    try:
        outcome = outcome_of(one)
    except (ValueError, TypeError, AttributeError):
        raise BadRow(f"no outcome: {one.outcome!r}"[:120]) from None
    final = None if outcome.final is None else (took, outcome.final)
    if final is not None and not 200 <= final[1].status <= 699:
        raise BadRow(f"no outcome: {one.outcome!r}"[:120])
    has_rung = rang is not None and at <= rang <= at + took
    # Somebody was alerted before: the caller did not hear of it twice.
    is_unknown = rang is not None and rang < at
    heard: tuple[tuple[float, int, bool], ...] = ()
    if has_rung and rang is not None:
        heard = ((rang - at, 180, False),)
    elif outcome.ending == "no-answer":
        heard = ((min(SOON, took), 180, False),)
    elif outcome.ending == "no-progress":
        heard = ((min(SOON, took), 100, False),)
    return RecordedTry(
        at=at,
        place=place,
        source=one.egress,
        known=took,
        heard=heard,
        final=final,
        failed=took if outcome.ending == "transport-error" else None,
        route=one.route,
        is_sparse=outcome.ending != "no-response" and place is not None,
        rang=None
        if is_unknown and outcome.ending != "no-answer"
        else bool(heard and heard[0][1] > 100),
    )


def _place(target: str) -> Place:
    """`udp:192.0.2.1:5060`, as ladders write it."""
    if not isinstance(target, str):
        raise BadRow(f"no target: {target!r}"[:120])
    transport, _, where = target.partition(":")
    try:
        return place_of(f"sip:{where};transport={transport}")
    except ValueError:
        raise BadRow(f"no target: {target!r}"[:120]) from None


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRow(f"no time: {value!r}"[:120])
    if not 0 <= value <= MOST_SECONDS:
        raise BadRow(f"no time of a call: {value!r}"[:120])
    return float(value)
