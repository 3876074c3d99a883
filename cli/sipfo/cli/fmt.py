"""`sipfo fmt`: policies to the same policies in canonical layout, in their files.

What would surprise: a policy that cannot be read, or is in another version of the language, is
left as it is, and the files after it are done all the same.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sipfo.cli.reading import STANDARD_INPUT, Unusable, is_plan, read_file, shown
from sipfo.cli.terminal import has_colour
from sipfo.cli.writing import write_whole
from sipfo.compiler.checks.language_version import other_version
from sipfo.compiler.decode import decode
from sipfo.compiler.report.text import render
from sipfo.grammar.format.formatter import format_tree
from sipfo.grammar.parser import parse

_COLOURS: Final = {"---": "1", "+++": "1", "@": "36", "-": "31", "+": "32"}


@dataclass(frozen=True, slots=True)
class Layout:
    """A policy's text as it is and as it should be, and what to call it."""

    path: str
    data: bytes
    text: str

    @property
    def changes(self) -> bool:
        return self.data != self.text.encode()


@click.command("fmt")
@click.argument("files", type=click.Path(allow_dash=True), nargs=-1, required=True)
@click.option("--check", is_flag=True, help="Write nothing; list the files that would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(files: tuple[str, ...], check: bool, diff: bool) -> None:
    """Lay policies out in the house's style, in place.

    No word and no comment is changed, and what changed is listed. `-` reads standard input and
    writes standard output. Exits 1 when a policy has a syntax error, or when --check or --diff
    found something to change; 2 when a file cannot be read or written.
    """
    if STANDARD_INPUT in files and len(files) > 1:
        raise click.UsageError("`-` stands alone: give it no other files")
    sys.exit(max([_one(file, check=check, diff=diff) for file in files]))


def _one(file: str, *, check: bool, diff: bool) -> int:
    """Do what is asked with one file; the exit status that it asks for."""
    try:
        layout = _lay_out(file)
        if layout is None:
            return 1
        if check or diff:
            return _tell(layout, diff=diff)
        if file == STANDARD_INPUT:
            click.echo(layout.text.encode(), nl=False)
        elif layout.changes:
            write_whole(Path(file), layout.text)
            click.echo(layout.path)
    except Unusable as error:
        error.show()
        return error.exit_code
    return 0


def _lay_out(file: str) -> Layout | None:
    """The layout of a policy; None, after its errors were shown, when it cannot be read.

    Raises Unusable when there is no policy.
    """
    path, data = shown(file), read_file(file)
    if is_plan(data):
        raise Unusable(f"{path} is a plan: give the policy that it was compiled from")
    source, wrong = decode(data, path)
    file_tree, unread = parse(source)
    other = other_version(file_tree)
    wrong = wrong or ([other] if other is not None else unread)
    if wrong:
        click.echo(render(source, wrong, colour=has_colour(sys.stderr)), err=True, nl=False)
        return None
    return Layout(path, data, format_tree(source, file_tree))


def _tell(layout: Layout, *, diff: bool) -> int:
    """Say that a file would change, or how; the exit status."""
    if not layout.changes:
        return 0
    if not diff:
        click.echo(layout.path)
        return 1
    for line in _diff(layout):
        plain = _printable(line) if sys.stdout.isatty() else line
        click.echo(_paint(plain) if has_colour(sys.stdout) else plain)
    return 1


def _diff(layout: Layout) -> Iterator[str]:
    """A unified diff that `patch` takes, without line ends."""
    old, new = _lines(layout.data.decode()), _lines(layout.text)
    return difflib.unified_diff(old, new, layout.path, layout.path, lineterm="")


def _lines(text: str) -> list[str]:
    """Lines end at a line feed, nowhere else; a last one that has none says so."""
    *lines, last = text.split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _printable(line: str) -> str:
    """A line as a terminal is to get it: what would steer it, or not be seen, is spelt out."""
    return "".join(c if c.isprintable() or c in "\t\n" else f"\\x{ord(c):02x}" for c in line)


def _paint(line: str) -> str:
    for sign, colour in _COLOURS.items():
        if line.startswith(sign):
            return f"\x1b[{colour}m{line}\x1b[0m"
    return line
