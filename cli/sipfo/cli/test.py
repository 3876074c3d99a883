"""`sipfo test`: a policy's test blocks, on the model or on real engines, to one line for each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sipfo.cli.moment import AT, per_test
from sipfo.cli.reading import Unusable, compile_file, show
from sipfo.cli.terminal import style
from sipfo.plan.choice import settle
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.compare import draw_side_by_side
from sipfo.verify.draw import draw
from sipfo.verify.judge import judge
from sipfo.verify.lab.finding import Finding
from sipfo.verify.simulate import simulate
from sipfo.verify.words import duration, printable

MODEL, ALL = "model", "all"
ENGINES = ("runtime", "kamailio", "asterisk")

UNPLAYED = ("freeswitch", "opensips")
"""Targets that no call was ever played on."""

Tried = AsyncGenerator[tuple[Scenario, tuple[Ladder, Finding] | Exception], None]


if TYPE_CHECKING:
    Choice = click.Choice[str]
else:  # before click 8.2 it takes no type
    Choice = click.Choice


class Stage(Choice):
    """Where tests can be played; another target is told apart from a typing error."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in UNPLAYED:
            self.fail(
                f"tests are not played on {value}: what is compiled for it is unverified (docs/targets.md)",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


@click.command("test")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option(
    "--on",
    type=Stage([MODEL, *ENGINES, ALL]),
    default=MODEL,
    show_default=True,
    help="In virtual time, or as calls through a real engine; `all`: each that is here.",
)
@AT
def command(files: tuple[str, ...], on: str, at: float) -> None:
    """Run a policy's test blocks.

    A real engine runs in a private network where every address of the policy exists, among
    scripted endpoints for routes, carriers and the caller. What passes on the wire must be what
    the model does, and what the test expects; where it is not, both ladders are shown.

    Times shown are the call's, from its INVITE to its result. Exits 1 when a test fails or a
    policy does not compile, 2 when a file cannot be used or the engine is not here; the others
    are run all the same. A test that comes out otherwise on an engine, as the target's table
    declares, is marked `differs`, and does not fail.
    """
    sys.exit(asyncio.run(_run(files, on, at)))


@dataclass(slots=True)
class _Score:
    passed: int = 0
    differ: int = 0
    failed: int = 0
    broken: int = 0
    status: int = 0

    def count(self, finding: Finding | None) -> None:
        """Add a test; None for one that could not be played."""
        if finding is None or not finding.ok:
            self.failed += 1
        elif finding.is_other:
            self.differ += 1
        else:
            self.passed += 1

    @property
    def exit_status(self) -> int:
        return self.status or (1 if self.failed or self.broken else 0)

    def __str__(self) -> str:
        unread = f", {self.broken} file{'s' * (self.broken != 1)} not run" if self.broken else ""
        differ = f", {self.differ} differ{'s' * (self.differ == 1)} as declared" * bool(self.differ)
        return f"{self.passed} passed, {self.failed} failed{differ}{unread}"


@dataclass(frozen=True, slots=True)
class _Tests:
    """A policy's tests; `title` is above them where there are several lots of tests."""

    plan: Plan
    scenarios: Sequence[Scenario]
    title: str | None


async def _run(files: Sequence[str], on: str, at: float) -> int:
    """Run the tests of every file; the exit status."""
    score = _Score()
    async with AsyncExitStack() as stack:
        places = None
        engines = [MODEL] if on in (MODEL, ALL) else []
        if on != MODEL:
            # Sockets, DNS and namespaces: only when they are needed.
            from sipfo.cli.engines import NotHere, Places

            places = Places(stack)
            for engine in ENGINES if on == ALL else (on,):
                try:
                    await places.check(engine)
                    engines.append(engine)
                except NotHere as error:
                    click.echo(f"sipfo: {error}", err=True)
                    if on != ALL:
                        return Unusable.exit_code
        for tests in _read(files, score):
            for engine in engines:
                title = tests.title or ""
                if len(engines) > 1 and places is not None:
                    said = engine if engine == MODEL else await places.title(engine)
                    title = f"{title}  on {said}".lstrip()
                if title:
                    click.echo(style().paint(title, "bold"))
                if engine == MODEL or places is None:
                    tries = [_on_model(tests.plan, tests.scenarios, at)]
                else:
                    tries = [
                        places.play(engine, plan, some)
                        for plan, some in per_test(tests.plan, tests.scenarios, at)
                    ]
                for tried in tries:
                    async with aclosing(tried):
                        async for scenario, one in tried:
                            score.count(_tell(engine, scenario, one))
    if score != _Score():
        click.echo(str(score))
    return score.exit_status


def _read(files: Sequence[str], score: _Score) -> Iterator[_Tests]:
    for file in files:
        try:
            compilation = compile_file(file)
        except Unusable as error:
            error.show()
            score.broken += 1
            score.status = error.exit_code
            continue
        if compilation.plan is None:
            show(compilation)
            score.broken += 1
        elif not compilation.scenarios:
            click.echo(f"{file}: no test blocks")
        else:
            title = file if len(files) > 1 else None
            yield _Tests(compilation.plan, compilation.scenarios, title)


async def _on_model(plan: Plan, scenarios: Sequence[Scenario], at: float) -> Tried:
    for scenario in scenarios:
        ladder = simulate(settle(plan, at, scenario.number), scenario)
        yield scenario, (ladder, Finding(ladder, judge(scenario, ladder).differences))


def _tell(
    engine: str, scenario: Scenario, tried: tuple[Ladder, Finding] | Exception
) -> Finding | None:
    """Print one test's line, and why it failed; what was found, if it was played."""
    look = style()
    name = printable(scenario.name)
    if isinstance(tried, Exception):
        click.echo(f"{look.paint('FAILED', 'red')}  {name}")
        click.echo(_indented(printable(str(tried) or repr(tried))))
        return None
    ladder, finding = tried
    if not finding.ok:
        word = look.paint("FAILED ", "red")
    elif finding.is_other:
        word = look.paint("differs", "yellow")
    else:
        word = look.paint("ok     ", "green")
    click.echo(f"{word} {name}  {look.paint(duration(ladder.elapsed), 'dim')}")
    for note in finding.notes:
        click.echo(look.paint(f"  {engine} differs as declared: {note}", "dim"))
    for difference in (*finding.missed, *finding.strayed):
        click.echo(f"  {printable(difference)}")
    if finding.missed:
        click.echo(_indented(draw_side_by_side(scenario, ladder, look)))
    if finding.strayed:
        click.echo(f"  {MODEL}:")
        click.echo(_indented(draw(scenario, finding.model, look)))
        click.echo(f"  {engine}:")
        click.echo(_indented(draw(scenario, ladder, look)))
    return finding


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))
