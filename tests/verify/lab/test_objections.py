"""What is wrong with a call besides its ladder is found out, one thing at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sipfo.plan.ladder import Ladder, Settled
from sipfo.plan.model import Carrier, Plan, Shaping
from sipfo.plan.order import Order
from sipfo.plan.scenario import Scenario
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request
from sipfo.verify.lab.caller import Received
from sipfo.verify.lab.objections import objections, orphans
from sipfo.verify.lab.script import Callee
from sipfo.verify.lab.stage import set_stage
from sipfo.verify.lab.wire.course import Try
from sipfo.verify.lab.wire.order import Placed, Slot, slots
from sipfo.verify.simulate import simulate, turned
from verify.seed import FORWARD, NUMBER, call, does, plan

PLAN = plan(("pbx-east",), carriers=("northstar",)).model_copy(
    update={
        "carriers": (
            Carrier(
                name="northstar",
                destination="sip:203.0.113.10",
                shaping=Shaping(strip=1, prepend="011"),
            ),
        )
    }
)
SCENARIO = call(does("pbx-east", 503))
LADDER = simulate(PLAN, SCENARIO)
RECEIVED = Received((100,), 200, "northstar", 0.4, b"carrier")
SHAPED = "011" + FORWARD[1:]
DIVERSION = b"<sip:" + NUMBER.encode() + b"@192.76.120.10>;reason=unavailable"


def order(policy: Plan = PLAN, scenario: Scenario = SCENARIO) -> tuple[Slot, ...]:
    trunk = policy.trunks[0]
    stage = set_stage(policy, trunk, scenario)
    steps = Order(policy).steps(trunk, scenario.number, turned(trunk, scenario))
    return tuple(slots(stage, steps, scenario))


def asked(place: int, uri: str, diversion: bytes | None = None) -> Placed:
    slot = order()[place]
    headers = Headers([(b"diversion", diversion)] if diversion is not None else [])
    invite = Request("INVITE", uri.encode(), headers)
    one = Try(0.0, "udp", slot.egress, (slot.stands.host, slot.stands.port), invite)
    return Placed(one, slot)


EAST = asked(0, f"sip:{NUMBER}@198.51.100.10")
AGAIN = asked(1, f"sip:{NUMBER}@198.51.100.10:5060")
CARRIER = asked(2, f"sip:{SHAPED}@203.0.113.10", DIVERSION)


def said(
    *placed: Placed,
    ladder: Ladder = LADDER,
    received: Received = RECEIVED,
    reported: Ladder | None = None,
) -> list[str]:
    return list(objections(NUMBER, ladder, placed, received, reported))


def test_a_call_that_is_as_it_must_be_has_nothing_said_against_it() -> None:
    assert said(EAST, AGAIN, CARRIER, reported=LADDER) == []


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (asked(0, "sip:+1999@198.51.100.10"), f"attempt 1: asked for `+1999`, must be `{NUMBER}`"),
        (asked(0, "sip:198.51.100.10"), f"attempt 1: asked for ``, must be `{NUMBER}`"),
        (asked(0, f"sip:{NUMBER}@192.0.2.10"), "attempt 1: asked at `192.0.2.10`, must be"),
        (asked(0, "tel:+1312"), "attempt 1: the Request-URI is b'tel:+1312', which is none"),
        (
            asked(2, f"sip:{FORWARD}@203.0.113.10", DIVERSION),
            f"attempt 1: asked for `{FORWARD}`, must be `{SHAPED}`",
        ),
        (
            asked(2, f"sip:{SHAPED}@203.0.113.10"),
            f"attempt 1: a forwarded call has no Diversion that names {NUMBER}",
        ),
        (
            asked(2, f"sip:{SHAPED}@203.0.113.10", b"<sip:+1999@192.76.120.10>"),
            "attempt 1: a forwarded call has no Diversion",
        ),
    ],
)
def test_an_invite_for_somebody_else_is_found_out(one: Placed, reason: str) -> None:
    (words,) = said(one)
    assert words.startswith(reason)


def test_who_speaks_must_be_who_answered() -> None:
    (words,) = said(received=replace(RECEIVED, session="pbx-east"))
    assert words == "answered by northstar, but the caller speaks with pbx-east"


def test_an_engine_must_report_what_was_seen() -> None:
    less = replace(LADDER, attempts=LADDER.attempts[:1])
    (words,) = said(reported=less)
    assert words.startswith("it reports us.primary to pbx-east 503; on the wire: us.primary to")
    (words,) = said(reported=replace(LADDER, result=Settled("refused", 500)))
    assert words == "it reports refused 500; seen answered 200 by northstar"


def answered(tag: bytes, *, acknowledged: bool, ended: bool) -> Callee:
    callee = Callee(Request("INVITE", b"sip:x", Headers()), does("pbx-east", 200), tag)
    callee.final, callee.acknowledged, callee.ended = 200, acknowledged, ended
    return callee


@pytest.mark.parametrize(
    ("tag", "acknowledged", "ended", "found"),
    [
        (b"carrier", True, True, []),
        (b"late", True, True, []),
        (b"carrier", True, False, [False]),
        (b"carrier", False, True, [False]),
        (b"late", True, False, [True]),
        (b"late", False, False, [True]),
    ],
)
def test_whoever_was_left_was_late_if_the_caller_speaks_with_another(
    tag: bytes, acknowledged: bool, ended: bool, found: list[bool]
) -> None:
    callee = answered(tag, acknowledged=acknowledged, ended=ended)
    assert [is_late for _, is_late in orphans([callee], RECEIVED)] == found
