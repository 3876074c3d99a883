"""The small plans that are explored: each has one thing more than two routes in a row.

The timers of a policy are shorter than T1, so that a step of time is a decision and not a
retransmission.
"""

from __future__ import annotations

from dataclasses import dataclass

from runtime.world import EAST, NORTHSTAR, WEST, policy
from sipfo.plan.model import CommitOnCode, Limit, Plan
from sipfo.runtime.locate import Target

ONE_SIDE = ("us.primary",)


@dataclass(frozen=True, slots=True)
class Small:
    """A plan, and what the names in it lead to."""

    name: str
    plan: Plan
    targets: tuple[Target, ...] = ()
    over_tcp: bool = False
    """Whether the caller is connected over TCP."""

    @property
    def committing(self) -> frozenset[int]:
        """The provisionals after which nothing fails over."""
        rules = [rule for retry in self.plan.retries for rule in retry.commit]
        return frozenset(rule.code for rule in rules if isinstance(rule, CommitOnCode))

    def __str__(self) -> str:
        return self.name


def small_plan(
    routes: dict[str, tuple[str, ...]],
    carriers: dict[str, str] | None = None,
    *,
    egress: tuple[str, ...] = ONE_SIDE,
    commit: tuple[int, ...] = (),
    deadline: float | None = None,
    no_response: float = 0.2,
    no_progress: float = 0.3,
    no_answer: float = 0.4,
) -> Plan:
    """A plan in which the trunk, and each carrier, has room for one call."""
    plan = policy(
        routes=routes,
        carriers=carriers,
        egress=egress,
        commit=commit,
        deadline=deadline,
        no_response=no_response,
        no_progress=no_progress,
        no_answer=no_answer,
    )
    limit = Limit(calls=1)
    trunks = tuple(one.model_copy(update={"limit": limit}) for one in plan.trunks)
    limited = tuple(one.model_copy(update={"limit": limit}) for one in plan.carriers)
    return plan.model_copy(update={"trunks": trunks, "carriers": limited})


def _uri(place: tuple[str, int], rest: str = "") -> tuple[str, ...]:
    return (f"sip:{place[0]}{rest}",)


_EAST_WEST = {"east": _uri(EAST), "west": _uri(WEST)}
TARGETS = tuple(Target("udp", f"198.51.100.3{n}", 5060, "pbx.example.com") for n in (1, 2))

POLICIES = (
    Small("two routes", small_plan(_EAST_WEST)),
    Small("commit on ringing", small_plan(_EAST_WEST, commit=(180,))),
    Small("a deadline", small_plan(_EAST_WEST, deadline=0.3)),
    Small("forward", small_plan({"east": _uri(EAST)}, {"northstar": f"sip:{NORTHSTAR[0]}"})),
    Small("two targets", small_plan({"pbx": ("sip:pbx.example.com",)}), TARGETS),
    Small(
        "tcp",
        small_plan({"east": _uri(EAST, ";transport=tcp"), "west": _uri(WEST)}),
        over_tcp=True,
    ),
)
