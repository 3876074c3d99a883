"""Records as plain tuples and back, for another process of the same program: a third of what pickling
them costs.

What would surprise: the end of a call is its name, not all that was known of it. Whoever hears of
ends has heard of the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.runtime.record import (
    AttemptRecord,
    CallRecord,
    EndRecord,
    Notice,
    Record,
    RegisterRecord,
)

_ATTEMPT, _CALL, _END, _NOTICE, _REGISTER = range(5)

Packed = tuple[Any, ...]


def packed(record: Record) -> Packed:
    """A record in what `marshal` can write."""
    match record:
        case AttemptRecord():
            one = record
            return _ATTEMPT, one.call, one.trunk, one.number, _attempt(one.attempt), one.carrier
        case CallRecord():
            ladder, result = record.ladder, record.ladder.result
            return (
                _CALL,
                record.call,
                record.trunk,
                record.number,
                record.source,
                tuple(map(_attempt, ladder.attempts)),
                (result.kind, result.code, result.by),
                ladder.elapsed,
                record.began,
                record.rang,
                record.carrier,
                record.call_id,
                record.caller,
                record.callee,
                record.plan,
                tuple(record.notes),
            )
        case EndRecord():
            return _END, record.record.call, record.by, record.at
        case Notice():
            return _NOTICE, record.call, record.text
        case RegisterRecord():
            return _REGISTER, *(getattr(record, one.name) for one in fields(record))


def unpacked(said: Packed, up: Mapping[str, CallRecord]) -> Record | None:
    """The record; `up` has those of the calls that are up. None for the end of one that is not."""
    kind = said[0]
    if kind == _ATTEMPT:
        return AttemptRecord(said[1], said[2], said[3], Attempt(*said[4]), said[5])
    if kind == _CALL:
        attempts = tuple(Attempt(*one) for one in said[5])
        ladder = Ladder(attempts, Settled(*said[6]), said[7])
        return CallRecord(said[1], said[2], said[3], said[4], ladder, *said[8:])
    if kind == _END:
        known = up.get(said[1])
        return None if known is None else EndRecord(known, said[2], said[3])
    if kind == _REGISTER:
        return RegisterRecord(*said[1:])
    return Notice(said[1], said[2])


def _attempt(one: Attempt) -> Packed:
    return (
        one.egress,
        one.route,
        one.target,
        one.outcome,
        one.at,
        one.took,
        one.phrase,
        one.level,
        tuple(one.reasons),
    )
