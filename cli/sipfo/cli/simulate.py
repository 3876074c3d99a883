"""`sipfo simulate`: one call's ladder in virtual time, without a test block and without sockets."""

from __future__ import annotations

import json
import sys

import click

from sipfo.cli.moment import AT, left_out
from sipfo.cli.naming import trunk_called
from sipfo.cli.reading import Unusable, read_plan_of
from sipfo.cli.terminal import has_colour, style
from sipfo.compiler.report.text import render
from sipfo.compiler.when import When, compile_when
from sipfo.grammar.diagnostic import one_of
from sipfo.plan.choice import settle
from sipfo.plan.ladder import Ladder, to_json
from sipfo.plan.model import NumberPrefix, NumberRange, Numbers, Plan, Trunk
from sipfo.plan.numbering import Numbering, normalise
from sipfo.plan.scenario import Behaviour, Holder, Scenario
from sipfo.verify.draw import draw
from sipfo.verify.simulate import simulate
from sipfo.verify.words import printable

NAMES_SHOWN = 8


@click.command("simulate")
@click.argument("file", metavar="FILE|PLAN", type=click.Path())
@click.option("--call", "trunk_name", required=True, metavar="TRUNK", help="The trunk to call.")
@click.option("--to", required=True, metavar="NUMBER", help="The number that the caller dials.")
@click.option(
    "--when",
    "whens",
    multiple=True,
    metavar="TEXT",
    help="What a destination does, as in a test block: 'pbx-east answers 503'. Repeatable.",
)
@click.option(
    "--calls-before",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Calls that the trunk has carried before this one (round robin).",
)
@AT
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A ladder to look at, or JSON.",
)
def command(
    file: str,
    trunk_name: str,
    to: str,
    whens: tuple[str, ...],
    calls_before: int,
    at: float,
    form: str,
) -> None:
    """Show what one call would do, without placing it.

    Destinations that no --when speaks of answer at once:

    \b
      sipfo simulate telnyx.sipfo --call acme --to +13125550123 \\
          --when 'pbx-east answers 503' --when 'caller cancels after 3s'
    """
    plan = read_plan_of(file)
    trunk = trunk_called(plan, trunk_name)
    read = _whens(plan, whens)
    behaviours = tuple(one.behaviour for one in read if one.behaviour is not None)
    holders = tuple(one.holder for one in read if one.holder is not None)
    cancels = [one.cancel_after for one in read if one.cancel_after is not None]
    if len(cancels) > 1:
        raise Unusable("the caller cancels once: give one --when 'caller cancels …'")
    _about_this_call(trunk, behaviours, holders)
    scenario = Scenario(
        name="",
        trunk=trunk.name,
        number=_number(plan, trunk, to),
        calls_before=calls_before,
        holders=holders,
        behaviours=behaviours,
        cancel_after=cancels[0] if cancels else None,
    )
    ladder = simulate(settle(plan, at, scenario.number), scenario)
    left = left_out(plan, trunk.forward, scenario.number, at) if _failed(trunk, ladder) else []
    if form == "json":
        more = {"left_out": left} if left else {}
        click.echo(json.dumps(to_json(ladder) | more, indent=2))
    else:
        click.echo(draw(scenario, ladder, style()))
        for text in left:
            click.echo(f"    {printable(text)}")


def _failed(trunk: Trunk, ladder: Ladder) -> bool:
    """Whether the call came to where it is forwarded, or would have been."""
    carriers = trunk.forward.carriers if trunk.forward is not None else ()
    return ladder.result.kind == "refused" or any(one.route in carriers for one in ladder.attempts)


def _number(plan: Plan, trunk: Trunk, dialled: str) -> str:
    """The number as the trunk knows it. Raises Unusable when it is another trunk's, or nobody's."""
    number = normalise(dialled)
    owner = Numbering(plan).trunk_of(number)
    if owner is trunk:
        return number
    claims = one_of([_claim(one) for one in trunk.numbers[:NAMES_SHOWN]], "and")
    whose = f"it is {owner.name}'s" if owner is not None else "no trunk claims it"
    raise Unusable(
        f"{printable(dialled)} is no number of trunk {trunk.name}, which has {claims}; {whose}"
    )


def _claim(numbers: Numbers) -> str:
    match numbers:
        case NumberRange(first=first, last=last):
            return f"{first} .. {last}"
        case NumberPrefix(prefix=prefix):
            return f"{prefix}…"
        case _:
            return "any"


def _whens(plan: Plan, texts: tuple[str, ...]) -> list[When]:
    """What the --when options say; mistakes in all of them are shown, and exit 2."""
    read = [compile_when(text.removeprefix("when "), plan) for text in texts]
    wrong = [when for when in read if when.diagnostics]
    for when in wrong:
        text = render(when.source, when.diagnostics, colour=has_colour(sys.stderr))
        click.echo(text, err=True, nl=False)
    if wrong:
        sys.exit(2)
    return read


def _about_this_call(
    trunk: Trunk, behaviours: tuple[Behaviour, ...], holders: tuple[Holder, ...]
) -> None:
    """Raises Unusable for a behaviour that this trunk's calls never meet, or that is given twice."""
    places = [*trunk.routes, *(trunk.forward.carriers if trunk.forward is not None else ())]
    seen: set[tuple[str, str | None]] = set()
    for name in [*(one.route for one in behaviours), *(one.route for one in holders)]:
        if name.partition(".")[0] not in places:  # `desk.kss-b` is a level of `desk`
            tried = one_of(places[:NAMES_SHOWN], "and")
            raise Unusable(f"trunk {trunk.name} never tries {name}: it tries {tried}")
    if len({one.route for one in holders}) < len(holders):
        raise Unusable("a user is registered once: give one --when '… registered at …' for a route")
    for one in behaviours:
        if (one.route, one.egress) in seen:
            raise Unusable(f"{one.route} does one thing: give one --when '{one.route} …'")
        seen.add((one.route, one.egress))
