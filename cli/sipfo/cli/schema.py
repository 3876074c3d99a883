"""`sipfo schema`: the plan's JSON Schema to standard output."""

from __future__ import annotations

import click

from sipfo.plan.codec import plan_schema


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the plan.

    It describes what `sipfo compile` writes and `sipfo run` reads.
    """
    click.echo(plan_schema(), nl=False)
