"""`sipfo compile`: a policy to its plan, on standard output or into a file, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import click

from sipfo.cli.reading import compile_file, plan_or_exit, show
from sipfo.cli.writing import write_whole
from sipfo.plan.codec import write_plan


@click.command("compile")
@click.argument("file", type=click.Path())
@click.option(
    "--target",
    type=click.Choice(["plan"]),
    default="plan",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write here instead of to standard output; the file is replaced in one step.",
)
def command(file: str, target: str, output: Path | None) -> None:
    """Turn a policy into a plan.

    A plan is JSON, and all that `sipfo run` needs. With an error nothing is written and the exit
    status is 1; warnings are shown and do no harm.
    """
    compilation = compile_file(file)
    text = write_plan(plan_or_exit(compilation))
    if compilation.diagnostics:
        show(compilation)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text)
