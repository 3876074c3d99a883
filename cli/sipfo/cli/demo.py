"""`sipfo demo`: a policy's test calls placed for real over loopback, each drawn as a ladder."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from importlib.resources import files

import click

from sipfo.cli.moment import per_test
from sipfo.cli.reading import plan_or_exit, read_policy
from sipfo.cli.terminal import style
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.compare import draw_side_by_side
from sipfo.verify.draw import draw, head
from sipfo.verify.judge import judge
from sipfo.verify.lab.play import play_each
from sipfo.verify.style import Style
from sipfo.verify.words import printable

PACKAGED = "telnyx.sipfo"


@click.command("demo")
@click.argument("file", required=False, type=click.Path())
def command(file: str | None) -> None:
    """Place a policy's test calls over loopback and draw them.

    Every address of the policy gets a loopback address of its own; scripted endpoints answer,
    ring, refuse or stay silent as the test blocks say; sipfo's runtime carries the calls, all at
    once. Without FILE, Telnyx's failover and retries as its documentation has them. Exits 1 when
    a call did not go as the policy says.
    """
    if file is None:
        compilation = _packaged()
        plan = plan_or_exit(compilation)
    else:
        plan, compilation = read_policy(file)
    if not compilation.scenarios:
        click.echo(f"{compilation.source.path}: no test blocks, so no calls to place")
        return
    sys.exit(asyncio.run(_play(plan, compilation)))


def _packaged() -> Compilation:
    data = files("sipfo.cli").joinpath(PACKAGED).read_bytes()
    return compile_source(data, PACKAGED)


async def _play(plan: Plan, compilation: Compilation) -> int:
    """Play and draw; the exit status."""
    look = style()
    addresses = {one.name: one.host for one in plan.egress}
    count = len(compilation.scenarios)
    click.echo(f"{compilation.source.path}: placing {count} call{'s' * (count != 1)} over loopback")
    wrong = 0
    for settled, scenarios in per_test(plan, compilation.scenarios, time.time()):
        wrong += await _each(settled, scenarios, look, addresses)
    click.echo()
    click.echo(f"{count - wrong} of {count} calls went as the policy says")
    return 1 if wrong else 0


async def _each(
    plan: Plan, scenarios: Sequence[Scenario], look: Style, addresses: dict[str, str]
) -> int:
    """How many of these did not go as the policy says."""
    wrong = 0
    async for scenario, played in play_each(plan, scenarios):
        click.echo()
        if isinstance(played, Exception):
            wrong += 1
            click.echo(head(scenario, look))
            click.echo(f"  {look.paint('FAILED', 'red')}: {printable(str(played) or repr(played))}")
            continue
        click.echo(draw(scenario, played, look, addresses))
        if not judge(scenario, played).ok:
            wrong += 1
            click.echo(f"  {look.paint('FAILED', 'red')}: the policy's test block says otherwise")
            click.echo(draw_side_by_side(scenario, played, look))
    return wrong
