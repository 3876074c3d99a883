"""`sipfo test`: a policy's test blocks, on the model or on the runtime, to one line for each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence

import click

from sipfo.cli.reading import Unusable, compile_file, show
from sipfo.cli.terminal import style
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.compare import draw_side_by_side
from sipfo.verify.judge import judge
from sipfo.verify.simulate import simulate
from sipfo.verify.style import Style
from sipfo.verify.words import duration, printable

Played = AsyncIterator[tuple[Scenario, Ladder | Exception]]


@click.command("test")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--on",
    type=click.Choice(["model", "runtime"]),
    default="model",
    show_default=True,
    help="In virtual time, or as calls over loopback sockets.",
)
def command(files: tuple[str, ...], on: str) -> None:
    """Run a policy's test blocks.

    Times shown are the call's, from its INVITE to its result. Exits 1 when a test fails or a
    policy does not compile, 2 when a file cannot be used; the others are run all the same.
    """
    sys.exit(asyncio.run(_run(files, on)))


async def _run(files: Sequence[str], on: str) -> int:
    """Run the tests of every file; the exit status."""
    look = style()
    passed = failed = broken = status = 0
    for file in files:
        try:
            compilation = compile_file(file)
        except Unusable as error:
            error.show()
            broken += 1
            status = error.exit_code
            continue
        if compilation.plan is None:
            show(compilation)
            broken += 1
            continue
        if not compilation.scenarios:
            click.echo(f"{file}: no test blocks")
            continue
        if len(files) > 1:
            click.echo(look.paint(file, "bold"))
        async for scenario, played in _played(compilation.plan, compilation.scenarios, on):
            good = _tell(scenario, played, look)
            passed += good
            failed += not good
    if passed or failed or broken:
        unread = f", {broken} file{'s' * (broken != 1)} not run" if broken else ""
        click.echo(f"{passed} passed, {failed} failed{unread}")
    return status or (1 if failed or broken else 0)


async def _played(plan: Plan, scenarios: Sequence[Scenario], on: str) -> Played:
    if on == "model":
        for scenario in scenarios:
            yield scenario, simulate(plan, scenario)
        return
    from sipfo.verify.lab.play import play_each  # sockets and DNS: only when they are needed

    async for item in play_each(plan, scenarios):
        yield item


def _tell(scenario: Scenario, played: Ladder | Exception, look: Style) -> bool:
    """Print one test's line, and why it failed; whether it passed."""
    name = printable(scenario.name)
    if isinstance(played, Exception):
        click.echo(f"{look.paint('FAILED', 'red')}  {name}")
        click.echo(f"  {printable(str(played) or repr(played))}")
        return False
    verdict = judge(scenario, played)
    word = look.paint("ok    ", "green") if verdict.ok else look.paint("FAILED", "red")
    click.echo(f"{word}  {name}  {look.paint(duration(played.elapsed), 'dim')}")
    if not verdict.ok:
        for difference in verdict.differences:
            click.echo(f"  {difference}")
        click.echo(_indented(draw_side_by_side(scenario, played, look)))
    return verdict.ok


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
