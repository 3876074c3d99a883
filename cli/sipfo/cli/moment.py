"""`--at`: the moment at which rates are looked up; without it, now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from sipfo.cli.reading import Unusable
from sipfo.plan.choice import Choice, depends_on_call, settle
from sipfo.plan.model import Forward, Plan
from sipfo.plan.order import Order
from sipfo.plan.rates import BadDeck
from sipfo.plan.scenario import Scenario


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> float:
    if value is None:
        return time.time()
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        hint = "write 2026-12-31, or 2026-12-31T12:00Z"
        raise click.BadParameter(f"{value!r} is no date: {hint}") from None


AT = click.option(
    "--at",
    metavar="DATE",
    callback=_moment,
    help="Look rates up as of this date (UTC), or a time as in 2026-12-31T12:00Z; without it, now.",
)


def left_out(plan: Plan, forward: Forward | None, number: str, at: float) -> list[str]:
    """The carriers of a forward that a call to a number is not sent to, and why."""
    if forward is None:
        return []
    return [str(one) for one in Choice(plan).of(forward, number, at).left_out]


def settled(plan: Plan, at: float, *, counted: bool = False) -> Plan:
    """The plan with its rates looked up. `counted` says that what depends on the dialled number is
    taken for every carrier that could take one, which is told."""
    by_number = by_rates(plan)
    if by_number and counted:
        names = ", ".join(by_number)
        click.echo(
            f"sipfo: {names}: which carriers take a call depends on its number and their rates;"
            " here every carrier with rates takes every number",
            err=True,
        )
    try:
        return settle(plan, at)
    except BadDeck as error:
        raise Unusable(str(error)) from None


def comparable(plan: Plan, at: float) -> Plan:
    """The plan with its rates looked up, to be compared with another. Raises Unusable where a trunk
    has nothing to try, which no comparison is made of."""
    found = settled(plan, at)
    order = Order(found)
    for trunk in found.trunks:
        if trunk.forward is not None and trunk.forward.always:
            number = trunk.forward.number
            if number is not None and not order.chosen(trunk, number).carriers:
                said = f"trunk {trunk.name} always forwards to {number}, which no carrier takes"
                raise Unusable(f"{said}: every call is refused, and there is nothing to compare")
    return found


def by_rates(plan: Plan) -> list[str]:
    """The trunks that forward to the dialled number by a carrier with rates."""
    rated = {one.name for one in plan.carriers if one.rates is not None}
    return [
        one.name
        for one in plan.trunks
        if one.forward is not None
        and one.forward.number is None
        and rated & set(one.forward.carriers)
    ]


def rates_beyond(old: Plan, new: Plan) -> str | None:
    """What a comparison of two plans does not see of rates that differ, if anything."""
    rated = [{one.name: one.rates for one in plan.carriers if one.rates} for plan in (old, new)]
    says = [{one.file: one.table for one in plan.decks or ()} for plan in (old, new)]
    used = [
        {name for names in _by_number(plan) for name in names if name in rates}
        for plan, rates in zip((old, new), rated, strict=True)
    ]
    files = [
        rated[1][name]
        for name in sorted(used[0] & used[1])
        if says[0][rated[0][name]] != says[1][rated[1][name]]
    ]
    if not files:
        return None
    return (
        f"the rates in {', '.join(dict.fromkeys(files))} differ: which calls that are forwarded to"
        " the dialled number go to other carriers is not looked at"
    )


def _by_number(plan: Plan) -> list[tuple[str, ...]]:
    """The carriers of each forward to the dialled number."""
    forwards = (one.forward for one in plan.trunks)
    return [one.carriers for one in forwards if one is not None and one.number is None]


def per_test(
    plan: Plan, scenarios: Sequence[Scenario], at: float
) -> list[tuple[Plan, Sequence[Scenario]]]:
    """The plan with its rates looked up: once for all tests, or for each, where the dialled number
    decides."""
    if not depends_on_call(plan):
        return [(settle(plan, at), scenarios)]
    return [(settle(plan, at, one.number), [one]) for one in scenarios]
