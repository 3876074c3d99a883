"""`sipfo coverage`: a policy's tests to the rules that they exercise and the changes they miss."""

from __future__ import annotations

import json
import sys

import click

from sipfo.cli.moment import AT, by_rates, comparable
from sipfo.cli.reading import Unusable, compile_file, plan_or_exit
from sipfo.cli.terminal import style
from sipfo.verify.coverage.as_json import coverage_json
from sipfo.verify.coverage.draw import draw_coverage
from sipfo.verify.coverage.lines import lines
from sipfo.verify.coverage.measure import measure


@click.command("coverage")
@click.argument("file", type=click.Path())
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Tables to look at, or JSON.",
)
@click.option(
    "--min",
    "least",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit 1 when less is exercised, or less noticed.",
)
@click.option(
    "--show-tests",
    is_flag=True,
    help="Add to each change that no test notices a test block that would.",
)
@AT
def command(file: str, form: str, least: float | None, show_tests: bool, at: float) -> None:
    """Say which rules a policy's tests exercise, and which changes they would miss.

    A rule, timer or commit point is exercised when it decided about an attempt of a test; a route,
    carrier or address when an attempt went there. Then the policy is changed in one place after
    the other: a rule left out or turned round, a timer halved or doubled, two routes swapped. A
    change is noticed when a test fails under it. Changes that no call can show are not counted.
    """
    compilation = compile_file(file)
    plan = plan_or_exit(compilation)
    if by_rates(plan):
        names = ", ".join(by_rates(plan))
        raise Unusable(f"{names}: coverage does not look rates up by the dialled number")
    coverage = measure(comparable(plan, at), compilation.scenarios)
    where = lines(compilation.source.main)
    if form == "json":
        click.echo(json.dumps(coverage_json(coverage, where), indent=2))
    else:
        click.echo(draw_coverage(coverage, where, style(), show_tests))
    if least is not None and coverage.percent < least:
        sys.exit(1)
