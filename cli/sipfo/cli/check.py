"""`sipfo check`: policies to what is wrong with them, on standard output, in four formats.

With `--fix`, what can be put right without a change of meaning is put right in the file first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

from sipfo.cli.reading import (
    STANDARD_INPUT,
    Unusable,
    compile_bytes,
    compile_file,
    is_plan,
    read_file,
    shown,
)
from sipfo.cli.targets import NAMES, warn_unverified
from sipfo.cli.terminal import has_colour
from sipfo.cli.writing import write_whole
from sipfo.compiler.fixing import fixable, fixed
from sipfo.compiler.pipeline import Compilation
from sipfo.compiler.report.github import render_github
from sipfo.compiler.report.json import render_json, to_json
from sipfo.compiler.report.sarif import render_sarif
from sipfo.compiler.report.text import render
from sipfo.grammar.diagnostic import Fix

Made = Sequence[tuple[str, Compilation]]
"""Each file as it is called, and what became of it."""

ROUNDS: Final = 10
"""How often fixes are made and looked for again: one may be possible only after another."""


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="For people; a list of findings for tools; annotations of a pull request; SARIF 2.1.0.",
)
@click.option(
    "--target",
    "targets",
    type=click.Choice(NAMES),
    multiple=True,
    help="Also say what this target cannot do. Repeatable.",
)
@click.option("--fix", is_flag=True, help="First put right what leaves no doubt, in the file.")
def command(files: tuple[str, ...], form: str, targets: tuple[str, ...], fix: bool) -> None:
    """Say what is wrong with policies, and where.

    Every mistake is reported, with the line, what is meant and what to write instead. `-` is
    standard input. Exits 1 when there is an error, 2 when a file cannot be used; warnings and
    notes alone are no reason.
    """
    if fix and STANDARD_INPUT in files:
        raise click.UsageError("a fix is written into a file: `-` is none")
    warn_unverified(targets)
    status = 0
    made: list[tuple[str, Compilation]] = []
    for file in files:
        try:
            if fix:
                _put_right(file)
            made.append((shown(file), compile_file(file, targets)))
        except Unusable as error:
            error.show()
            status = error.exit_code
    click.echo(_FORMATS[form](made), nl=False)
    failed = any(compilation.plan is None for _, compilation in made)
    sys.exit(status or (1 if failed else 0))


def _put_right(file: str) -> None:
    """Make every fix that there is, write the file once, and say what was done. Raises Unusable."""
    data = read_file(file)
    if is_plan(data):
        return  # said by whoever compiles it
    done: list[str] = []
    for _ in range(ROUNDS):
        compilation = compile_bytes(data, file)
        source = compilation.source.main
        fixes: list[Fix] = []
        for one, fix in fixable(source, compilation.diagnostics):
            place = source.position(one.span.start)
            done.append(f"{file}:{place.line}:{place.column}: {one.title}: {fix.title}")
            fixes.append(fix)
        if not fixes:
            break
        data = fixed(source, data.decode(), fixes).encode()
    if done:
        write_whole(Path(file), data.decode())
        click.echo("\n".join(["fixed:", *(f"  {line}" for line in done)]), err=True)


def _text(made: Made) -> str:
    colour = has_colour(sys.stdout)
    told = [
        render(one.source, one.diagnostics, colour=colour) or f"{path}: nothing to complain about\n"
        for path, one in made
    ]
    return "\n".join(told) if any(one.diagnostics for _, one in made) else "".join(told)


def _json(made: Made) -> str:
    return render_json(
        [finding for _, one in made for finding in to_json(one.source, one.diagnostics)]
    )


def _github(made: Made) -> str:
    return "".join(render_github(one.source, one.diagnostics) for _, one in made)


def _sarif(made: Made) -> str:
    return render_sarif([(one.source, one.diagnostics) for _, one in made], version("sipfo"))


_FORMATS: Final[dict[str, Callable[[Made], str]]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
