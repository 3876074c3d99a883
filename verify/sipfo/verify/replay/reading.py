"""A recording to its calls, whichever it is, and what could not be read of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from sipfo.plan.model import Plan
from sipfo.runtime.row import Row
from sipfo.runtime.sheet import JSON, BadLine
from sipfo.verify.replay.gather import gather
from sipfo.verify.replay.ip import Defragmenter
from sipfo.verify.replay.link import ip_of
from sipfo.verify.replay.pcap import Capture
from sipfo.verify.replay.recorded import RecordedCall
from sipfo.verify.replay.rows import BadRow, call_of
from sipfo.verify.replay.speech import Listener


@dataclass(frozen=True, slots=True)
class Recording:
    """The calls in the order in which they began; `remarks` are what was passed over, and why."""

    calls: tuple[RecordedCall, ...]
    remarks: tuple[str, ...] = ()


def read_capture(
    file: BinaryIO,
    plan: Plan,
    boxes: Collection[str] = (),
    hosts: Mapping[str, str] | None = None,
) -> Recording:
    """The calls of a capture."""
    capture, whole, listener = Capture(file), Defragmenter(), Listener()
    no_ip = 0
    for frame in capture.frames():
        packet = ip_of(frame)
        if packet is None:
            no_ip += 1
            continue
        found = whole.read(packet)
        if found is not None:
            listener.hear(frame.at, found)
    listener.finish()
    calls, foreign = gather(listener.events, plan, boxes=boxes, hosts=hosts)
    remarks = [capture.damage] if capture.damage else []
    remarks += _counted(no_ip, "packet", "no IP")
    remarks += _counted(
        whole.lost + whole.unfinished, "packet", "cut off, or without all fragments"
    )
    remarks += _counted(listener.gaps, "stream", "with a gap, or not SIP (TLS cannot be read)")
    remarks += _counted(listener.bad, "message", "malformed")
    remarks += _counted(
        foreign,
        "INVITE",
        "neither to an address that the policy listens on nor to a destination of it (`--box`, `--host`)",
    )
    return Recording(tuple(calls), tuple(remarks))


def read_json_lines(lines: Iterable[bytes]) -> Recording:
    """The calls of sipfo's records as lines of JSON; of several lines of one call the last holds."""
    rows: dict[object, Row] = {}
    bad = 0
    for line in lines:
        if not line.strip():
            continue
        try:
            row = JSON.read(line)
            rows[str(row.call)] = row
        except BadLine:
            bad += 1
    made = read_rows(rows.values())
    return Recording(made.calls, (*_counted(bad, "line", "no record of sipfo's"), *made.remarks))


def read_rows(rows: Iterable[Row]) -> Recording:
    """The calls of records that are open already."""
    calls: list[tuple[str, RecordedCall]] = []
    bad: list[str] = []
    for row in rows:
        try:
            calls.append((str(row.began), call_of(row)))
        except BadRow as error:
            bad.append(str(error))
    calls.sort(key=lambda one: one[0])
    why = f"unusable, the first because of {bad[0]}" if bad else ""
    return Recording(tuple(call for _, call in calls), tuple(_counted(len(bad), "record", why)))


def _counted(count: int, what: str, why: str) -> list[str]:
    return [f"{count} {what}{'s' if count > 1 else ''} {why}: left out"] if count else []
