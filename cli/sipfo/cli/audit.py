"""`sipfo audit`: each single thing fails in turn; which of them loses calls, and how late others are."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import click

from sipfo.cli.moment import AT, settled
from sipfo.cli.naming import trunk_called
from sipfo.cli.reading import read_plan_of
from sipfo.cli.terminal import style
from sipfo.verify.audit.audit import Audit, audit
from sipfo.verify.audit.document import document, test_of
from sipfo.verify.audit.draw import draw_audit
from sipfo.verify.write import Unsayable


@click.command("audit")
@click.argument("file", metavar="FILE|PLAN", type=click.Path())
@click.option(
    "--depth",
    type=click.IntRange(1, 2),
    default=1,
    show_default=True,
    help="How many things fail at once: 2 tries every pair as well.",
)
@click.option("--trunk", metavar="TRUNK", help="One trunk; without it, all of them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["grid", "json"]),
    default="grid",
    show_default=True,
    help="A grid to look at, or JSON.",
)
@click.option("--show-tests", is_flag=True, help="Print each lost call as a test block as well.")
@AT
def command(
    file: str, depth: int, trunk: str | None, form: str, show_tests: bool, at: float
) -> None:
    """Fail each single thing in turn, and show which of them loses calls.

    Things are addresses to send from, routes, carriers, levels and instances, and the addresses,
    names and networks (/24, or /48 for IPv6) that several of them share. Each is silent, refuses,
    or has a name that does not resolve, whichever is worst; all else answers at once. A call is
    lost when it is not answered, or only after the deadline or the caller's patience.

    Exits 1 when a single thing loses calls, 2 when FILE cannot be used. Pairs are shown, and do
    not change the exit status.
    """
    plan = settled(read_plan_of(file), at, counted=True)
    if trunk is not None:
        trunk_called(plan, trunk)
    found = audit(plan, trunk, depth)
    if form == "json":
        click.echo(json.dumps(document(found), indent=2))
    else:
        click.echo(draw_audit(found, style()))
        if show_tests:
            click.echo("".join(f"\n{text}" for text in _tests(found)), nl=False)
    sys.exit(1 if found.has_single_point else 0)


def _tests(found: Audit) -> Iterator[str]:
    """Every lost call, single things first."""
    for trunk in found.trunks:
        for trial in (*trunk.lost, *trunk.pairs):
            try:
                yield test_of(trunk.trunk.name, trial)
            except Unsayable as error:
                yield f"# {trunk.trunk.name}: the language has no words for {error}\n"
