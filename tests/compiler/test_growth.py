"""What a policy costs grows with its size and no faster, phase by phase and target by target.

Four times the policy may execute five times the lines, in each function: what is done by bisection
grows a little faster than the size, and what is done for all by each sixteen times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

import pytest

from compiler.sized import secrets_of, sized, sized_for_telnyx
from growth import grew_faster, steps
from sipfo.compiler.checks.beyond_target import Capabilities
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.targets.asterisk.capabilities import CAPABILITIES as OF_ASTERISK
from sipfo.compiler.targets.asterisk.emit import render as render_asterisk
from sipfo.compiler.targets.kamailio.capabilities import CAPABILITIES as OF_KAMAILIO
from sipfo.compiler.targets.kamailio.emit import render as render_kamailio
from sipfo.compiler.targets.source import OfPolicy
from sipfo.compiler.targets.telnyx.capabilities import remarks
from sipfo.compiler.targets.telnyx.emit import render as render_telnyx
from sipfo.plan.model import Plan
from sipfo.verify.budget.budget import budgets
from sipfo.verify.simulate import simulate

SMALL: Final = 40
LARGE: Final = 4 * SMALL
MOST: Final = 5.0
BISECTED: Final = 7.0

TARGETS: Final[Mapping[str, Capabilities]] = {
    "kamailio": OF_KAMAILIO,
    "asterisk": OF_ASTERISK,
    "telnyx": remarks,
}


@cache
def compiled(size: int) -> Compilation:
    """A policy of this size; what is made once for all is made."""
    return compile_source(sized(size), "policy.sipfo")


def plan_of(size: int) -> Plan:
    plan = compiled(size).plan
    assert plan is not None, compiled(size).diagnostics
    return plan


def grows_with(work: Callable[[int], object]) -> None:
    """Fails with the functions that took more than the size is more."""
    compiled(SMALL), compiled(LARGE)
    work(LARGE)  # what is read or compiled once, templates too
    small = steps(lambda: work(SMALL))
    large = steps(lambda: work(LARGE))
    assert large.total() > 2 * small.total(), "nothing was counted"
    bisected = grew_faster(small, large, BISECTED)
    found = {
        name: times
        for name, times in grew_faster(small, large, MOST).items()
        if "claims.py" not in name or name in bisected
    }
    assert not found


def test_a_policy_is_compiled() -> None:
    grows_with(lambda size: compile_source(sized(size), "policy.sipfo"))


def test_a_wrong_policy_is_told_so() -> None:
    def work(size: int) -> None:
        wrong = sized(size).replace("failover on 408", "failover 408").replace("60s", "60")
        assert compile_source(wrong, "policy.sipfo").plan is None

    grows_with(work)


def test_names_that_nobody_declared_are_told() -> None:
    """More of them than those for which near ones are looked for."""

    def work(size: int) -> None:
        trunk = "trunk t{0} {{\n    routes sequential pbx-{0}, east-{0}\n    retry r{0}\n}}"
        routes = (f"route west-{n} {{ to sip:192.0.2.1 }}" for n in range(2 * size))
        wrong = "\n".join(["sipfo 1", *routes, *(trunk.format(n) for n in range(2 * size))])
        assert compile_source(wrong, "policy.sipfo").plan is None

    grows_with(work)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_says_what_it_cannot_do(target: str) -> None:
    wanted = {target: TARGETS[target]}
    grows_with(lambda size: compile_source(sized(size), "policy.sipfo", targets=wanted))


@pytest.mark.parametrize("render", [render_kamailio, render_asterisk])
def test_an_engines_files_are_written(render: Callable[..., object]) -> None:
    secrets = dict.fromkeys(secrets_of(LARGE), "secret")
    grows_with(lambda size: render(plan_of(size), "/there", secrets, OfPolicy(compiled(size))))


def test_telnyxs_requests_are_written() -> None:
    @cache
    def made(size: int) -> Compilation:
        return compile_source(sized_for_telnyx(size), "policy.sipfo", targets={"telnyx": remarks})

    def work(size: int) -> object:
        plan = made(size).plan
        assert plan is not None, made(size).diagnostics
        return render_telnyx(plan, OfPolicy(made(size)))

    made(SMALL), made(LARGE)
    grows_with(work)


def test_every_trunk_is_analysed() -> None:
    grows_with(lambda size: list(budgets(plan_of(size))))


def test_every_test_is_simulated() -> None:
    def work(size: int) -> None:
        for scenario in compiled(size).scenarios:
            simulate(plan_of(size), scenario)

    grows_with(work)
