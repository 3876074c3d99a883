"""`sipfo ladder`: what one recorded call did, drawn as `sipfo simulate` draws it."""

from __future__ import annotations

import click

from sipfo.cli.calls import RECORDS, end_words, rows
from sipfo.cli.reading import Unusable
from sipfo.cli.terminal import style
from sipfo.plan.scenario import Scenario
from sipfo.runtime.row import Row
from sipfo.runtime.wanted import Wanted
from sipfo.verify.draw import draw
from sipfo.verify.style import Style
from sipfo.verify.words import printable


@click.command("ladder")
@click.argument("call", metavar="CALL")
@RECORDS
def command(call: str, book: str) -> None:
    """Draw what a recorded call did.

    CALL is the call's name as `sipfo run` and `sipfo calls` show it, its last part, or the caller's
    Call-ID; all calls that it fits are drawn.
    """
    drawn = [drawing(row, style()) for row in rows(book, Wanted(call=call))]
    if not drawn:
        raise Unusable(f"{book} has no call {printable(call)}: `sipfo calls {book}` lists them")
    click.echo("\n\n".join(drawn))


def drawing(row: Row, look: Style) -> str:
    """The call's ladder, who placed it, and how it ended."""
    # Not validated: a row may come from a plan, or a hand, that had other rules for names.
    about = Scenario.model_construct(name=row.call, trunk=row.trunk, number=row.number)
    who = f"{row.began}  {printable(row.caller)} at {printable(row.source)}"
    lines = [draw(about, row.ladder, look)]
    lines += [f"  {look.paint(printable(note), 'dim')}" for note in row.notes]
    lines.append(f"  {look.paint(who, 'dim')}")
    lines.append(f"  {look.paint(f'Call-ID {printable(row.call_id)}', 'dim')}")
    if row.result == "answered":
        lines.append(f"  {look.paint(end_words(row), 'dim')}")
    return "\n".join(lines)
