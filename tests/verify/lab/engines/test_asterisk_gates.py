"""What no test block shows, on a real Asterisk: limits, draws and turns, and who is believed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipfo.plan.model import Carrier, Forward, Limit, Plan, Route, Trunk
from verify.lab.engines.console import asterisk
from verify.lab.engines.test_asterisk_reads import THERE, Callee, called, small, up


@pytest.fixture
def callees() -> Iterator[tuple[Callee, Callee]]:
    """Two who refuse with 503, as the policy wants it to go on."""
    both = Callee(refuses=b"503 Full"), Callee(refuses=b"503 Full")
    yield both
    for one in both:
        one.close()


@pytest.fixture
def answering() -> Iterator[Callee]:
    """One who answers."""
    found = Callee(answers=True)
    yield found
    found.close()


def plan_to(*there: int, **trunk: object) -> Plan:
    """A trunk whose routes `r0`, `r1` … lead to these ports; the trunk is changed as told."""
    plan = small(there[0])
    routes = tuple(
        Route(name=f"r{n}", destinations=(f"sip:{THERE}:{port}",)) for n, port in enumerate(there)
    )
    names = tuple(one.name for one in routes)
    said = {**plan.trunks[0].model_dump(), "routes": names, "forward": None, **trunk}
    return plan.model_copy(
        update={"routes": routes, "trunks": (Trunk.model_validate(said),), "carriers": ()}
    )


def test_a_trunk_that_is_full_is_answered_503(answering: Callee, tmp_path: Path) -> None:
    plan = plan_to(answering.port, limit=Limit(calls=1))
    with asterisk(tmp_path, plan) as console:
        assert called(plan, "+1312") == 200
        assert called(plan, "+1312") == 503
        console.says("channel request hangup all")
        while up(console):
            continue
        assert called(plan, "+1312") == 200


def test_a_trunk_takes_so_many_calls_in_a_second(
    callees: tuple[Callee, Callee], tmp_path: Path
) -> None:
    plan = plan_to(callees[0].port, limit=Limit(per_second=1))
    with asterisk(tmp_path, plan):
        # Of three in a row at least two are in one second of the clock, but for a busy machine.
        said = [called(plan, "+1312") for _ in range(3)]
        while 503 not in said:
            said.append(called(plan, "+1312"))
        while called(plan, "+1312") == 503:
            continue
    assert set(said) == {500, 503}
    assert len(callees[0].asked) == said.count(500) + 1


def test_a_carrier_that_is_full_is_passed_over(
    answering: Callee, callees: tuple[Callee, Callee], tmp_path: Path
) -> None:
    plan = plan_to(
        callees[0].port,
        forward=Forward(number="+1999", carriers=("one", "other"), egress="e_.-X.primary"),
    )
    one = Carrier(name="one", destination=f"sip:{THERE}:{answering.port}", limit=Limit(calls=1))
    other = Carrier(name="other", destination=f"sip:{THERE}:{callees[1].port}")
    plan = plan.model_copy(update={"carriers": (one, other)})
    with asterisk(tmp_path, plan):
        assert called(plan, "+1312") == 200
        assert callees[1].asked == []
        assert called(plan, "+1312") == 500
    assert len(answering.asked) == len(callees[1].asked) == 1


def test_a_weighted_trunk_draws_and_then_tries_the_rest(
    callees: tuple[Callee, Callee], tmp_path: Path
) -> None:
    first: list[str] = []
    plan = plan_to(
        callees[0].port, callees[1].port, method="weighted", weights=(50, 50), order="source-major"
    )
    with asterisk(tmp_path, plan) as console:
        while len(set(first)) < 2 and len(first) < 60:  # one in 2 ** 59 draws sixty times the same
            before = len(console.log())
            assert called(plan, "+1312") == 500
            tried = re.findall(r"to ROUTE/(r\d): response 503", console.log()[before:])
            assert sorted(tried) == ["r0", "r1"]
            first.append(tried[0])
    assert set(first) == {"r0", "r1"}


def test_a_weight_of_nothing_is_drawn_last(callees: tuple[Callee, Callee], tmp_path: Path) -> None:
    plan = plan_to(callees[0].port, callees[1].port, method="weighted", weights=(1000, 0))
    with asterisk(tmp_path, plan) as console:
        for _ in range(8):
            assert called(plan, "+1312") == 500
        tried = re.findall(r"to ROUTE/(r\d): response 503", console.log())
    assert tried.count("r0") == tried.count("r1") == 8
    assert tried[0::2].count("r0") >= 7  # RFC 2782: "a very small chance" for the other


def test_whose_turn_it_is_outlives_a_restart(
    callees: tuple[Callee, Callee], tmp_path: Path
) -> None:
    plan = plan_to(callees[0].port, callees[1].port, method="round-robin")
    order: list[str] = []
    for _ in range(3):
        with asterisk(tmp_path, plan) as console:
            assert called(plan, "+1312") == 500
            order += re.findall(r"to ROUTE/(r\d): response 503", console.log())
    assert order == ["r0", "r1", "r1", "r0", "r0", "r1"]


ASSERTED = "P-Asserted-Identity: <sip:+15550100@127.0.0.43>"
PRIVATE = "Privacy: id"


@pytest.mark.parametrize(
    ("trunk", "route", "lines", "passes"),
    [
        (None, None, (ASSERTED,), False),
        (True, None, (ASSERTED,), True),
        (True, None, (ASSERTED, PRIVATE), False),
        (True, True, (ASSERTED, PRIVATE), True),
    ],
)
def test_who_is_believed_and_who_hears_it(
    trunk: bool | None,
    route: bool | None,
    lines: tuple[str, ...],
    passes: bool,
    callees: tuple[Callee, Callee],
    tmp_path: Path,
) -> None:
    plan = plan_to(callees[0].port, trusted=trunk)
    plan = plan.model_copy(
        update={"routes": (plan.routes[0].model_copy(update={"trusted": route}),)}
    )
    with asterisk(tmp_path, plan):
        assert called(plan, "+1312", lines=lines) == 500
    said = [one for one in callees[0].fields if one.startswith(b"P-Asserted-Identity:")]
    assert [b"+15550100" in one for one in said] == [True] * passes
