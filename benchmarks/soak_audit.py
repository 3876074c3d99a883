"""Whether the three views of every call of a soak agree: its caller's, its callees', the records'.

Each disagreement is a line of text. What would surprise: the records are read with the standard
library alone, so that nothing of sipfo's vouches for sipfo.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from soak_callee import Leg
from soak_caller import Placed

OUTCOMES: dict[str, set[str]] = {
    "answers": {"200"},
    "answers at once": {"200"},
    "refuses": {"503"},
    "rings, refuses": {"503"},
    "busy": {"486"},
    "silent": {"no-response"},
    "answers late": {"no-response"},
    "rings late": {"no-response"},
    "tries for ever": {"no-progress"},
    "rings for ever": {"no-answer"},
    "answers the CANCEL": {"no-answer"},
    "cancels like RFC 2543": {"no-answer"},
    "resets": {"transport-error"},
    "tries, resets": {"transport-error"},
}
"""What an attempt is recorded as that nobody cut short."""

CUT_SHORT = {"cancelled", "deadline"}
"""What any attempt may be recorded as."""

TIMERS = {"no-response", "no-progress", "no-answer"}
"""Outcomes that a machine which stands still for a second makes of others, and others of them."""

MAY_BE_LATE = 0.002
"""The part of all attempts in which a timer may have gone off sooner or later than meant."""

UNSEEN = CUT_SHORT | {"transport-error", "no-response"}
"""What an attempt may be recorded as that was lost with its connection."""


@dataclass
class Attempt:
    """One row of the table `attempts`."""

    target: str
    outcome: str


@dataclass
class Row:
    """One row of the table `calls`."""

    state: str
    result: str
    code: int
    by: str | None
    hung_up_by: str | None
    attempts: list[Attempt]


def read_rows(book: Path) -> dict[str, list[Row]]:
    """The rows of each Call-ID."""
    found: dict[str, list[Row]] = defaultdict(list)
    with closing(sqlite3.connect(f"file:{book}?mode=ro", uri=True)) as connection:
        attempts: dict[str, list[Attempt]] = defaultdict(list)
        columns = "call, coalesce(target, ''), outcome"
        for call, target, outcome in connection.execute(
            f"SELECT {columns} FROM attempts ORDER BY call, place"
        ):
            attempts[call].append(Attempt(target, outcome))
        columns = "call_id, call, state, result, code, by, hung_up_by"
        for call_id, call, *rest in connection.execute(f"SELECT {columns} FROM calls"):
            found[call_id].append(Row(*rest, attempts[call]))
    return found


def audit(
    calls: Iterable[Placed],
    legs: Iterable[Leg],
    rows: dict[str, list[Row]],
    hosts: dict[str, str],
    streams: set[str],
    late: list[str],
) -> Iterator[str]:
    """Every disagreement. `hosts`: the address of each callee; `streams`: those that speak TCP;
    `late` takes the disagreements that a timer explains."""
    of_call: dict[str, list[Leg]] = defaultdict(list)
    for leg in legs:
        of_call[leg.call].append(leg)
        for text in _of_leg(leg, streams):
            yield f"{leg.call} at {leg.callee} ({leg.habit}): {text}"
    placed = {call.call: call for call in calls}
    for name in (rows.keys() | of_call.keys()) - placed.keys():
        yield f"{name}: nobody placed it"
    for call in placed.values():
        mine = rows.get(call.call, [])
        for text in _of_caller(call):
            yield f"{call.call} ({call.habit}): {text}"
        if len(mine) != 1:
            yield f"{call.call} ({call.habit}): {len(mine)} records of it"
            continue
        for text in _of_row(call, of_call[call.call], mine[0], hosts, streams, late):
            yield f"{call.call} ({call.habit}): {text}"


def is_orphan(leg: Leg, streams: set[str]) -> bool:
    """Whether somebody has still to be told something. A refusal that was written to a connection
    as it broke is refused to nobody (RFC 3261 §17.1.4)."""
    return bool(leg.due) and not (leg.callee in streams and leg.final >= 300)


def _of_leg(leg: Leg, streams: set[str]) -> Iterator[str]:
    if is_orphan(leg, streams):
        yield leg.due
    if leg.cancelled_unheard:
        yield "a CANCEL before any provisional"


def _of_caller(call: Placed) -> Iterator[str]:
    if len(call.finals) != 1:
        yield f"final responses: {sorted(call.finals)}"
    for method in call.pending:
        yield f"nobody answered its {method}"
    if call.code == 200 and not (call.we_hung_up or call.they_hung_up):
        yield "still up"
    if call.we_hung_up and call.bye_answered != 200 and not call.they_hung_up:
        yield f"its BYE was answered {call.bye_answered}"


def _of_row(
    call: Placed,
    legs: list[Leg],
    row: Row,
    hosts: dict[str, str],
    streams: set[str],
    late: list[str],
) -> Iterator[str]:
    if row.code != call.code:
        yield f"told {call.code}, recorded {row.code}"
    if row.state != "closed":
        yield f"recorded as {row.state}"
    kind = "answered" if call.code == 200 else "cancelled" if call.code == 487 else "refused"
    if row.result != kind:
        yield f"told {call.code}, recorded as {row.result}"
    won = [leg for leg in legs if leg.final == 200 and leg.callee == row.by]
    if call.code == 200 and not won:
        yield f"answered by {row.by}, who knows nothing of it"
    if call.code == 200:
        may = {"sipfo"} if call.habit == "falls silent" else set()
        may |= {"caller"} if call.we_hung_up else set()
        may |= {"callee"} if any(leg.we_hung_up for leg in won) else set()
        if row.hung_up_by not in may:
            yield f"recorded as hung up by {row.hung_up_by}, and not by {sorted(may)}"
    for callee, host in hosts.items():
        seen = sorted((leg for leg in legs if leg.callee == callee), key=lambda leg: leg.at)
        kept = [one for one in row.attempts if f":{host}:" in one.target]
        if callee in streams:  # one that met a broken connection need not have got there
            broken = [one for one in kept if one.outcome in UNSEEN]
            if not len(kept) - len(broken) <= len(seen) <= len(kept):
                yield f"{len(seen)} INVITEs at {callee}, {len(kept)} attempts recorded"
            continue
        if len(seen) != len(kept):
            yield f"{len(seen)} INVITEs at {callee}, {len(kept)} attempts recorded"
            continue
        for leg, one in zip(seen, kept, strict=True):
            meant = OUTCOMES[leg.habit]
            if one.outcome in meant | CUT_SHORT:
                continue
            text = f"{callee} {leg.habit}, recorded {one.outcome}"
            if TIMERS & (meant | {one.outcome}):
                late.append(f"{call.call} ({call.habit}): {text}")
            else:
                yield text


def audit_counts(
    metrics: dict[tuple[str, str], float],
    rows: dict[str, list[Row]],
    log: Path,
    strangers: int,
    is_all_over: bool,
    by_one: bool,
) -> Iterator[str]:
    """Whether metrics and log have counted what the records have; `metrics` by name and labels.
    `is_all_over`: no transaction may be left; `by_one`: one process has counted everything."""
    kept = [row for found in rows.values() for row in found]
    results = Counter(row.result for row in kept)
    outcomes = Counter(one.outcome for row in kept for one in row.attempts)
    events = Counter[str]()
    for line in log.read_text(encoding="utf-8").splitlines():
        events[json.loads(line)["event"]] += 1
    attempts = sum(outcomes.values())
    zero = ["internal_errors_total", "records_lost_total", "calls_current"]
    for name in [*zero, "transactions_current"] if is_all_over else zero:
        found = _sum(metrics, f"sipfo_{name}")
        if found:
            yield f"sipfo_{name} is {found:g} at the end"
    for result, count in results.items() if by_one else ():
        found = _sum(metrics, "sipfo_calls_total", f'result="{result}"')
        if found != count:
            yield f"{count} calls {result} in the records, {found:g} in the metrics"
    found = _sum(metrics, "sipfo_failover_attempts_total")
    if by_one and found != attempts:
        yield f"{attempts} attempts in the records, {found:g} in the metrics"
    for event, count in (
        ("call", len(kept)),
        ("attempt", attempts),
        ("end", results["answered"]),
        ("stranger", strangers),
    ):
        if events[event] != count:
            yield f"{count} events {event} expected in the log, {events[event]} are there"


def _sum(metrics: dict[tuple[str, str], float], name: str, label: str = "") -> float:
    return sum(value for (one, labels), value in metrics.items() if one == name and label in labels)
