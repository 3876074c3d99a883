"""What is kept of one call: a flat row, its attempts with it, made of the engine's records.

A row is the call's whole state at one moment: open when it is answered, closed when it is over, at
once when it never was answered, lost when sipfo died under it. What would surprise: what came from
the network is made printable and cut to length here, so that no file or terminal has to mind it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import floor
from typing import Final, Literal, NamedTuple

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.runtime.record import CallRecord, EndRecord, Party

State = Literal["open", "closed", "lost"]
Kind = Literal["answered", "refused", "cancelled"]

MOST_LETTERS: Final = 256
"""What is kept of a text from the network."""

MOST_REASONS: Final = 4
"""Reason headers kept of one attempt."""

MOST_NOTES: Final = 64
"""Notes kept of one call."""


class Row(NamedTuple):
    """One call. Moments are RFC 3339 in UTC to the millisecond, spans are seconds.

    `plan`: the fingerprint of the plan by which it was placed, empty if that is not known; `began`:
    the caller's INVITE came; `rang`: until somebody was alerted; `elapsed`: until the result;
    `talked`: from the answer to the end; `ended`: the call was over; `notes`: what the log said of
    its set-up besides.
    """

    call: str
    state: State
    began: str
    trunk: str
    source: str
    caller: str
    callee: str
    number: str
    call_id: str
    plan: str
    result: Kind
    code: int
    by: str | None
    carrier: str | None
    rang: float | None
    elapsed: float
    ended: str | None
    talked: float | None
    hung_up_by: Party | None
    notes: tuple[str, ...]
    attempts: tuple[Attempt, ...]

    @property
    def ladder(self) -> Ladder:
        """The set-up as every executor reports it."""
        return Ladder(self.attempts, Settled(self.result, self.code, self.by), self.elapsed)

    @property
    def is_failed(self) -> bool:
        """Refused, or lost under the caller; one that the caller cancelled is not."""
        return self.result == "refused" or self.state == "lost"


class End(NamedTuple):
    """What the end of a call changes in the row that was opened when it was answered."""

    call: str
    state: State
    ended: str
    talked: float
    hung_up_by: Party | None


def row_of(record: CallRecord | EndRecord, clock: Callable[[float], float]) -> Row:
    """The row of a call as it stands; `clock` turns the engine's moments into Unix seconds."""
    state: State = "closed"
    ended: str | None = None
    talked: float | None = None
    hung_up_by: Party | None = None
    if isinstance(record, EndRecord):
        _, state, ended, talked, hung_up_by = end_of(record, clock)
        record = record.record
    elif record.ladder.result.kind == "answered":
        state = "open"
    else:
        ended = moment(clock(record.began + record.ladder.elapsed))
    ladder, rang = record.ladder, record.rang
    # In the order of the fields, because their names take longer than all that is done here.
    return Row(
        record.call,
        state,
        moment(clock(record.began)),
        record.trunk,
        record.source,
        _text(record.caller),
        _text(record.callee),
        clean(record.number),
        _text(record.call_id),
        record.plan,
        ladder.result.kind,
        ladder.result.code,
        ladder.result.by,
        record.carrier,
        None if rang is None else _seconds(rang),
        _seconds(ladder.elapsed),
        ended,
        talked,
        hung_up_by,
        tuple([clean(note) for note in record.notes[:MOST_NOTES]]),
        tuple([_rounded(one) for one in ladder.attempts]),
    )


def end_of(record: EndRecord, clock: Callable[[float], float]) -> End:
    """The end of a call whose row is there."""
    state: State = "lost" if record.lost else "closed"
    by = None if record.lost else record.by
    return End(record.record.call, state, moment(clock(record.at)), _seconds(record.talked), by)


def lost(row: Row, last_alive: float) -> Row:
    """An open row after a crash: it ended when sipfo was last known to be alive (Unix seconds),
    but not before it was answered."""
    answered = unix(row.began) + row.elapsed
    ended = max(answered, last_alive)
    return row._replace(state="lost", ended=moment(ended), talked=_seconds(ended - answered))


_MILLISECONDS: Final = tuple([f".{ms:03}Z" for ms in range(1000)])


def moment(unix_seconds: float) -> str:
    """`2026-11-24T09:30:00.125Z`: such texts sort as the moments do."""
    second, micros = divmod(int(unix_seconds * 1_000_000 + 0.5), 1_000_000)
    return _second(second) + _MILLISECONDS[micros // 1000]


@lru_cache(maxsize=256)
def _second(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat()[:19]


def unix(text: str) -> float:
    """What `moment` was made from, to the millisecond. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()


def clean(text: str) -> str:
    """`text` without what a terminal would obey, and no longer than `MOST_LETTERS`."""
    if len(text) > MOST_LETTERS:
        text = text[: MOST_LETTERS - 1] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _text(data: bytes) -> str:
    return clean(data.decode("utf-8", "backslashreplace"))


def _seconds(span: float) -> float:
    return floor(span * 1000 + 0.5) / 1000


def _rounded(attempt: Attempt) -> Attempt:
    return Attempt(
        attempt.egress,
        attempt.route,
        None if attempt.target is None else clean(attempt.target),
        attempt.outcome,
        _seconds(attempt.at),
        _seconds(attempt.took),
        clean(attempt.phrase),
        attempt.level,
        tuple([clean(one) for one in attempt.reasons[:MOST_REASONS]]),
    )
