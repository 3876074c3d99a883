"""Which behaviour of a scenario an attempt meets, and the times at which its replies are due.

The simulator and the scripted endpoints both read scenarios through here, so that they cannot
disagree. What would surprise: a 183 carries a body (early media) and no other provisional does,
because a scenario does not say.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.plan.order import Step
from sipfo.plan.scenario import Behaviour, Reply, Scenario
from sipfo.runtime.sip.build import REASON_PHRASES

SESSION_PROGRESS = 183


def behaviour_of(
    scenario: Scenario, egress: str, route: str, level: str | None = None
) -> Behaviour:
    """What `route`, at one of its levels, does with an attempt from `egress`.

    A behaviour that names the level goes before one that does not, then one that names the egress,
    then a later before an earlier; a destination without any answers 200.
    """
    names = {route: 0, f"{route}.{level}": 2} if level is not None else {route: 0}
    found, closeness = None, -1
    for behaviour in scenario.behaviours:
        if behaviour.route not in names or behaviour.egress not in (None, egress):
            continue
        close = names[behaviour.route] + (behaviour.egress is not None)
        if close >= closeness:
            found, closeness = behaviour, close
    if found is not None:
        return found
    return Behaviour(route=route, reach="replies", replies=(Reply(status=200),))


def levels_in_order(scenario: Scenario, step: Step) -> tuple[int, ...]:
    """The places of a step's destinations in the order in which they are tried: the instance that
    holds the registration first, then the others in order."""
    places = list(range(len(step.destinations)))
    if step.registered:
        for holder in scenario.holders:
            if holder.route == step.route:
                first = step.levels.index(holder.instance)
                places = [first, *(place for place in places if place != first)]
    return tuple(places)


def due(behaviour: Behaviour) -> Iterator[tuple[float, Reply]]:
    """The replies, each with its seconds after the INVITE, up to the first final one."""
    elapsed = 0.0
    for reply in behaviour.replies:
        elapsed += reply.after
        yield elapsed, reply
        if reply.status >= 200:
            return


def phrase_of(reply: Reply) -> str:
    """The reason phrase of a reply, with its vendor's tag at the end."""
    phrase = REASON_PHRASES.get(reply.status, b"").decode()
    return f"{phrase} {reply.tag}".lstrip() if reply.tag is not None else phrase


def has_body(status: int) -> bool:
    """Whether a reply carries a session description: early media, or the answer's."""
    return status == SESSION_PROGRESS or 200 <= status < 300
