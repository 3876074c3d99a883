"""`sipfo diff`: two policies or plans to the calls that change between them."""

from __future__ import annotations

import json
import sys

import click

from sipfo.cli.moment import AT, comparable, rates_beyond
from sipfo.cli.reading import Unusable, read_plan_of
from sipfo.cli.terminal import style
from sipfo.plan.model import Plan
from sipfo.verify.diff.as_json import difference_json
from sipfo.verify.diff.compare import compare
from sipfo.verify.diff.markdown import markdown
from sipfo.verify.diff.text import draw_difference


@click.command("diff")
@click.argument("old", metavar="OLD", type=click.Path())
@click.argument("new", metavar="NEW", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="For a terminal, for tools, or for a merge request.",
)
@click.option(
    "--show-tests",
    is_flag=True,
    help="Add to each call a test block that passes on OLD and fails on NEW, or why there is none.",
)
@AT
def command(old: str, new: str, form: str, show_tests: bool, at: float) -> None:
    """Say which calls change between two policies or plans.

    For each trunk, the shortest calls that go another way, before and after. What is compared is
    what is on the wire: addresses, numbers, order, times and results. Other names, another order
    of declarations or a default that is written out change no call.

    The answer is exact, with three limits: how long a destination is left alone after a
    Retry-After is not looked at; a host name is taken to stand for one address, and for two where
    that tells the plans apart; the same port written out behind an address is no change.

    Exits 0 when nothing changes, 1 when something does, 2 when a file cannot be used.
    """
    was, now = _plan(old), _plan(new)
    difference = compare(comparable(was, at), comparable(now, at))
    match form:
        case "json":
            click.echo(json.dumps(difference_json(difference), indent=2))
        case "markdown":
            click.echo(markdown(difference))
        case _:
            click.echo(draw_difference(difference, style(), show_tests))
    beyond = rates_beyond(was, now)
    if beyond is not None:
        click.echo(f"sipfo: {beyond}", err=True)
    if beyond is not None or not difference.same:
        sys.exit(1)


def _plan(path: str) -> Plan:
    """The plan of a file. Raises Unusable, also for a policy with errors, which are shown: 1 says
    that something changes."""
    try:
        return read_plan_of(path)
    except SystemExit:
        raise Unusable(f"{path} does not compile") from None
