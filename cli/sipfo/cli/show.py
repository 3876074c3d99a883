"""`sipfo show`: the routes, carriers, trunks, calls or registrations of a running sipfo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import click

from sipfo.cli.asking import ask, asking
from sipfo.cli.tables import SHOWN, Row


@click.command("show")
@click.argument("what", type=click.Choice(list(SHOWN)))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For a terminal, or for tools.",
)
@asking
def command(what: str, form: str, control: Path) -> None:
    """Show what a running sipfo has: routes, carriers, trunks, calls or registrations.

    Flags are Kamailio's: A(ctive), T(rying: it fails, but not often enough to be down), I(nactive)
    or D(isabled by an operator), then P(robed) or X (not probed).
    """
    rows = cast(list[Row], ask(control, f"sipfo.{what}"))
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(SHOWN[what](rows)))
