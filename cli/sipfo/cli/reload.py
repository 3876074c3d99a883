"""`sipfo reload`: have a running sipfo read its policy again, and say which calls change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

from sipfo.cli.asking import ask, asking


@click.command("reload")
@asking
def command(control: Path) -> None:
    """Have a running sipfo read its policy again.

    Prints which calls change. Calls under way keep the plan that they were placed by. A file with
    errors changes nothing: they are shown, and the exit status is 1.
    """
    found = cast(dict[str, Any], ask(control, "sipfo.reload"))
    click.echo(found["text"])
