"""`sipfo import`: a configuration that somebody has to a first policy, on standard output or in a
file that is not there yet.

What would surprise: what was not understood is listed and is no failure; what comes out passes
`sipfo check`, or nothing does.
"""

from __future__ import annotations

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
    "kamailio-dispatcher": (
        "A Kamailio dispatcher list: a trunk for each set.",
        "sipfo.compiler.importing.dispatcher",
    ),
    "freeswitch-gateway": (
        "FreeSWITCH gateways, as XML.",
        "sipfo.compiler.importing.freeswitch",
    ),
}
"""What can be imported: a line of help, and the module whose `read` takes the bytes of the file (and
what it is called in comments) and gives an Imported."""

FOLDERS: Final = {
    "asterisk": (
        "An Asterisk's folder: endpoints of pjsip.conf, and ladders of Dial in extensions.conf.",
        "sipfo.compiler.importing.asterisk",
    ),
}
"""The same of what is a folder; `read` takes the bytes of its FILES, by name."""


class Imports(click.Group):
    """A command for each kind, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The kinds, in the table's order."""
        return [*KINDS, *FOLDERS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one kind, or None when there is no such name."""
        if cmd_name not in KINDS and cmd_name not in FOLDERS:
            return None
        text, module = {**KINDS, **FOLDERS}[cmd_name]

        def run(file: str, output: Path | None) -> None:
            importer = import_module(module)
            called = shown(file)
            try:
                if cmd_name in FOLDERS:
                    found = _files_in(file, importer.FILES)
                    imported: Imported = importer.read(found, Path(called).name or called)
                else:
                    imported = importer.read(read_file(file), Path(called).name)
            except NotImportable as error:
                raise Unusable(f"{called}: {error}") from None
            _write(called, output, imported)

        return click.Command(
            cmd_name,
            callback=run,
            help=f"{text}\n\nWrites a first policy, which passes `sipfo check`. What was not"
            " understood, or is an example that you must replace, is listed by line on standard error.",
            params=[
                click.Argument(
                    ["file"],
                    metavar="DIR" if cmd_name in FOLDERS else "FILE",
                    type=click.Path(),
                ),
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


def _files_in(folder: str, names: tuple[str, ...]) -> dict[str, bytes]:
    """The files of these names that a folder has. Raises Unusable."""
    if not Path(folder).is_dir():
        raise Unusable(f"{shown(folder)} is no folder: give the one that has {names[0]}")
    there = [name for name in names if (Path(folder) / name).is_file()]
    return {name: read_file(str(Path(folder) / name)) for name in there}


def _write(called: str, output: Path | None, imported: Imported) -> None:
    """Write, and say what was left out. Raises Unusable; exits 1 where the policy that came out has
    errors."""
    try:
        text = policy_text(imported.draft)
    except Unwritable as error:
        raise Unusable(f"{called}: {error}") from None
    for remark in imported.remarks:
        place = str(Path(called) / remark.file) if remark.file else called
        where = f"{place}:{remark.line}" if remark.line else place
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
