"""Everything that can happen to one call, in every order, to a stated depth: no law breaks.

`SIPFO_DEPTH=n` goes n events deeper, with `-s` to read the counts. They do not depend on the
machine; a search that finds far fewer events than it did takes for equal what is not.
"""

from __future__ import annotations

import os

import pytest

from runtime.model.explore import explore
from runtime.model.fingerprint import fingerprint
from runtime.model.policies import POLICIES
from runtime.model.stage import ANYTHING, FAILING, FORKING, LEAVING, OLD, WAIT, Event, Stage

DEEPER = int(os.environ.get("SIPFO_DEPTH", "0"))
BY_NAME = {small.name: small for small in POLICIES}
WORDS = {
    "anything": ANYTHING,
    "leaving": LEAVING,
    "failing": FAILING,
    "forking": FORKING,
    "old": OLD,
}

EXPLORED = [
    ("anything", "two routes", 3, 1100),
    ("anything", "commit on ringing", 3, 1100),
    ("anything", "forward", 3, 1100),
    ("anything", "two targets", 4, 1150),
    ("anything", "tcp", 3, 1000),
    ("leaving", "two routes", 4, 730),
    ("leaving", "a deadline", 4, 640),
    ("leaving", "two targets", 5, 650),
    ("leaving", "tcp", 4, 740),
    ("failing", "a deadline", 3, 370),
    ("failing", "forward", 4, 2100),
    ("failing", "two targets", 4, 370),
    ("forking", "two routes", 5, 1200),
    ("forking", "tcp", 4, 310),
    ("old", "two routes", 3, 180),
    ("old", "two targets", 4, 190),
]
"""What may happen, on which plan, how many events after the INVITE, and at least how many of them."""


@pytest.mark.parametrize(("what", "plan", "depth", "least"), EXPLORED)
def test_no_order_of_events_breaks_a_law(what: str, plan: str, depth: int, least: int) -> None:
    found = explore(BY_NAME[plan], depth + DEEPER, WORDS[what])
    print(f"{plan}, {what}, to depth {depth + DEEPER}: {found}")
    assert found.events >= least
    assert found.ends > found.states


def after(*events: Event) -> bytes:
    """The fingerprint of a call on two routes after these events."""
    stage = Stage(BY_NAME["two routes"])
    for event in events:
        stage.take(event)
    return fingerprint(stage.now, stage.engine, stage.watch, *stage.outside)


def test_the_same_events_make_the_same_fingerprint() -> None:
    events = (Event("callee", "180", 1), WAIT, Event("callee", "503", 2))
    assert after(*events) == after(*events)


def test_events_that_commute_lead_to_one_state() -> None:
    again, trying = Event("caller", "INVITE"), Event("callee", "100", 1)
    assert after(again, trying) == after(trying, again)


def test_what_makes_a_difference_is_another_state() -> None:
    states = [(), (WAIT,), *((Event("callee", what, 1),) for what in ("100", "180", "183", "503"))]
    assert len({after(*events) for events in states}) == len(states)


def test_a_moment_makes_a_difference_only_by_what_is_to_come() -> None:
    """The first attempt is given up after 0.2 s of silence, or after 0.3 s of 100 alone: what is
    left of it, a zombie that may or may not be cancelled, is not the same."""
    silent = after(WAIT)
    trying = after(Event("callee", "100", 1), WAIT)
    assert silent != trying
