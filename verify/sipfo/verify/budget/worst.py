"""The longest way through a call to the scenario that takes it, as the simulator then confirms.

Destinations do what the moves say at each place, and the last one answers at the last moment. What
a route does is written once where it does the same from every address.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sipfo.plan.scenario import Behaviour, Reach, Reply, Scenario
from sipfo.verify.budget.moves import Moves
from sipfo.verify.budget.paths import Stop, way_to
from sipfo.verify.budget.places import Place, is_sayable

_Doing = tuple[str, Reach, tuple[Reply, ...]]
"""Where, a level or a whole route, and what it does."""


def worst_scenario(
    trunk: str, number: str, moves: Moves, last: Stop, deadline: int | None
) -> Scenario | None:
    """The call that waits longest, `last` being its last place; None when no scenario can tell its
    places apart. Places after the `deadline` (ticks) are not met, and left out."""
    way = way_to(last)
    if not is_sayable([stop.place for stop, _ in way] + [last.place]):
        return None
    doings: list[tuple[Place, _Doing]] = []
    for stop, move in way:
        if deadline is None or stop.latest < deadline:
            where = stop.place.step.route if move.whole_step else stop.place.destination
            doings.append((stop.place, (where, move.reach, move.replies)))
    if deadline is None or last.latest < deadline:
        doings.append((last.place, (last.place.destination, "replies", moves.ending)))
    return Scenario(
        name=f"{trunk}: the longest wait",
        trunk=trunk,
        number=number,
        behaviours=tuple(_behaviours(doings)),
    )


def _behaviours(doings: Sequence[tuple[Place, _Doing]]) -> Iterator[Behaviour]:
    """One behaviour for each route's doing, narrowed to an egress only where egresses differ."""
    routes: dict[str, dict[str, list[_Doing]]] = {}
    for place, doing in doings:
        senders = routes.setdefault(place.step.route, {})
        senders.setdefault(place.step.egress, []).append(doing)
    for senders in routes.values():
        first, *others = senders.values()
        same = all(other == first for other in others)
        for egress, done in [(None, first)] if same else list(senders.items()):
            for where, reach, replies in done:
                yield Behaviour(route=where, egress=egress, reach=reach, replies=replies)
