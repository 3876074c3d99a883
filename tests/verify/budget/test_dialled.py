"""A trunk's example number reaches that trunk, whatever the others claim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Numbers, Plan
from sipfo.plan.numbering import Numbering
from sipfo.verify.budget.dialled import number_of
from verify.seed import plan


def claiming(*claims: tuple[Numbers, ...]) -> Plan:
    """A plan with a trunk for each of these claims."""
    policy = plan()
    return policy.model_copy(
        update={
            "trunks": tuple(
                policy.trunks[0].model_copy(update={"name": f"t{place}", "numbers": numbers})
                for place, numbers in enumerate(claims)
            )
        }
    )


def between(first: str, last: str) -> NumberRange:
    return NumberRange(first=first, last=last)


@pytest.mark.parametrize(
    "claims",
    [
        [(AnyNumber(),), (NumberPrefix(prefix="+1"),)],
        [(NumberPrefix(prefix="+1312"),), (NumberPrefix(prefix="+13120"),)],
        [(NumberPrefix(prefix="+1312"),), (between("+13120000000", "+13125999999"),)],
        [(between("+4420", "+4429"),), (between("+4420", "+4422"),), (between("+4427", "+4429"),)],
        [(NumberPrefix(prefix="+123456789012345"),)],
        [(AnyNumber(),), *((NumberPrefix(prefix=f"+{digit}"),) for digit in range(1, 10))],
    ],
)
def test_the_number_is_the_trunks_own(claims: list[tuple[Numbers, ...]]) -> None:
    policy = claiming(*claims)
    numbering = Numbering(policy)
    for trunk in policy.trunks:
        assert numbering.trunk_of(number_of(policy, trunk)) is trunk


def test_a_trunk_that_others_leave_nothing_gets_a_number_all_the_same() -> None:
    policy = claiming((between("+10", "+19"),), (between("+10", "+14"),), (between("+15", "+19"),))
    assert number_of(policy, policy.trunks[0]) == "+10"


@given(st.lists(st.text("0123456789", min_size=1, max_size=3), min_size=1, max_size=4, unique=True))
def test_every_prefix_that_has_a_number_left_gets_one(prefixes: list[str]) -> None:
    policy = claiming(*((NumberPrefix(prefix=f"+{prefix}"),) for prefix in prefixes))
    numbering = Numbering(policy)
    for trunk in policy.trunks:
        assert numbering.trunk_of(number_of(policy, trunk, numbering)) is trunk
