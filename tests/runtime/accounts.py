"""Records and rows to test with: one call that was answered, one that was refused, one cancelled;
and what gauges say beside them."""

from __future__ import annotations

from dataclasses import replace

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.runtime.health import Path
from sipfo.runtime.metrics import Gauges
from sipfo.runtime.record import CallRecord, EndRecord
from sipfo.runtime.row import Row, row_of

EPOCH = 1_790_000_000.0
"""The time of day when the engine's clock says 0: 2026-09-21T14:13:20Z."""

EAST = Attempt(
    "us.primary",
    "pbx-east",
    "udp:198.51.100.10:5060",
    "503",
    0.0,
    0.1004,
    "Service Unavailable",
    None,
    ('Q.850;cause=34;text="no circuit"',),
)
WEST = Attempt("us.primary", "pbx-west", "udp:198.51.100.20:5060", "200", 0.1004, 1.5, "OK")
LOST = Attempt("us.secondary", "desk", None, "transport-error", 0.1, 0.0, "", "kss-a")

UP = CallRecord(
    call="019a00000001-00000001",
    trunk="acme",
    number="+13125550123",
    source="203.0.113.7",
    ladder=Ladder((EAST, WEST), Settled("answered", 200, "pbx-west"), 1.6004),
    began=10.0,
    rang=0.8,
    call_id=b"one@caller",
    caller=b"sip:ann@203.0.113.7",
    callee=b"sip:+13125550123@192.0.2.10",
    plan="c0ffee",
    notes=("us.primary to spare skipped: down", "us.primary to pbx-west, and a \x1b in it"),
)
OVER = EndRecord(UP, "caller", 71.6004)
REFUSED = replace(
    UP,
    call="019a00000002-00000001",
    ladder=Ladder((EAST, LOST), Settled("refused", 500, None), 0.2),
    began=20.0,
    rang=None,
    call_id=b"two@caller",
)
CANCELLED = replace(
    UP,
    call="019a00000003-00000001",
    trunk="other",
    ladder=Ladder((), Settled("cancelled", 487, None), 0.3),
    began=30.0,
    rang=None,
    call_id=b"three@caller",
)

GAUGES = Gauges(
    setting_up=2,
    up=3,
    transactions=17,
    targets=(
        (Path("us.primary", "pbx-east", False), "udp:198.51.100.10:5060", True),
        (Path("us.primary", "northstar", True), "udp:203.0.113.9:5060", False),
    ),
    internal_errors=0,
    fingerprint="c0ffee",
)


def clock(at: float) -> float:
    """The engine's moments as Unix seconds."""
    return EPOCH + at


def row(record: CallRecord | EndRecord) -> Row:
    """The row of a record."""
    return row_of(record, clock)


def numbered(n: int) -> CallRecord:
    """A refused call like no other."""
    return replace(REFUSED, call=f"019a{n:08x}-00000002", began=float(n), call_id=b"n%d" % n)
