"""Called number to trunk: a range, then the longest prefix, then `any`."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plan.samples import small_plan
from plan.strategies import telephone_numbers
from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Numbers, Plan
from sipfo.plan.numbering import Numbering, normalise


def plan_of(*claims: tuple[Numbers, ...]) -> Plan:
    """A plan whose trunk t0 claims the first of these, t1 the second, and so on."""
    plan = small_plan()
    trunks = tuple(
        plan.trunks[0].model_copy(update={"name": f"t{n}", "numbers": numbers})
        for n, numbers in enumerate(claims)
    )
    return plan.model_copy(update={"trunks": trunks})


def claimed_by(plan: Plan, number: str) -> str | None:
    trunk = Numbering(plan).trunk_of(number)
    return None if trunk is None else trunk.name


def prefix(digits: str) -> NumberPrefix:
    return NumberPrefix(prefix=digits)


HUNDRED = NumberRange(first="+13125550100", last="+13125550199")


@pytest.mark.parametrize(
    ("number", "trunk"),
    [
        ("+13125550100", "t0"),
        ("+13125550150", "t0"),
        ("+13125550199", "t0"),
        ("+13125550099", "t1"),
        ("+13125550200", "t1"),
        ("+131255501500", "t1"),  # a range claims numbers of its own length
        ("+1312555015", "t1"),
        ("+1312", "t1"),
        ("+131", "t2"),
        ("+4420", "t3"),
        ("alice", "t3"),
        ("", "t3"),
        ("+", "t3"),
    ],
)
def test_a_range_then_the_longest_prefix_then_any(number: str, trunk: str) -> None:
    plan = plan_of((HUNDRED,), (prefix("+1312"),), (prefix("+1"),), (AnyNumber(),))
    assert claimed_by(plan, number) == trunk
    backwards = plan.model_copy(update={"trunks": plan.trunks[::-1]})
    assert claimed_by(backwards, number) == trunk


def test_a_number_that_nobody_claims_has_no_trunk() -> None:
    plan = plan_of((HUNDRED,), (prefix("+44"),))
    assert claimed_by(plan, "+13125550200") is None
    assert claimed_by(plan, "alice") is None


def test_a_whole_number_is_a_prefix_of_itself() -> None:
    plan = plan_of((prefix("+13125550100"),))
    assert claimed_by(plan, "+13125550100") == "t0"
    assert claimed_by(plan, "+1312555010") is None


def test_neighbouring_ranges_do_not_run_into_each_other() -> None:
    second = NumberRange(first="+13125550200", last="+13125550299")
    plan = plan_of((second,), (HUNDRED,))
    assert [claimed_by(plan, f"+13125550{n}") for n in ("199", "200", "300")] == ["t1", "t0", None]


def test_numbers_that_begin_with_zero_keep_their_length() -> None:
    plan = plan_of((NumberRange(first="+0010", last="+0019"),))
    assert claimed_by(plan, "+0015") == "t0"
    assert claimed_by(plan, "+015") is None


@st.composite
def claims_of_three_trunks(draw: st.DrawFn) -> list[tuple[Numbers, ...]]:
    """Ranges that may overlap, prefixes of which none is there twice, one `any` at most."""
    claims: list[Numbers] = []
    for length in (1, 2):
        ends = st.lists(st.integers(0, 9 * length), min_size=2, max_size=2).map(sorted)
        claims += [
            NumberRange(first=f"+{first:0{length}}", last=f"+{last:0{length}}")
            for first, last in draw(st.lists(ends, max_size=5, unique_by=tuple))
        ]
    short = st.text("0123456789", min_size=1, max_size=3)
    claims += [prefix(f"+{digits}") for digits in draw(st.lists(short, max_size=5, unique=True))]
    claims += draw(st.sampled_from(([], [AnyNumber()])))
    owners = draw(st.lists(st.integers(0, 2), min_size=len(claims), max_size=len(claims)))
    return [
        tuple(claim for claim, owner in zip(claims, owners, strict=True) if owner == trunk)
        for trunk in range(3)
    ]


def by_linear_search(plan: Plan, number: str) -> str | None:
    """The same rule, told by trying every claim."""
    found: list[tuple[int, int, int, str]] = []
    for trunk in plan.trunks:
        for claim in trunk.numbers:
            match claim:
                case NumberRange(first=first, last=last):
                    if len(number) == len(first) and first <= number <= last:
                        # Of two ranges, the one that starts last; of two that start together,
                        # the one that ends first.
                        found.append((2, int(first), -int(last), trunk.name))
                case NumberPrefix(prefix=digits):
                    if number.startswith(digits):
                        found.append((1, len(digits), 0, trunk.name))
                case AnyNumber():
                    found.append((0, 0, 0, trunk.name))
    return max(found)[3] if found else None


dialled = st.text("0123456789", min_size=1, max_size=4).map("+".__add__)


@given(claims_of_three_trunks(), st.lists(dialled | st.just("alice"), min_size=1, max_size=20))
def test_it_finds_what_a_linear_search_finds(
    claims: list[tuple[Numbers, ...]], numbers: list[str]
) -> None:
    plan = plan_of(*claims)
    numbering = Numbering(plan)
    for number in numbers:
        trunk = numbering.trunk_of(number)
        assert (trunk and trunk.name) == by_linear_search(plan, number)


@pytest.mark.parametrize(
    ("user", "number"),
    [
        ("+13125550123", "+13125550123"),
        ("13125550123", "+13125550123"),
        ("+1-312-555-0123", "+13125550123"),
        ("+1.312.555.0123", "+13125550123"),
        ("+1(312)5550123", "+13125550123"),
        ("+1 312 555 0123", "+13125550123"),
        ("+13125550123;npdi;rn=+1312", "+13125550123"),
        ("alice", "alice"),
        ("alice;day=tuesday", "alice;day=tuesday"),
        ("alice-smith", "alice-smith"),
        ("", ""),
        ("+", "+"),
        ("++1", "++1"),
        ("1+1", "1+1"),
        ("+1234567890123456", "+1234567890123456"),  # sixteen digits are no E.164 number
        ("+123456789012345", "+123456789012345"),
        ("*99", "*99"),
        ("+1312\n", "+1312\n"),
        ("+１３", "+１３"),  # digits, but not ASCII ones
        ("²", "²"),
    ],
)
def test_a_user_part_becomes_e164_or_stays_as_it_is(user: str, number: str) -> None:
    assert normalise(user) == number


@given(st.text(max_size=20) | telephone_numbers)
@example("+1-312")
def test_normalising_twice_changes_nothing_more(user: str) -> None:
    assert normalise(normalise(user)) == normalise(user)


@given(telephone_numbers, st.data())
def test_visual_separators_do_not_matter(number: str, data: st.DataObject) -> None:
    spread = "".join(c + data.draw(st.text("-.() ", max_size=2)) for c in number)
    assert normalise(spread) == normalise(spread.removeprefix("+")) == number


@given(st.text(max_size=20))
def test_any_user_part_finds_a_trunk_when_one_takes_any(user: str) -> None:
    plan = plan_of((prefix("+1"),), (AnyNumber(),))
    number = normalise(user)
    telephone = re.fullmatch(r"\+1[0-9]{0,14}", number)
    assert claimed_by(plan, number) == ("t0" if telephone else "t1")


def test_a_range_inside_another_does_not_hide_the_rest_of_it() -> None:
    inside = NumberRange(first="+13125550150", last="+13125550160")
    plan = plan_of((HUNDRED,), (inside,))
    assert [claimed_by(plan, f"+131255501{n}") for n in (49, 50, 60, 61)] == [
        "t0",
        "t1",
        "t1",
        "t0",
    ]


def test_of_two_ranges_that_start_together_the_shorter_is_more_specific() -> None:
    short = NumberRange(first="+13125550100", last="+13125550109")
    for claims in ((HUNDRED,), (short,)), ((short,), (HUNDRED,)):
        plan = plan_of(*claims)
        owner = claims.index((short,))
        assert claimed_by(plan, "+13125550109") == f"t{owner}"
        assert claimed_by(plan, "+13125550110") == f"t{1 - owner}"
