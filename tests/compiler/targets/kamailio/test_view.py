"""Retry policies as route blocks: the most specific match first, as the model has it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from plan.strategies import outcomes, retries
from sipfo.compiler.targets.kamailio.view import (
    FAILOVER,
    RetryView,
    retry_views,
    socket_lines,
    uses,
)
from sipfo.compiler.targets.source import NOWHERE
from sipfo.plan.model import Accept, Carrier, CommitOn, CommitOnCode, Limit, Plan, Probe, Retry
from sipfo.plan.outcome import Judge, Outcome
from verify.seed import plan


def decided(view: RetryView, outcome: Outcome) -> int:
    """What the route block says, read from top to bottom as policy.cfg.j2 has it."""
    for case in view.locals:
        if case.word == outcome.ending:
            return case.verdict
    if outcome.final is None:
        if outcome.ending == "transport-error":
            return view.otherwise
        code = 408
    else:
        code = outcome.final.status
        said = " ".join((outcome.final.phrase, ", ".join(outcome.final.reasons)))
        for case in view.tags:
            assert case.pattern is not None
            expression = case.pattern[1:-1].replace("\\\\", "\\").replace("$$", "$")
            if case.code == code and re.search(expression, said):
                return case.verdict
        for case in view.causes:
            if case.cause in outcome.final.causes[:1]:
                return case.verdict
    for case in view.codes:
        if case.code == code:
            return case.verdict
    for case in view.ranges:
        assert case.first is not None
        assert case.last is not None
        if case.first <= code <= case.last:
            return case.verdict
    return view.otherwise


@settings(max_examples=50)
@given(retries(), outcomes)
def test_a_block_decides_as_the_model_does(retry: Retry, outcome: Outcome) -> None:
    final = outcome.final
    if outcome.ending == "unregistered" or (final is not None and len(final.causes) > 1):
        return  # no such outcome here; of several causes the order is the wire's
    (view,) = retry_views(plan(retry=retry), NOWHERE)
    fails_over = Judge(retry).verdict(outcome) == "failover"
    assert (decided(view, outcome) == FAILOVER) == fails_over


def test_commits_are_conditions() -> None:
    points = (
        CommitOnCode(code=183),
        CommitOn(point="early-media"),
        CommitOn(point="progress"),
        CommitOn(point="answer"),
    )
    (view,) = retry_views(
        plan(retry=plan().retries[0].model_copy(update={"commit": points})), NOWHERE
    )
    assert [case.condition for case in view.commits] == ["$rs == 183", "has_body()", "$rs > 100"]


def changed(**changes: object) -> Plan:
    """The seed's plan with another trunk."""
    base = plan(carriers=("north",))
    return base.model_copy(update={"trunks": (base.trunks[0].model_copy(update=changes),)})


@pytest.mark.parametrize(
    ("drawn", "names"),
    [
        (changed(method="round-robin"), {"turns"}),
        (changed(method="weighted", weights=(1, 2)), {"weighted"}),
        (changed(order="route-major"), {"route_major"}),
        (changed(deadline=3.0), {"deadline"}),
        (changed(trusted=True), {"trusted"}),
        (changed(limit=Limit(calls=3)), {"trunk_limits", "calls"}),
        (changed(limit=Limit(per_second=3)), {"trunk_limits", "rates"}),
        (changed(accept=Accept(anyone=True)), {"anyone"}),
        (
            plan(carriers=("north",)).model_copy(
                update={
                    "carriers": (
                        Carrier(
                            name="north",
                            destination="sip:north.example;transport=tls",
                            limit=Limit(calls=1),
                            probe=Probe(every=1, down_after=1, up_after=1),
                        ),
                    )
                }
            ),
            {"names", "streams", "tls", "carrier_limits", "carrier_calls", "calls", "probes"},
        ),
    ],
)
def test_what_a_plan_uses_is_what_it_says(drawn: Plan, names: set[str]) -> None:
    plain, found = uses(plan(carriers=("north",))), uses(drawn)
    more = {one for one in names if getattr(found, one) and not getattr(plain, one)}
    assert more == names
    added = {one for one in plain.__slots__ if getattr(found, one) and not getattr(plain, one)}
    assert added == names


def test_a_socket_says_whom_it_is_for() -> None:
    lines = [(one.address, one.name, one.comment) for one in socket_lines(plan())]
    assert lines == [
        ("udp:192.0.2.10:5060", "door1", "calls arrive here"),
        ("udp:192.76.120.10:5060", "egress2", "us.primary"),
        ("udp:64.16.250.10:5060", "egress3", "us.secondary"),
    ]
