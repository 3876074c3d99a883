"""`sipfo budget`: the longest that a caller can wait, per trunk, and the outcomes that cause it."""

from __future__ import annotations

import json
import sys

import click

from sipfo.cli.moment import AT, settled
from sipfo.cli.naming import trunk_called
from sipfo.cli.reading import read_plan_of
from sipfo.cli.terminal import style
from sipfo.verify.budget.budget import Budget, budgets
from sipfo.verify.budget.document import document, test_of
from sipfo.verify.budget.draw import draw_budget
from sipfo.verify.write import Unsayable

MOST_TARGETS = 100


@click.command("budget")
@click.argument("file", metavar="FILE|PLAN", type=click.Path())
@click.option("--trunk", metavar="TRUNK", help="One trunk; without it, all of them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="A table to look at, or JSON.",
)
@click.option(
    "--targets",
    type=click.IntRange(1, MOST_TARGETS),
    default=1,
    show_default=True,
    metavar="N",
    help="How many addresses each host name is counted as.",
)
@click.option("--show-test", is_flag=True, help="Print the longest wait as a test block as well.")
@AT
def command(
    file: str, trunk: str | None, form: str, targets: int, show_test: bool, at: float
) -> None:
    """Show the longest that a caller can wait for the result of a call.

    For each trunk: the wait, the call that takes so long, and when each attempt can start: at the
    soonest, when every attempt before it is silent (the usual outage), and at the latest.

    Exact, from the failover machine's rules: every response comes at the last moment that its
    timer allows. A refused connection takes 100 ms, a name that is not found no time; a
    connection that breaks later, and Retry-After of earlier calls, are not counted.

    Exits 1 when an attempt can never be tried, 2 when FILE cannot be used.
    """
    plan = settled(read_plan_of(file), at, counted=True)
    if trunk is not None:
        trunk_called(plan, trunk)
    found = list(budgets(plan, trunk, targets))
    if form == "json":
        click.echo(json.dumps({"trunks": [document(one) for one in found]}, indent=2))
    else:
        look = style()
        click.echo("\n\n".join(draw_budget(one, look) for one in found))
        if show_test:
            click.echo("".join(f"\n{_test(one)}" for one in found), nl=False)
    sys.exit(1 if any(one.never for one in found) else 0)


def _test(budget: Budget) -> str:
    try:
        return test_of(budget)
    except Unsayable as error:
        return f"# {budget.trunk.name}: the language has no words for {error}\n"
