"""Which behaviour of a scenario an attempt meets, and the times at which its replies are due.

The simulator and the scripted endpoints both read scenarios through here, so that they cannot
disagree. What would surprise: a 183 carries a body (early media) and no other provisional does,
because a scenario does not say.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.plan.scenario import Behaviour, Reply, Scenario

SESSION_PROGRESS = 183


def behaviour_of(scenario: Scenario, egress: str, route: str) -> Behaviour:
    """What `route` does with an attempt from `egress`.

    A behaviour that names the egress goes before one that does not, a later one before an
    earlier; a destination without any answers 200.
    """
    general: Behaviour | None = None
    particular: Behaviour | None = None
    for behaviour in scenario.behaviours:
        if behaviour.route != route:
            continue
        if behaviour.egress is None:
            general = behaviour
        elif behaviour.egress == egress:
            particular = behaviour
    found = particular or general
    if found is not None:
        return found
    return Behaviour(route=route, reach="replies", replies=(Reply(status=200),))


def due(behaviour: Behaviour) -> Iterator[tuple[float, Reply]]:
    """The replies, each with its seconds after the INVITE, up to the first final one."""
    elapsed = 0.0
    for reply in behaviour.replies:
        elapsed += reply.after
        yield elapsed, reply
        if reply.status >= 200:
            return


def has_body(status: int) -> bool:
    """Whether a reply carries a session description: early media, or the answer's."""
    return status == SESSION_PROGRESS or 200 <= status < 300
