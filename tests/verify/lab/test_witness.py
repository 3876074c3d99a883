"""A report that is not what happened is found out, whichever part of it is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sipfo.plan.ladder import Ladder, Settled
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request
from sipfo.verify.lab.caller import Received
from sipfo.verify.lab.script import Callee, Sighting
from sipfo.verify.lab.stage import set_stage
from sipfo.verify.lab.witness import Disagreement, check
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

SCENARIO = call(does("pbx-east", 503))
STAGE = set_stage(plan(), plan().trunks[0], SCENARIO)
LADDER = simulate(plan(), SCENARIO)
EAST, WEST = ("127.1.0.1", 5060), ("127.1.0.2", 5060)
PLACES = {EAST: "udp:198.51.100.10:5060", WEST: "udp:198.51.100.11:5060"}
RECEIVED = Received((100,), 200, "pbx-west", 0.2)


def sighting(destination: tuple[str, int], egress: str = "us.primary") -> Sighting:
    return Sighting(
        0.0, ("127.1.0.9", 5060), destination, egress, "INVITE", b"sip:x", b"call", first=True
    )


SEEN = [sighting(EAST), sighting(WEST)]


def answered(*, acknowledged: bool, ended: bool) -> Callee:
    callee = Callee(Request("INVITE", b"sip:x", Headers()), does("pbx-west", 200), b"tag")
    callee.final = 200
    callee.acknowledged = acknowledged
    callee.ended = ended
    return callee


def told(
    ladder: Ladder = LADDER,
    seen: list[Sighting] = SEEN,
    callees: tuple[Callee, ...] = (),
    received: Received = RECEIVED,
) -> None:
    check(STAGE, ladder, PLACES, seen, callees, received)


def test_a_true_report_passes() -> None:
    told(callees=(answered(acknowledged=True, ended=True),))


def test_retransmissions_and_other_requests_are_no_attempts() -> None:
    again = replace(SEEN[1], first=False)
    bye = replace(SEEN[1], method="BYE")
    told(seen=[*SEEN, again, bye])


@pytest.mark.parametrize(
    "seen",
    [
        [],
        SEEN[:1],
        SEEN[::-1],
        [*SEEN, sighting(EAST, "us.secondary")],
        [sighting(EAST, "us.secondary"), SEEN[1]],
        [sighting(EAST, "127.0.0.1:9"), SEEN[1]],
    ],
)
def test_attempts_that_nobody_saw_or_told_of_are_found_out(seen: list[Sighting]) -> None:
    with pytest.raises(Disagreement, match="attempts reported"):
        told(seen=seen)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (Settled("refused", 500), "caller received 200"),
        (Settled("answered", 202, "pbx-west"), "caller received 200"),
        (Settled("answered", 200, "pbx-east"), "caller speaks with pbx-west"),
    ],
)
def test_a_result_that_the_caller_did_not_get_is_found_out(result: Settled, reason: str) -> None:
    with pytest.raises(Disagreement, match=reason):
        told(ladder=replace(LADDER, result=result))


@pytest.mark.parametrize("callee", [(True, False), (False, True), (False, False)])
def test_an_orphan_call_is_found_out(callee: tuple[bool, bool]) -> None:
    acknowledged, ended = callee
    with pytest.raises(Disagreement, match="pbx-west answered and was left"):
        told(callees=(answered(acknowledged=acknowledged, ended=ended),))
