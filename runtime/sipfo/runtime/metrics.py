"""Records to counters, and counters with the state of the moment to Prometheus' families.

No number, name or header of a caller is ever a label: labels are what the plan names, registered
codes, and the targets that its names lead to, all bounded (`tally`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sipfo.runtime.exposition import Family, Labels, Sample
from sipfo.runtime.health import Path
from sipfo.runtime.record import (
    AttemptRecord,
    CallRecord,
    EndRecord,
    Notice,
    Record,
    RegisterRecord,
)
from sipfo.runtime.tally import MOST_SERIES, Histogram, Tally, bounded_code, labels

DELAYS: Final[tuple[float, ...]] = (
    0.1,
    0.25,
    0.5,
    1.0,
    2.0,
    3.0,
    4.0,
    6.0,
    8.0,
    11.0,
    15.0,
    20.0,
    30.0,
    60.0,
)
"""Bounds of post-dial delay: ITU-T E.721 asks for 3, 5 and 8 seconds by kind of call, and a dead
target costs 4 by default."""

RECENT: Final = 100
"""Calls of a trunk that its answer-seizure ratio is about."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a ledger counts; `through` is in Unix seconds."""

    book: str
    acknowledged: int
    lost: int
    waiting: int
    through: float


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is so at this moment, besides what was counted."""

    setting_up: int
    up: int
    transactions: int
    targets: tuple[tuple[Path, str, bool], ...]
    """Every probed target that was met, and whether it is down."""
    internal_errors: int
    fingerprint: str
    contacts: tuple[tuple[str, int], ...] = ()
    """How many contacts the users of each registrar have."""


def joined(own: Gauges, sum_of: Callable[[str], float]) -> Gauges:
    """What several engines have at this moment: that of the one which leads, and what `sum_of` says
    of the others' (`setting_up`, `up`, `transactions`, `internal_errors`)."""
    return replace(
        own,
        setting_up=own.setting_up + int(sum_of("setting_up")),
        up=own.up + int(sum_of("up")),
        transactions=own.transactions + int(sum_of("transactions")),
        internal_errors=own.internal_errors + int(sum_of("internal_errors")),
    )


class Meter:
    """Everything that is counted of one server's calls."""

    __slots__ = (
        "_attempts",
        "_calls",
        "_delays",
        "_ends",
        "_notices",
        "_recent",
        "_registers",
        "_responses",
        "_talked",
    )

    def __init__(self) -> None:
        self._calls = Tally("trunk", "result")
        self._ends = Tally("trunk", "by")
        self._talked = Tally("trunk")
        self._attempts = Tally("route", "carrier", "outcome")
        self._responses = Tally("leg", "code")
        self._registers = Tally("registrar", "code")
        self._notices = Tally()
        self._delays = Histogram("trunk", DELAYS)
        self._recent: dict[str, deque[bool]] = {}

    def take(self, record: Record) -> None:
        """Count what a record says."""
        match record:
            case AttemptRecord():
                self._attempt(record)
            case CallRecord():
                self._call(record)
            case EndRecord(record=call):
                self._ends.add(call.trunk, record.by)
                self._talked.add(call.trunk, by=record.talked)
            case RegisterRecord():
                self._registers.add(record.registrar, bounded_code(str(record.status)))
            case Notice():
                self._notices.add()

    def _attempt(self, record: AttemptRecord) -> None:
        outcome = bounded_code(record.attempt.outcome)
        place = record.attempt.route
        route, carrier = ("", place) if record.carrier else (place, "")
        self._attempts.add(route, carrier, outcome)
        if outcome[0].isdigit() and record.attempt.target is not None:
            self._responses.add("target", outcome)

    def _call(self, record: CallRecord) -> None:
        trunk, result, ladder = record.trunk, record.ladder.result, record.ladder
        self._calls.add(trunk, result.kind)
        self._responses.add("caller", bounded_code(str(result.code)))
        if record.rang is not None:
            self._delays.observe(trunk, record.rang)
        elif result.kind == "answered":
            self._delays.observe(trunk, ladder.elapsed)
        recent = self._recent.get(trunk)
        if recent is None:
            if len(self._recent) >= MOST_SERIES:
                return
            recent = self._recent[trunk] = deque(maxlen=RECENT)
        recent.append(result.kind == "answered")

    def families(self, gauges: Gauges, kept: Sequence[Kept] = ()) -> tuple[Family, ...]:
        """All metrics there are, those too that have no samples yet."""
        return (*self._counted(), *_of_the_moment(gauges), *_of_records(kept))

    def _counted(self) -> tuple[Family, ...]:
        ratios = tuple(
            Sample((("trunk", trunk),), sum(recent) / len(recent))
            for trunk, recent in self._recent.items()
        )
        return (
            Family(
                "sipfo_calls_total",
                "counter",
                "Calls whose set-up is over, by its result.",
                self._calls.samples(),
            ),
            Family(
                "sipfo_calls_ended_total",
                "counter",
                "Answered calls that are over, by who hung up.",
                self._ends.samples(),
            ),
            Family(
                "sipfo_talk_seconds_total",
                "counter",
                "Seconds from answer to end, of the calls that are over.",
                self._talked.samples(),
            ),
            Family(
                "sipfo_failover_attempts_total",
                "counter",
                "Attempts that ended, by where they went and how.",
                self._attempts.samples(),
            ),
            Family(
                "sipfo_responses_total",
                "counter",
                "Final responses to INVITEs: those of targets, and those to callers.",
                self._responses.samples(),
            ),
            Family(
                "sipfo_post_dial_delay_seconds",
                "histogram",
                "From a call's INVITE to ringing, or to the answer if nothing rang before.",
                tuple(self._delays.samples()),
            ),
            Family(
                "sipfo_asr_ratio",
                "gauge",
                f"Answered part of a trunk's last {RECENT} calls (answer-seizure ratio).",
                ratios,
            ),
            Family(
                "sipfo_registers_total",
                "counter",
                "REGISTERs that were looked at, by what they were answered.",
                self._registers.samples(),
            ),
            Family(
                "sipfo_notices_total",
                "counter",
                "Other lines in the log: calls refused at the door, targets passed over.",
                self._notices.samples(),
            ),
        )


