"""The script that places a call does what the model does: every rule and example, and drawn calls.

Lua runs the very file that is written, on a stub of FreeSWITCH (`stub.lua`). Compared is who is tried,
from which address, in which order, how each attempt ended, and what the caller is told.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from compiler.targets.freeswitch.play import Played, needs_lua, play
from compiler.targets.freeswitch.sayable import sayable, slower
from sipfo.cli.reading import files_in
from sipfo.compiler.pipeline import compile_source
from sipfo.compiler.targets.freeswitch.emit import render
from sipfo.compiler.targets.places import places
from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.runtime.secret import names
from sipfo.verify.simulate import simulate

ROOT = Path(__file__).parents[4]
FILES = sorted([*(ROOT / "examples").glob("*.sipfo"), *(ROOT / "tests/rules").glob("*.sipfo")])


@cache
def policy(path: Path) -> tuple[Plan, tuple[Scenario, ...]]:
    """A file's plan and its test blocks."""
    made = compile_source(path.read_bytes(), path.name, files_in(path.parent))
    assert made.plan is not None
    return made.plan, made.scenarios


def calls() -> list[tuple[Path, Scenario]]:
    """Every test block."""
    return [(path, one) for path in FILES for one in policy(path)[1]]


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


@pytest.mark.parametrize(
    ("path", "scenario"),
    calls(),
    ids=lambda one: getattr(one, "stem", None) or getattr(one, "name", None),
)
def test_a_call_is_the_models(path: Path, scenario: Scenario, tmp_path: Path) -> None:
    needs_lua()
    plan = policy(path)[0]
    said = sayable(plan, next(one for one in plan.trunks if one.name == scenario.trunk))
    if said is None:
        pytest.skip("FreeSWITCH has nothing like its routes: refused")
    slow = slower(scenario)
    files = render(said, "/srv/freeswitch", dict.fromkeys(names(said), "secret"))
    turns = {f"sipfo_turn_{scenario.trunk}": str(scenario.calls_before)}
    played = play(files, said, slow, tmp_path, turns=turns)
    assert disagreement(said, simulate(said, slow), played) is None
