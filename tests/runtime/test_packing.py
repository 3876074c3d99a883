"""Records that cross to another process are the same there."""

from __future__ import annotations

import marshal

from hypothesis import given
from hypothesis import strategies as st

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.runtime.packing import packed, unpacked
from sipfo.runtime.record import (
    AttemptRecord,
    CallRecord,
    EndRecord,
    Notice,
    Record,
)

ATTEMPTS = st.builds(
    Attempt,
    at=st.floats(0, 1e6),
    took=st.floats(0, 60),
    reasons=st.lists(st.text()).map(tuple),
)
LADDERS = st.builds(
    Ladder,
    attempts=st.lists(ATTEMPTS, max_size=3).map(tuple),
    result=st.builds(Settled),
    elapsed=st.floats(0, 1e6),
)
CALLS = st.builds(
    CallRecord,
    ladder=LADDERS,
    began=st.floats(0, 1e6),
    rang=st.none() | st.floats(0, 60),
    carrier=st.none() | st.text(),
    call_id=st.binary(),
    caller=st.binary(),
    callee=st.binary(),
    plan=st.text(),
    notes=st.lists(st.text()).map(tuple),
)


def crossed(record: Record, up: dict[str, CallRecord]) -> Record | None:
    return unpacked(marshal.loads(marshal.dumps(packed(record))), up)


@given(
    st.builds(AttemptRecord, attempt=ATTEMPTS, carrier=st.booleans()) | CALLS | st.builds(Notice)
)
def test_record_is_the_same(record: Record) -> None:
    assert crossed(record, {}) == record


@given(CALLS, st.floats(0, 1e6))
def test_end_is_that_of_the_call_that_is_up(record: CallRecord, at: float) -> None:
    end = EndRecord(record, "callee", at)
    assert crossed(end, {record.call: record}) == end
    assert crossed(end, {}) is None
