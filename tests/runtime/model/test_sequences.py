"""Beyond the depth of the search: long random calls on random small plans, by hypothesis.

The laws are those of the search. Here time passes in steps of any length, so that the order of two
timers is not the only thing that is tried, and shrinking finds the shortest call that breaks a law.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from runtime.model.policies import POLICIES, TARGETS, Small, small_plan
from runtime.model.stage import Stage
from runtime.world import EAST, NORTHSTAR, WEST

CALLS = int(os.environ.get("SIPFO_CALLS", "60"))
EVENTS = int(os.environ.get("SIPFO_EVENTS", "30"))

seconds = st.sampled_from((0.1, 0.2, 0.3, 0.5, 1.0, 4.0))


@st.composite
def plans(draw: st.DrawFn) -> Small:
    """One to three routes, perhaps over TCP, perhaps a carrier; any timers, commit and deadline."""
    places = draw(st.lists(st.sampled_from((EAST, WEST)), min_size=1, max_size=3))
    transports = draw(st.lists(st.sampled_from(("", ";transport=tcp")), min_size=3, max_size=3))
    routes: dict[str, tuple[str, ...]] = {
        f"route{n}": (f"sip:{place[0]}{transport}",)
        for n, (place, transport) in enumerate(zip(places, transports, strict=False))
    }
    if draw(st.booleans()):
        routes["pbx"] = ("sip:pbx.example.com",)
    carriers = {"northstar": f"sip:{NORTHSTAR[0]}"} if draw(st.booleans()) else None
    plan = small_plan(
        routes,
        carriers,
        egress=draw(st.sampled_from((("us.primary",), ("us.primary", "us.secondary")))),
        commit=draw(st.sampled_from(((), (180,), (180, 183)))),
        deadline=draw(st.none() | seconds),
        no_response=draw(seconds),
        no_progress=draw(seconds),
        no_answer=draw(seconds),
    )
    return Small("random", plan, TARGETS, draw(st.booleans()))


class OneCall(RuleBasedStateMachine):
    """One call: anybody may do anything that they may do, at any time."""

    @initialize(small=st.one_of(st.sampled_from(POLICIES), plans()), old=st.booleans())
    def place(self, small: Small, old: bool) -> None:
        self.stage = Stage(small, untagged=old)

    @precondition(lambda self: self.stage.events())
    @rule(choice=st.integers(0, 1 << 16))
    def something_happens(self, choice: int) -> None:
        events = self.stage.events()
        self.stage.take(events[choice % len(events)])

    @rule(moment=st.sampled_from((0.01, 0.05, 0.2, 0.35, 0.6, 2.0, 7.0, 33.0)))
    def time_passes(self, moment: float) -> None:
        self.stage.pass_for(moment)

    def teardown(self) -> None:
        if hasattr(self, "stage"):
            self.stage.run_out()


TestOneCall = OneCall.TestCase
TestOneCall.settings = settings(
    max_examples=CALLS,
    stateful_step_count=EVENTS,
    deadline=None,
    derandomize="SIPFO_CALLS" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
