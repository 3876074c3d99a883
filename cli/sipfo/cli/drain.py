"""`sipfo drain`: have a running sipfo take no new calls, and stop when those it has are over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from sipfo.cli.asking import ask, asking


@click.command("drain")
@click.option(
    "--grace",
    type=click.FloatRange(0, 86400),
    metavar="SECONDS",
    help="How long calls under way may go on; without this what `sipfo run` was given.",
)
@asking
def command(control: Path, grace: float | None) -> None:
    """Have a running sipfo stop, once its calls are over.

    It answers new calls 503 from now on. Those that are under way when the grace time is over are
    ended. Told a second time, it ends them at once.
    """
    found = ask(control, "core.shutdown", [] if grace is None else [grace])
    told = cast(dict[str, Any], found)
    click.echo(f"draining: {told['calls']} under way, {told['grace']:g} s at most")
