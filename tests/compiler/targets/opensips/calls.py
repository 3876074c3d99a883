"""A plan as OpenSIPS takes it, and a call on it by the model and by the script."""

from __future__ import annotations

from math import ceil

from compiler.targets.opensips.reader import Script, complaints, read
from compiler.targets.opensips.tm import Player
from sipfo.compiler.targets.opensips.emit import render
from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.model import Plan, Trunk
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.engines.deaf import deaf_to_icmp
from sipfo.verify.simulate import simulate

SLACK = 1.0
"""Seconds by which a timer of whole seconds may be late or early, for each attempt."""


def taken(plan: Plan) -> Plan:
    """Whole seconds, and no callers from IPv6 networks, which the target refuses (nothing else of a
    call depends on where it comes from)."""
    retries = tuple(
        retry.model_copy(
            update={
                "no_response": float(ceil(retry.no_response)),
                "no_progress": float(ceil(retry.no_progress)),
                "no_answer": float(ceil(retry.no_answer)),
            }
        )
        for retry in plan.retries
    )
    trunks = tuple(map(_trunk, plan.trunks))
    return plan.model_copy(update={"trunks": trunks, "retries": retries})


def _trunk(trunk: Trunk) -> Trunk:
    networks = tuple(one for one in trunk.accept.networks if ":" not in one)
    accept = trunk.accept.model_copy(update={"networks": networks or ("203.0.113.0/24",)})
    deadline = None if trunk.deadline is None else float(ceil(trunk.deadline))
    return trunk.model_copy(update={"accept": accept, "deadline": deadline})


def script_of(plan: Plan) -> Script:
    """What the target writes for a plan, without a complaint."""
    found = read(render(plan, "/etc/opensips/acme", {})["opensips.cfg"].text)
    assert list(complaints(found)) == []
    return found


def agree(plan: Plan, script: Script, scenario: Scenario) -> None:
    """The script does what the model does with what such an engine meets: a dead UDP port is silence.
    Raises CannotPlay.

    A caller who gives up is told so when the attempt under way has ended, and hears an answer that
    crosses: a proxy cannot keep it back (RFC 3261 section 16.7).
    """
    wanted = simulate(plan, deaf_to_icmp(plan, scenario)[0])
    made = Player(plan, script).play(scenario)
    if wanted.result.kind == "cancelled":
        assert made.result.kind in ("cancelled", "answered"), made.result
        assert _shapes(made)[:-1] == _shapes(wanted)[:-1]
        assert _shapes(made)[-1][:3] == _shapes(wanted)[-1][:3]
        return
    assert _shapes(made) == _shapes(wanted)
    assert made.result == wanted.result
    for number, (one, other) in enumerate(zip(made.attempts, wanted.attempts, strict=True)):
        assert abs(one.at - other.at) <= SLACK * number + 0.01, (one, other)
        assert abs(one.took - other.took) <= SLACK + 0.01, (one, other)


def _shapes(ladder: Ladder) -> list[tuple[str, str, str | None, str, str | None]]:
    return [_shape(one) for one in ladder.attempts]


def _shape(attempt: Attempt) -> tuple[str, str, str | None, str, str | None]:
    return (attempt.egress, attempt.route, attempt.target, attempt.outcome, attempt.level)
