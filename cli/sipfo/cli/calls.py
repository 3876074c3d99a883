"""`sipfo calls`: the calls in a book of records, one line each, while a server may be writing it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import click

from sipfo.cli.reading import Unusable
from sipfo.cli.terminal import style
from sipfo.runtime.row import Row, moment
from sipfo.runtime.sheet import as_dict
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.book import CannotKeep
from sipfo.runtime.wire.books import read_book
from sipfo.verify.draw import result_paint
from sipfo.verify.style import Style
from sipfo.verify.words import duration, printable, result_words

_AGO: Final = re.compile(r"([0-9]{1,6})(s|m|h|d)")
RECORDS: Final = click.option(
    "--records",
    "book",
    required=True,
    envvar="SIPFO_RECORDS",
    metavar="BOOK",
    help="What `sipfo run --records` was given. [env: SIPFO_RECORDS]",
)
"""Where a command finds the calls of which it is told one."""

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _since(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    ago = _AGO.fullmatch(value)
    try:
        if ago is not None:
            return moment(max(0.0, time.time() - int(ago[1]) * _SECONDS[ago[2]]))
        found = datetime.fromisoformat(value)
        return moment((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"`{value}`: write 90s, 30m, 2h, 7d, 2026-11-24 or 2026-11-24T09:30:00Z"
        ) from None


@click.command("calls")
@click.argument("book", metavar="BOOK", envvar="SIPFO_RECORDS")
@click.option(
    "--since",
    metavar="MOMENT",
    callback=_since,
    help="Calls that came since then: 2h, 7d, 2026-11-24, 2026-11-24T09:30 (UTC).",
)
@click.option("--trunk", metavar="NAME", help="Calls of this trunk.")
@click.option("--failed", is_flag=True, help="Calls that were refused, or lost in a crash.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Lines to read, or one JSON object each.",
)
def command(book: str, since: str | None, trunk: str | None, failed: bool, form: str) -> None:
    """List the calls in a book of records, the earliest first.

    BOOK is what `sipfo run --records` was given: calls.db, calls.jsonl, calls.csv or a
    postgresql:// URL; SIPFO_RECORDS in the environment stands for it. All that is asked for must
    hold.
    """
    look = style()
    for row in rows(book, Wanted(since, trunk, failed)):
        click.echo(json.dumps(as_dict(row)) if form == "json" else line(row, look))


def rows(book: str, wanted: Wanted) -> Iterator[Row]:
    """The calls that are wanted. Raises Unusable."""
    try:
        yield from read_book(book, wanted)
    except CannotKeep as error:
        raise Unusable(str(error)) from None


def line(row: Row, look: Style) -> str:
    """When, which call, who to whom, what the caller got, and how it ended."""
    ladder = row.ladder
    result = look.paint(result_words(ladder.result), result_paint(ladder.result))
    count = len(row.attempts)
    cells = [
        row.began,
        row.call,
        row.trunk,
        f"{printable(row.source)} {look.signs.to} {printable(row.number)}",
        result,
        f"{duration(row.elapsed)}, {count} attempt{'s' * (count != 1)}",
    ]
    if row.result == "answered":
        cells.append(end_words(row))
    return "  ".join(cells)


def end_words(row: Row) -> str:
    """What became of an answered call."""
    if row.state == "open" or row.talked is None:
        return "still up"
    if row.state == "lost":
        return f"lost after {duration(row.talked)}: sipfo ended without it"
    who = row.hung_up_by or "nobody"
    return f"{who} hung up after {duration(row.talked)}"
