"""A scenario: what each destination does when an attempt reaches it, and what must then be seen.

Written in a policy's test blocks and in `--when`; played by the simulator in virtual time and by
scripted endpoints over sockets. What would surprise: a step without `after` happens 0.1 s after
the one before it, a nominal round trip, on every executor, so that their ladders compare.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sipfo.plan.model import Name, Part

NOMINAL_DELAY = 0.1
"""Seconds between an INVITE (or the step before) and a step that states no `after`."""

LONGEST_DELAY = 86400
"""Seconds: what a scenario can say of time ends after a day."""

Delay = Annotated[float, Field(ge=0, le=LONGEST_DELAY)]
Reach = Literal["replies", "silent", "refuses", "unresolvable", "unregistered"]


class Reply(Part):
    """A response that a destination sends, `after` seconds after the step before it.

    `status` 100 is `trying`, 180 is `rings`; a final status ends the behaviour. `tag` stands in its
    reason phrase, `cause` in a Reason header (Q.850).
    """

    status: Annotated[int, Field(ge=100, le=699)]
    after: Delay = NOMINAL_DELAY
    tag: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    cause: Annotated[int, Field(ge=1, le=127)] | None = None


class Behaviour(Part):
    """What one destination does with an attempt; `egress` narrows it to attempts from there, a
    `route` of the form `route.level` to one level.

    `replies` sends `replies` in order; `silent` hears and says nothing; `refuses` has nothing
    listening (ICMP on UDP, a reset on TCP); `unresolvable` has a name that does not resolve,
    `unregistered` a user who is nowhere registered.
    """

    route: Name
    egress: Name | None = None
    reach: Reach
    replies: tuple[Reply, ...] = ()


class Holder(Part):
    """The instance that holds the registration of a route's user; without one, the first does."""

    route: Name
    instance: Name


class SeenAttempt(Part):
    """An attempt that must be seen: `outcome` is a status code or an outcome's name; `route` may
    name a level, `route.level`."""

    egress: Name
    route: Name
    outcome: str


class SeenResult(Part):
    """What the caller must get, by whom, and within how many seconds of the call."""

    kind: Literal["answered", "refused", "cancelled"]
    code: int | None = None
    by: Name | None = None
    within: Delay | None = None


class Scenario(Part):
    """One call: behaviours, and what must be seen. A destination without a behaviour answers 200.

    `calls_before` calls were placed on the trunk earlier (round robin); `drawn` are the routes that
    a weighted trunk draws first, in order, before the rest by weight; the caller gives up
    `cancel_after` seconds after its INVITE; `attempts`, when not None, is the whole ladder.
    """

    name: str
    trunk: Name
    number: str
    calls_before: Annotated[int, Field(ge=0)] = 0
    drawn: tuple[Name, ...] = ()
    holders: tuple[Holder, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    cancel_after: Delay | None = None
    attempts: tuple[SeenAttempt, ...] | None = None
    result: SeenResult | None = None
