"""`sipfo replace`: have a running sipfo start its successor, which takes over without a loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from sipfo.cli.asking import ask, asking


@click.command("replace")
@asking
def command(control: Path) -> None:
    """Have a running sipfo replaced by what is installed now.

    It starts its own command line again, with --take-over: the new process has the sockets and the
    answered calls before the old one ends. If the new one cannot start, the old one goes on and the
    exit status is 1.
    """
    found = cast(dict[str, Any], ask(control, "sipfo.replace"))
    click.echo(f"process {found['pid']} has taken over")
