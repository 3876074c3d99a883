"""`sipfo check`: a policy to what is wrong with it, as text or JSON on standard output."""

from __future__ import annotations

import sys

import click

from sipfo.cli.reading import compile_file
from sipfo.cli.terminal import has_colour
from sipfo.compiler.report.json import render_json, to_json
from sipfo.compiler.report.text import render


@click.command("check")
@click.argument("file", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or a list of findings for tools.",
)
def command(file: str, form: str) -> None:
    """Say what is wrong with a policy, and where.

    Every mistake is reported, with the line, what is meant and what to write instead. Exits 1
    when there is an error; warnings alone are no reason.
    """
    compilation = compile_file(file)
    source, diagnostics = compilation.source, compilation.diagnostics
    if form == "json":
        click.echo(render_json(to_json(source, diagnostics)), nl=False)
    elif diagnostics:
        click.echo(render(source, diagnostics, colour=has_colour(sys.stdout)), nl=False)
    else:
        click.echo(f"{file}: nothing to complain about")
    if compilation.plan is None:
        sys.exit(1)
