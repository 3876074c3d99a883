"""The conditions of the dialplan find the trunk that the model finds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.targets.asterisk.test_numbers import CLAIMS, NUMBER, plan_of
from sipfo.compiler.targets.freeswitch.numbers import claims
from sipfo.compiler.targets.source import NOWHERE
from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Plan
from sipfo.plan.numbering import Numbering


def taken(plan: Plan, user: str) -> str | None:
    """The trunk of the first condition that holds."""
    found = (one.trunk for one in claims(plan, NOWHERE) if re.search(one.expression, user))
    return next(found, None)


@given(st.lists(CLAIMS, min_size=1, max_size=3), NUMBER)
def test_the_trunk_is_the_models(
    given_claims: list[list[NumberRange | NumberPrefix | AnyNumber]], number: str
) -> None:
    prefixes = [
        one.prefix for each in given_claims for one in each if isinstance(one, NumberPrefix)
    ]
    if len(set(prefixes)) < len(prefixes):
        return  # two trunks with one prefix: the compiler refuses such a policy
    plan = plan_of(given_claims)
    trunk = Numbering(plan).trunk_of(number)
    wanted = trunk.name if trunk else None
    assert taken(plan, number) == wanted
    assert taken(plan, number[1:]) == wanted  # without its plus
    assert taken(plan, f"{number};npdi") == wanted


@pytest.mark.parametrize(
    "user", ["", "alice", "+1312x", "1312 555", "+", "+13125550100000001", "\n"]
)
def test_what_is_no_number_is_nobodys_unless_somebody_takes_any(user: str) -> None:
    claim = NumberPrefix(prefix="+1312")
    assert taken(plan_of([[claim]]), user) is None
    if user != "\n":
        assert taken(plan_of([[claim], [AnyNumber()]]), user) == "t1"
