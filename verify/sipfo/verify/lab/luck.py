"""Whether a call's draw is still the one that a scenario says, as its INVITEs come in.

An engine that draws by itself is called until it draws that. A call that began otherwise is of no
use, so that whoever it reaches answers at once and it is over.
"""

from __future__ import annotations

from collections.abc import Sequence

from sipfo.plan.ladder import Ladder
from sipfo.plan.scenario import Behaviour, Reply


class Luck:
    """The draw of one call; `ran_out` once it was another one."""

    def __init__(self, routes: Sequence[str], behaviours: Sequence[Behaviour] = ()) -> None:
        """`routes` are the trunk's, in the order in which they must be tried first. Of those that an
        attempt may fail to reach at all, nobody there can tell when it was their turn."""
        self._routes = tuple(routes)
        unheard = [one.route for one in behaviours if one.reach in ("refuses", "unresolvable")]
        self._heard = [
            route for route in routes if not any(one in (route, _of(one, route)) for one in unheard)
        ]
        self._seen: list[str] = []
        self.ran_out = False

    def behaviour(self, name: str, usual: Behaviour) -> Behaviour:
        """What the route, or level of a route, of this name does with an INVITE."""
        route = next((one for one in self._heard if name in (one, _of(name, one))), None)
        if route is not None and route not in self._seen:
            self._seen.append(route)
        if self._seen != self._heard[: len(self._seen)]:
            self.ran_out = True
        if not self.ran_out:
            return usual
        answer = Reply(status=200, after=0)
        return Behaviour(route=name, reach="replies", replies=(answer,))

    def holds(self, ladder: Ladder) -> bool:
        """Whether the whole call was as drawn: a place that nobody has cannot notice anything."""
        came = list(dict.fromkeys(one.route for one in ladder.attempts))
        drawn = [one for one in came if one in self._routes]
        return not self.ran_out and drawn == list(self._routes[: len(drawn)])


def _of(name: str, route: str) -> str:
    """The name itself if it is a level of the route."""
    return name if name.startswith(f"{route}.") else ""
