"""What a running sipfo says of its routes, carriers, trunks and calls, as tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sipfo.verify.words import printable

Row = dict[str, Any]

GAP: Final = "  "
NOTHING: Final = "none"


def targets(rows: Sequence[Row]) -> list[str]:
    """Targets of routes: Kamailio's flags first, so that what is down stands out."""
    return _table(
        ("FLAGS", "ROUTE", "FROM", "TARGET", "WHY"),
        [[one["flags"], one["name"], one["egress"], one["target"], one["why"]] for one in rows],
    )


def carriers(rows: Sequence[Row]) -> list[str]:
    """Carriers, a line for each of their targets."""
    found = []
    for one in rows:
        calls, why = _used(one), one["why"]
        for place in one["targets"] or [{"flags": "", "egress": "", "target": "", "why": ""}]:
            against = "; ".join(text for text in (why, place["why"]) if text)
            cells = [place["flags"], one["name"], calls, place["egress"], place["target"], against]
            found.append(cells)
            calls = ""
    return _table(("FLAGS", "CARRIER", "CALLS", "FROM", "TARGET", "WHY"), found)


def trunks(rows: Sequence[Row]) -> list[str]:
    """Trunks and what is used of their limits."""
    return _table(
        ("TRUNK", "CALLS", "PLACED", "METHOD", "ROUTES", "WHY"),
        [
            [
                *(one["name"], _used(one), str(one["placed"]), one["method"]),
                *(", ".join(one["routes"]), one["why"]),
            ]
            for one in rows
        ],
    )


def calls(rows: Sequence[Row]) -> list[str]:
    """Calls that are not over."""
    return _table(
        ("CALL", "PHASE", "SECONDS", "TRUNK", "FROM", "TO", "ATTEMPTS", "ROUTE", "TARGET"),
        [
            [
                *(one["call"], one["phase"], f"{one['seconds']:.1f}", one["trunk"]),
                *(one["source"], one["number"], str(one["attempts"])),
                *(one["route"] or "", one["target"] or ""),
            ]
            for one in rows
        ],
    )


def registrations(rows: Sequence[Row]) -> list[str]:
    """Contacts of users that have registered."""
    return _table(
        ("USER", "REGISTRAR", "INSTANCE", "CONTACT", "FROM", "SECONDS", "Q", "AGENT"),
        [
            [
                *(one["user"], one["registrar"], one["instance"], one["contact"], one["source"]),
                *(str(one["seconds"]), f"{one['q']:g}", one["agent"]),
            ]
            for one in rows
        ],
    )


SHOWN: Final[dict[str, Callable[[Sequence[Row]], list[str]]]] = {
    "routes": targets,
    "carriers": carriers,
    "trunks": trunks,
    "calls": calls,
    "registrations": registrations,
}
"""What can be shown, in the order of the help."""


def _used(row: Row) -> str:
    limit, rate = row["limit"], row["per_second"]
    most = f"{row['calls']} of {limit}" if limit is not None else str(row["calls"])
    return f"{most}, {rate}/s" if rate is not None else most


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return [NOTHING]
    lines = [list(heads), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
