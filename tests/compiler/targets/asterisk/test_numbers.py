"""The dialplan's contexts of numbers find the trunk that the model finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compiler.targets.asterisk.patterns import matches
from plan.samples import small_plan
from sipfo.compiler.targets.asterisk.numbers import Claim, anybody, prefixes, ranges, wholes
from sipfo.compiler.targets.source import NOWHERE
from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Plan
from sipfo.plan.numbering import Numbering

NUMBER = st.integers(10, 9999).map(lambda one: f"+{one}")
RANGE = st.tuples(st.integers(100, 999), st.integers(0, 300)).map(
    lambda one: NumberRange(first=f"+{one[0]}", last=f"+{min(999, one[0] + one[1])}")
)
PREFIX = st.integers(1, 9999).map(lambda one: NumberPrefix(prefix=f"+{one}"))
CLAIMS = st.lists(RANGE | PREFIX | st.just(AnyNumber()), min_size=1, max_size=4)


def plan_of(claims: list[list[NumberRange | NumberPrefix | AnyNumber]]) -> Plan:
    """A plan with a trunk for each list."""
    trunk = small_plan().trunks[0]
    trunks = tuple(
        trunk.model_copy(update={"name": f"t{n}", "numbers": tuple(one)})
        for n, one in enumerate(claims)
    )
    return small_plan().model_copy(update={"trunks": trunks})


def taken(claims: tuple[Claim, ...], number: str) -> str | None:
    """The trunk of the most specific pattern; of equal prefixes the later one was declared."""
    found = [one for one in claims if matches(one.exten, number)]
    return max(found, key=lambda one: len(one.exten)).trunk if found else None


@given(st.lists(CLAIMS, min_size=1, max_size=3), NUMBER)
def test_the_trunk_is_the_models(
    claims: list[list[NumberRange | NumberPrefix | AnyNumber]], number: str
) -> None:
    plan = plan_of(claims)
    declared = [one.exten for one in prefixes(plan, NOWHERE)]
    if len(set(declared)) < len(declared):
        return  # two trunks with one prefix: the compiler refuses such a policy
    trunk = Numbering(plan).trunk_of(number)
    contexts = (ranges(plan, NOWHERE), wholes(plan, NOWHERE), prefixes(plan, NOWHERE))
    found = next(filter(None, (taken(context, number) for context in contexts)), anybody(plan))
    assert (found or None) == (trunk.name if trunk else None)
