"""`sipfo top`: a running sipfo on one screen, drawn again every second or two.

Plain ANSI (ECMA-48): the screen is cleared and written again, and nothing is read from the keyboard
but the interrupt that ends it.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any, Final, cast

import click

from sipfo.cli.asking import ask, asking
from sipfo.cli.tables import Row, calls, carriers, targets, trunks

CLEAR: Final = "\x1b[H\x1b[2J"
"""Cursor to the corner (ECMA-48 §8.3.21), then erase the page (§8.3.39)."""

CALLS_SHOWN: Final = 15


@click.command("top")
@click.option("--once", is_flag=True, help="Draw it once and end.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.2),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often it is drawn.",
)
@asking
def command(once: bool, every: float, control: Path) -> None:
    """Show a running sipfo's calls, trunks, routes and carriers until interrupted."""
    before: tuple[float, int] | None = None
    while True:
        placed, lines = _screen(control, before)
        before = (time.monotonic(), placed)
        if once:
            click.echo("\n".join(lines))
            return
        size = shutil.get_terminal_size()
        cut = [line[: size.columns] for line in lines[: size.lines - 1]]
        sys.stdout.write(CLEAR + "\n".join(cut))
        sys.stdout.flush()
        time.sleep(every)


def _screen(control: Path, before: tuple[float, int] | None) -> tuple[int, list[str]]:
    """Calls placed so far, and the screen."""
    uptime = cast(dict[str, Any], ask(control, "core.uptime"))["uptime"]
    version = ask(control, "core.version")
    there = cast(list[Row], ask(control, "sipfo.calls"))
    parties = cast(list[Row], ask(control, "sipfo.trunks"))
    placed = sum(one["placed"] for one in parties)
    up = sum(one["phase"] == "up" for one in there)
    head = f"{version}  up {_span(uptime)}  calls {up} up, {len(there) - up} setting up"
    if before is not None:
        rate = (placed - before[1]) / (time.monotonic() - before[0])
        head += f"  {rate:.1f} placed per second"
    lines = [head, "", *trunks(parties), ""]
    lines += [*targets(cast(list[Row], ask(control, "sipfo.routes"))), ""]
    if found := cast(list[Row], ask(control, "sipfo.carriers")):
        lines += [*carriers(found), ""]
    latest = there[-CALLS_SHOWN:][::-1]
    lines += calls(latest)
    if len(there) > len(latest):
        lines.append(f"and {len(there) - len(latest)} more")
    return placed, lines


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02d}:{minutes:02d}:{rest:02d}"
    return f"{days} d {clock}" if days else clock
