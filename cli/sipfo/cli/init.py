"""`sipfo init`: a first policy, plain or on a provider's facts, to a file that is not there yet."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

import click

from sipfo.cli.reading import Unusable

PROVIDERS: Final = ("telnyx", "twilio", "didww", "vonage", "teams", "cube")
"""Those whose bundled library has a starter."""


@click.command("init")
@click.option(
    "--provider",
    type=click.Choice(PROVIDERS),
    help="Start from the facts of this provider's bundled library.",
)
@click.argument("path", default="policy.sipfo", type=click.Path())
def command(provider: str | None, path: str) -> None:
    """Write a first policy to start from, to PATH.

    It passes `sipfo check`, and its tests pass. PATH is policy.sipfo unless given, `-` is standard
    output; a file that is there is left as it is.
    """
    text = starter(provider)
    if path == "-":
        click.echo(text, nl=False)
        return
    write_new(Path(path), text)
    click.echo(f"wrote {path}: put your own addresses and numbers in it, then")
    click.echo(f"  sipfo check {path}   # what is wrong with it, and where")
    click.echo(f"  sipfo test {path}    # run its test blocks, without placing a call")
    click.echo(f"  sipfo run {path}     # carry calls by it")


def starter(provider: str | None) -> str:
    """The text of a first policy; without a provider, the plain one."""
    name = f"{provider or 'plain'}.sipfo"
    return (files("sipfo.compiler.starter") / name).read_text(encoding="utf-8")


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet. Raises Unusable, also when it is."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise Unusable(f"{path} is there already, and is left as it is") from None
    except OSError as error:
        raise Unusable(f"cannot write {path}: {error.strerror or error}") from None
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Unusable(f"cannot write {path}: {error.strerror or error}") from None
