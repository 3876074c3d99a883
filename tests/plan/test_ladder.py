"""A ladder as the JSON that is printed."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sipfo.plan.ladder import Attempt, Ladder, Settled, to_json

EAST = Attempt("us.primary", "pbx-east", "udp:198.51.100.10:5060", "503", 0.0, 0.1, "Unavailable")
WEST = Attempt("us.primary", "pbx-west", None, "transport-error", 0.1, 0.0)


def test_a_ladder_reads_as_its_attempts_in_order_and_its_result() -> None:
    ladder = Ladder((EAST, WEST), Settled("refused", 500, "pbx-east"), 0.1)
    assert to_json(ladder) == {
        "attempts": [
            {
                "egress": "us.primary",
                "route": "pbx-east",
                "level": None,
                "target": "udp:198.51.100.10:5060",
                "outcome": "503",
                "at": 0.0,
                "took": 0.1,
            },
            {
                "egress": "us.primary",
                "route": "pbx-west",
                "level": None,
                "target": None,
                "outcome": "transport-error",
                "at": 0.1,
                "took": 0.0,
            },
        ],
        "result": {"kind": "refused", "code": 500, "by": "pbx-east"},
        "elapsed": 0.1,
    }


def test_a_result_that_was_made_here_is_by_nobody() -> None:
    assert to_json(Ladder((), Settled("cancelled", 487), 3.0)) == {
        "attempts": [],
        "result": {"kind": "cancelled", "code": 487, "by": None},
        "elapsed": 3.0,
    }


instants = st.floats(min_value=0, max_value=86400)


@given(instants, instants, instants)
def test_times_are_to_the_millisecond_and_survive_json(at: float, took: float, end: float) -> None:
    attempt = Attempt("e0", "r0", None, "no-response", at, took)
    document = to_json(Ladder((attempt,), Settled("refused", 408), end))
    row = document["attempts"][0]
    for exact, shown in ((at, row["at"]), (took, row["took"]), (end, document["elapsed"])):
        assert abs(exact - shown) <= 0.0005 + 1e-9
        assert shown == round(shown, 3)
    assert json.loads(json.dumps(document)) == document
