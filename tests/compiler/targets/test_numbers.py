"""Numbers as prefixes: those that a policy claims, all of them and no others."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from plan.strategies import plans, telephone_numbers
from sipfo.compiler.targets.numbers import (
    covering,
    declared_prefixes,
    range_prefixes,
    taker_of_any,
)
from sipfo.plan.model import NumberPrefix, Plan
from sipfo.plan.numbering import Numbering
from verify.seed import plan


@st.composite
def small_ranges(draw: st.DrawFn) -> tuple[int, int, int]:
    length = draw(st.integers(1, 3))
    first, last = sorted(draw(st.lists(st.integers(0, 10**length - 1), min_size=2, max_size=2)))
    return first, last, length


@given(small_ranges())
def test_prefixes_cover_a_range_and_nothing_else(drawn: tuple[int, int, int]) -> None:
    first, last, length = drawn
    prefixes = list(covering(first, last, length))
    for number in range(10**length):
        digits = f"{number:0{length}}"
        holding = [one for one in prefixes if digits.startswith(one)]
        assert len(holding) == (first <= number <= last), (digits, holding)


@given(st.integers(1, 15), st.data())
def test_there_are_few_prefixes_and_each_is_as_short_as_it_can_be(
    length: int, data: st.DataObject
) -> None:
    ends = st.lists(st.integers(0, 10**length - 1), min_size=2, max_size=2).map(sorted)
    first, last = data.draw(ends)
    prefixes = list(covering(first, last, length))
    assert len(prefixes) <= 18 * length
    assert all(1 <= len(one) <= length for one in prefixes)
    sizes = [10 ** (length - len(one)) for one in prefixes]
    assert sum(sizes) == last - first + 1
    assert [int(one) * size for one, size in zip(prefixes, sizes, strict=True)] == [
        first + sum(sizes[:place]) for place in range(len(sizes))
    ]
    for place in range(len(prefixes) - 9):  # ten in a row would be one
        ten = prefixes[place : place + 10]
        if len({one[:-1] for one in ten}) == 1 and len({len(one) for one in ten}) == 1:
            assert len(ten[0]) == 1


def looked_up(drawn: Plan, number: str) -> str | None:
    """The trunk of a number as the configuration finds it: `mt_match` takes the longest prefix."""
    digits = number[1:]
    for table, key in (
        (dict(range_prefixes(drawn)), f"{len(digits):02}{digits}"),
        (dict(declared_prefixes(drawn)), digits),
    ):
        found = max((one for one in table if key.startswith(one)), key=len, default=None)
        if found is not None:
            return table[found].name
    anybody = taker_of_any(drawn)
    return anybody.name if anybody is not None else None


@settings(max_examples=20)
@given(
    plans(),
    st.lists(
        telephone_numbers | st.text("0123456789", min_size=4, max_size=4).map("+1312555".__add__)
    ),
)
def test_a_number_is_looked_up_as_the_plan_says(drawn: Plan, numbers: list[str]) -> None:
    claimed = [
        claim.prefix
        for trunk in drawn.trunks
        for claim in trunk.numbers
        if isinstance(claim, NumberPrefix)
    ]
    for number in (*numbers, *claimed):
        trunk = Numbering(drawn).trunk_of(number)
        assert looked_up(drawn, number) == (trunk.name if trunk is not None else None), number


def test_a_prefix_that_is_declared_twice_is_one_row() -> None:
    base = plan()
    (first,) = base.trunks
    both = base.model_copy(update={"trunks": (first, first.model_copy(update={"name": "later"}))})
    assert [(one, trunk.name) for one, trunk in declared_prefixes(both)] == [("1312555", "later")]
