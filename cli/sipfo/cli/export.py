"""`sipfo export`: a policy with what was changed of it over the API, as text.

What would surprise: a change may be in a file that the policy imports. `--write` writes each file
that a change is in; standard output takes one.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from sipfo.cli.amending import compile_with, tell
from sipfo.cli.journal import Journal
from sipfo.cli.reading import Unusable, plan_or_exit, shown
from sipfo.cli.writing import write_whole
from sipfo.compiler.amend.texts import CannotAmend
from sipfo.plan.change import Changes


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--changes",
    "path",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where it is kept what was changed; without this FILE.changes.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The text, or JSON: each file that a change is in, or the policy, with its text.",
)
@click.option("--write", is_flag=True, help="Write each file that a change is in, in its place.")
def command(file: str, path: Path | None, form: str, write: bool) -> None:
    """Print a policy with what was changed of it over the API, or write it to its files.

    Comments and layout stay as they are. After `--write`, `sipfo reload` makes the running sipfo
    see that the policy says it all by itself.
    """
    texts = changed_texts(file, Journal(file, path).read())
    if write:
        for name, text in texts.items():
            write_whole(Path(name), text)
            click.echo(name)
        return
    texts = texts or {shown(file): Path(file).read_bytes().decode()}
    others = [name for name in texts if name != shown(file)]
    if form == "json":
        click.echo(json.dumps(texts))
    elif others:
        raise Unusable(f"a change is in {', '.join(others)}: `--write` writes each file")
    else:
        click.echo(texts[shown(file)], nl=False)


def changed_texts(file: str, changes: Changes) -> dict[str, str]:
    """The files that a change is in, with it, by path. Raises Unusable; exits 1 for a policy's
    errors."""
    try:
        amended, compiled = compile_with(file, changes)
    except CannotAmend as error:
        raise Unusable(f"what was changed cannot be made: {error}") from None
    plan_or_exit(compiled)
    tell(amended.remarks)
    return {path: text.decode() for path, text in amended.files.changed().items()}
