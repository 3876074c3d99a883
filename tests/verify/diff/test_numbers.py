"""Numbers are divided exactly as the door divides them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sipfo.plan.model import AnyNumber, NumberPrefix, NumberRange, Numbers, Plan
from sipfo.plan.numbering import Numbering
from sipfo.verify.diff.numbers import shared_numbers
from verify.seed import plan

digits = st.text("012", min_size=1, max_size=4)
claims: st.SearchStrategy[Numbers] = st.one_of(
    digits.map(lambda text: NumberPrefix(prefix=f"+{text}")),
    st.just(AnyNumber()),
    st.tuples(st.integers(1, 3), digits, digits).map(
        lambda drawn: NumberRange(
            first=f"+{min(drawn[1], drawn[2])[0] * drawn[0]}",
            last=f"+{max(drawn[1], drawn[2])[0] * drawn[0]}",
        )
    ),
)


@st.composite
def claiming(draw: st.DrawFn) -> Plan:
    base = plan()
    trunks = tuple(
        base.trunks[0].model_copy(
            update={"name": name, "numbers": tuple(draw(st.lists(claims, min_size=1, max_size=3)))}
        )
        for name in ("a", "b", "c")[: draw(st.integers(1, 3))]
    )
    return base.model_copy(update={"trunks": trunks})


def owner(numbering: Numbering, number: str) -> str | None:
    trunk = numbering.trunk_of(number)
    return trunk.name if trunk is not None else None


@settings(max_examples=150)
@given(claiming(), claiming(), st.lists(digits, min_size=20, max_size=20))
def test_every_number_belongs_to_a_pair_that_is_listed_with_an_example(
    old: Plan, new: Plan, dialled: list[str]
) -> None:
    before, after = Numbering(old), Numbering(new)
    shared = shared_numbers(old, new)
    pairs = {(one.old and one.old.name, one.new and one.new.name) for one in shared}
    for number in (f"+{text}" for text in dialled):
        pair = owner(before, number), owner(after, number)
        assert pair == (None, None) or pair in pairs
    for one in shared:
        for number in (one.first, one.last):
            assert owner(before, number) == (one.old and one.old.name)
            assert owner(after, number) == (one.new and one.new.name)


def test_an_example_has_a_usual_length_where_there_is_a_choice() -> None:
    (shared,) = shared_numbers(plan(), plan())
    assert (shared.first, shared.last) == ("+13125550000", "+13125559999")


def test_what_is_no_number_is_an_example_only_where_any_claims_it_alone() -> None:
    base = plan()
    everything = tuple(NumberPrefix(prefix=f"+{digit}") for digit in range(10))
    first = base.trunks[0].model_copy(update={"numbers": everything})
    second = base.trunks[0].model_copy(update={"name": "rest", "numbers": (AnyNumber(),)})
    both = base.model_copy(update={"trunks": (first, second)})
    assert [one.first for one in shared_numbers(both, both)][-1] == "operator"
