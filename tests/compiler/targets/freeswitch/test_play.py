"""The script that places a call does what the model does: every rule and example, and drawn calls.

Lua runs the very file that is written, on a stub of FreeSWITCH (`stub.lua`). Compared is who is tried,
from which address, in which order, how each attempt ended, and what the caller is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, note, settings

from compiler.targets.freeswitch.play import Played, needs_lua, play
from compiler.targets.freeswitch.sayable import sayable, slower
from sipfo.cli.reading import files_in
from sipfo.compiler.pipeline import compile_source
from sipfo.compiler.targets.freeswitch.causes import own_cause
from sipfo.compiler.targets.freeswitch.emit import render
from sipfo.compiler.targets.places import places
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import OnCause, Plan
from sipfo.plan.outcome import Judge, responded
from sipfo.plan.scenario import Scenario
from sipfo.runtime.secret import names
from sipfo.verify.simulate import simulate, trunk_of
from verify.lab.drawn import Case, cases

ROOT = Path(__file__).parents[4]
FILES = sorted([*(ROOT / "examples").glob("*.sipfo"), *(ROOT / "tests/rules").glob("*.sipfo")])


@cache
def policy(path: Path) -> tuple[Plan, tuple[Scenario, ...]]:
    """A file's plan and its test blocks."""
    made = compile_source(path.read_bytes(), path.name, files_in(path.parent))
    assert made.plan is not None
    return made.plan, made.scenarios


def calls() -> Iterator[tuple[Path, Scenario]]:
    """Every test block of a trunk whose routes FreeSWITCH has something like."""
    for path in FILES:
        plan, scenarios = policy(path)
        for one in scenarios:
            if sayable(plan, trunk_of(plan, one)) is not None:
                yield path, one


def told(code: int) -> int:
    """What the caller is told in place of what the model says: where to a redirection leads is not
    known, and a challenge would be FreeSWITCH's own."""
    if 300 <= code < 400:
        return 480
    return 403 if code in (401, 407) else code


def seen(plan: Plan, ladder: Ladder) -> list[tuple[str, set[str], str]]:
    """The model's attempts, as they are on the wire: from where, to where at all, and how it ended."""
    addresses = {one.name: f"{one.host} {one.port}" for one in plan.egress}
    where = {place.name: {one.behind_user for one in place.destinations} for place in places(plan)}
    return [(addresses[one.egress], where[one.route], one.outcome) for one in ladder.attempts]


def is_told(plan: Plan, scenario: Scenario, ladder: Ladder) -> bool:
    """Whether all that decides a call is something that FreeSWITCH tells; its table says what is not.

    Timers are not in this: a drawn call is played with the policy's own.
    """
    retry = plan.retries[0]
    verdict = Judge(retry).verdict
    replies = [reply for one in scenario.behaviours for reply in one.replies]
    outcomes = {one.outcome for one in ladder.attempts}
    levelled = {one.name for one in plan.routes if len(one.destinations) > 1}
    causes = {one.match.cause for one in retry.rules if isinstance(one.match, OnCause)}
    untold = {reply.status for reply in replies if reply.tag or reply.cause} & {302, 401}
    return not (
        verdict(responded(401)) != verdict(responded(407))
        or untold
        or any(reply.status in (181, 199) for reply in replies)
        or any(
            reply.cause in causes and own_cause(reply.status) == reply.cause for reply in replies
        )
        # a 408 from there and silence are one, and so are a 503 from there and a transport error
        or any(one.route in levelled and one.outcome == "408" for one in ladder.attempts)
        or ("408" in outcomes and outcomes & {"401", "404", "480", "484", "486"})
        or ("503" in outcomes and outcomes & {"500", "504"})
    )


def disagreement(plan: Plan, ladder: Ladder, played: Played) -> str | None:
    """In what a played call is not the model's."""
    model = seen(plan, ladder)
    tried = played.tried
    if len(tried) != len(model):
        return f"{len(model)} attempts in the model, {len(tried)} were made"
    for n, ((ip, where, outcome), one) in enumerate(zip(model, tried, strict=True), 1):
        if (one.ip, one.outcome) != (ip, outcome) or one.to not in where:
            return f"attempt {n}: {ip} to {where} {outcome} in the model, not {one}"
    result = (ladder.result.kind, told(ladder.result.code))
    if (played.kind, played.code) != result:
        return f"{result} in the model, not {(played.kind, played.code)}"
    return None


CALLS = tuple(calls())


@pytest.mark.parametrize(("path", "scenario"), CALLS, ids=[f"{a.stem}-{b.name}" for a, b in CALLS])
def test_a_call_is_the_models(path: Path, scenario: Scenario) -> None:
    needs_lua()
    plan = policy(path)[0]
    said = sayable(plan, trunk_of(plan, scenario))
    assert said is not None
    slow = slower(scenario)
    files = render(said, "/srv/freeswitch", dict.fromkeys(names(said), "secret"))
    turns = {f"sipfo_turn_{scenario.trunk}": str(scenario.calls_before)}
    played = play(files, said, slow, turns=turns)
    assert disagreement(said, simulate(said, slow), played) is None


def test_all_rows_of_telnyx_are_played() -> None:
    assert sum(path.stem == "telnyx-rows" for path, _ in CALLS) == 12
    assert len(CALLS) > 80


@settings(
    max_examples=int(os.environ.get("SIPFO_CASES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(cases())
def test_a_drawn_call_is_the_models(case: Case) -> None:
    needs_lua()
    plan = sayable(case.plan, case.plan.trunks[0])
    assert plan is not None
    slow = slower(case.scenario)
    model = simulate(plan, slow)
    assume(is_told(plan, slow, model))
    files = render(plan, "/srv/freeswitch", {})
    turns = {"sipfo_turn_acme": str(slow.calls_before)}
    played = play(files, plan, slow, turns=turns, retry=plan.retries[0])
    note(files["scripts/sipfo.lua"].text)
    assert disagreement(plan, model, played) is None