def _of_the_moment(gauges: Gauges) -> tuple[Family, ...]:
    up = tuple(
        Sample(_place(path, target), 0 if is_down else 1)
        for path, target, is_down in gauges.targets[:MOST_SERIES]
    )
    return (
        Family(
            "sipfo_calls_current",
            "gauge",
            "Calls under way.",
            (
                Sample((("state", "setting-up"),), gauges.setting_up),
                Sample((("state", "up"),), gauges.up),
            ),
        ),
        _single("sipfo_transactions_current", "SIP transactions.", gauges.transactions),
        Family(
            "sipfo_target_up",
            "gauge",
            "Whether a probed target is up: 1, or 0 when calls are kept away from it.",
            up,
        ),
        Family(
            "sipfo_registered_contacts",
            "gauge",
            "Contacts of a registrar's users, as far as this process has seen them.",
            tuple(Sample((("registrar", one),), count) for one, count in gauges.contacts),
        ),
        Family(
            "sipfo_internal_errors_total",
            "counter",
            "Messages that met a bug of sipfo's.",
            (Sample((), gauges.internal_errors),),
        ),
        Family(
            "sipfo_config_info",
            "gauge",
            "The SHA-256 of the plan that new calls are placed by.",
            (Sample((("sha256", gauges.fingerprint),), 1),),
        ),
    )


def _of_records(kept: Sequence[Kept]) -> tuple[Family, ...]:
    def of_each(name: str, help_: str, is_counter: bool, values: list[float]) -> Family:
        samples = [
            Sample((("book", one.book),), value) for one, value in zip(kept, values, strict=True)
        ]
        return Family(name, "counter" if is_counter else "gauge", help_, tuple(samples))

    return (
        of_each(
            "sipfo_records_acknowledged_total",
            "Records that are safe on disk.",
            True,
            [one.acknowledged for one in kept],
        ),
        of_each(
            "sipfo_records_lost_total",
            "Records that will never be.",
            True,
            [one.lost for one in kept],
        ),
        of_each(
            "sipfo_records_waiting",
            "Records that are not yet.",
            False,
            [one.waiting for one in kept],
        ),
        of_each(
            "sipfo_records_through_timestamp_seconds",
            "All that was kept before this moment, in Unix time, is acknowledged or lost.",
            False,
            [one.through for one in kept],
        ),
    )


def _single(name: str, help_: str, value: float) -> Family:
    return Family(name, "gauge", help_, (Sample((), value),))


def _place(path: Path, target: str) -> Labels:
    route, carrier = ("", path.destination) if path.carrier else (path.destination, "")
    return labels(("egress", "route", "carrier", "target"), (path.egress, route, carrier, target))
