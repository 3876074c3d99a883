"""`sipfo import`: a configuration that somebody has to a first policy, on standard output or in a
file that is not there yet.

What would surprise: what was not understood is listed and is no failure; what comes out passes
`sipfo check`, or nothing does.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

import click

from sipfo.cli.init import write_new
from sipfo.cli.reading import Unusable, read_file, show, shown
from sipfo.compiler.draft.words import Unwritable
from sipfo.compiler.draft.write import policy_text
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.compiler.pipeline import compile_source

KINDS: Final = {
    "telnyx": (
        "Connections, routes and numbers as Telnyx's API has them: JSON.",
        "sipfo.compiler.importing.telnyx",
    ),
}
"""What can be imported: a line of help, and the module whose `read` takes the bytes of the file (and
what it is called in comments) and gives an Imported."""


class Imports(click.Group):
    """A command for each kind, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kinds, in the table's order."""
        return list(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one kind, or None when there is no such name."""
        if cmd_name not in KINDS:
            return None
        text, module = KINDS[cmd_name]

        def run(file: str, output: Path | None) -> None:
            read: Callable[[bytes, str], Imported] = import_module(module).read
            _import(file, output, read)

        return click.Command(
            cmd_name,
            callback=run,
            help=f"{text}\n\nWrites a first policy, which passes `sipfo check`. What was not"
            " understood, or is an example that you must replace, is listed by line on standard error.",
            params=[
                click.Argument(["file"], type=click.Path()),
                click.Option(
                    ["-o", "--output"],
                    type=click.Path(path_type=Path),
                    metavar="PATH",
                    help="Write here instead of to standard output; a file that is there is left.",
                ),
            ],
        )


@click.command("import", cls=Imports)
def command() -> None:
    """Make a first policy of a configuration that you have."""


def _import(file: str, output: Path | None, read: Callable[[bytes, str], Imported]) -> None:
    """Read, write and say what was left out. Raises Unusable; exits 1 where the policy that came out
    has errors."""
    called = shown(file)
    try:
        imported = read(read_file(file), Path(called).name)
        text = policy_text(imported.draft)
    except (NotImportable, Unwritable) as error:
        raise Unusable(f"{called}: {error}") from None
    for remark in imported.remarks:
        where = f"{called}:{remark.line}" if remark.line else called
        click.echo(f"{where}: {remark.text}", err=True)
    made = compile_source(text, str(output or "policy.sipfo"))
    if made.plan is None:
        click.echo("what came of it is no policy, and is not written:", err=True)
        show(made)
        raise SystemExit(1)
    if output is None:
        click.echo(text, nl=False)
        return
    write_new(output, text)
    click.echo(f"wrote {output}: look at its comments, then `sipfo check {output}`", err=True)
