"""Rate decks: packed, and looked up by the longest prefix that is valid at the moment in question."""

from __future__ import annotations

import random
from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipfo.plan.decks import held
from sipfo.plan.model import Deck
from sipfo.plan.rates import (
    FOR_EVER,
    STOP,
    BadDeck,
    Rate,
    Rates,
    Term,
    amount,
    key_of,
    pack,
    price,
)

Row = tuple[str, Term]

digits = st.text("0123456789", min_size=0, max_size=4).map("1".__add__)
terms = st.builds(
    lambda price, begins, long: Term(price, begins, begins + long),
    st.one_of(st.just(STOP), st.integers(0, 5)),
    st.integers(0, 8),
    st.integers(1, 8),
)


def deck(*rows: Row) -> Deck:
    table = pack((key_of(prefix), term) for prefix, term in rows)
    return Deck(file="northstar.csv", rows=len(rows), table=table)


def brute(rows: list[Row], number: str, at: float) -> Rate | None:
    """What is meant: of the rows that are valid, the one with the longest prefix."""
    valid = [
        (prefix, term)
        for prefix, term in rows
        if number.startswith("+" + prefix) and term.begins <= at < term.ends
    ]
    if not valid:
        return None
    prefix, term = max(valid, key=lambda row: len(row[0]))
    return Rate("+" + prefix, term.price)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(digits, terms), max_size=40, unique_by=lambda row: row[0]),
    st.lists(digits.map("+".__add__), min_size=1, max_size=10),
    st.integers(0, 20),
)
def test_the_longest_prefix_that_is_valid_counts(
    rows: list[Row], numbers: list[str], at: int
) -> None:
    found = Rates(deck(*rows))
    for number in numbers:
        assert found.of(number, at) == brute(rows, number, at)
        assert found.ever(number) is any(number.startswith("+" + prefix) for prefix, _ in rows)


def test_a_prefix_has_one_price_after_the_other() -> None:
    found = Rates(deck(("1312", Term(4, 0, 100)), ("1312", Term(6, 100)), ("1", Term(9))))
    assert [found.of("+13125550123", at) for at in (0, 99.9, 100, FOR_EVER - 1024)] == [
        Rate("+1312", 4),
        Rate("+1312", 4),
        Rate("+1312", 6),
        Rate("+1312", 6),
    ]


def test_a_row_that_is_not_valid_yet_leaves_the_number_to_a_shorter_prefix() -> None:
    found = Rates(deck(("1312", Term(4, 50, 100)), ("1", Term(9))))
    assert [found.of("+13125550123", at) for at in (49, 50, 100)] == [
        Rate("+1", 9),
        Rate("+1312", 4),
        Rate("+1", 9),
    ]


def test_a_number_shorter_than_a_prefix_is_not_of_it() -> None:
    found = Rates(deck(("1312", Term(4)), ("13", Term(5))))
    assert found.of("+131", 0) == Rate("+13", 5)
    assert found.of("+1", 0) is None
    assert found.of("alice", 0) is None
    assert found.of("", 0) is None


def test_a_whole_number_of_fifteen_digits_is_a_prefix_of_itself() -> None:
    found = Rates(deck(("999999999999999", Term(4))))
    assert found.of("+999999999999999", 0) == Rate("+999999999999999", 4)
    assert found.of("+99999999999999", 0) is None


def test_an_empty_deck_has_nothing() -> None:
    assert Rates(deck()).of("+1", 0) is None
    assert len(Rates(deck())) == 0


def rows_of(count: int) -> Iterator[tuple[int, Term]]:
    """Prefixes of one to ten digits."""
    draw = random.Random(count)
    known = set[int]()
    while len(known) < count:
        known.add(draw.randrange(1, 10 ** draw.randrange(1, 11)))
    return ((key_of(str(one)), Term(one % 1000)) for one in sorted(known))


class Counted:
    """A table that counts how often it is looked into."""

    def __init__(self, slots: memoryview[int]) -> None:
        self.slots = slots
        self.looks = 0

    def __len__(self) -> int:
        return len(self.slots)

    def __getitem__(self, place: int) -> int:
        self.looks += 1
        return self.slots[place]


def looks(count: int) -> float:
    """Looks into the table for a number, on average."""
    rates = Rates(Deck(file="x", rows=count, table=pack(rows_of(count))))
    counted = Counted(rates._slots)
    rates._slots = counted  # type: ignore[assignment]  # as good as a table
    draw, numbers = random.Random(7), 3000
    for _ in range(numbers):
        rates.of(f"+{draw.randrange(10**10, 10**11)}", 0)
    return counted.looks / numbers


def test_a_look_up_costs_no_more_with_a_hundred_times_as_many_prefixes() -> None:
    small, large = looks(1_000), looks(100_000)
    assert large < 1.3 * small
    assert large < 2.5 * 10  # ten lengths, each found or missed at once


def test_a_table_is_the_same_text_for_the_same_rows() -> None:
    assert pack(rows_of(500)) == pack(rows_of(500))


def test_plans_with_the_same_deck_share_its_table() -> None:
    one = deck(("1", Term(4)))
    assert held(one) is held(one.model_copy(update={"file": "other.csv"}))


@pytest.mark.parametrize("text", ["0", "0.004", "999999999.999999999", "12.5"])
def test_a_price_keeps_every_digit(text: str) -> None:
    assert price(amount(price(text))) == price(text)


def test_a_price_is_written_as_people_do() -> None:
    assert [amount(price(one)) for one in ("0.0040", "1", "0.5", "0.000000001")] == [
        "0.004",
        "1.00",
        "0.50",
        "0.000000001",
    ]


def spoilt(of: Deck, place: int, byte: int) -> Deck:
    data = bytearray(b64decode(of.table))
    data[place] = byte
    return of.model_copy(update={"table": b64encode(bytes(data)).decode()})


@pytest.mark.parametrize(
    "table",
    [
        "",
        "!",
        "AAAA",
        b64encode(b"SFR1").decode(),
        b64encode(b"SFR1" + b"\xff" * 40).decode(),
        deck(("1", Term(4))).table[:-8],
        pack(rows_of(20_000))[:-400],
    ],
)
def test_a_table_that_nobody_packed_is_refused(table: str) -> None:
    with pytest.raises(BadDeck, match=r"northstar\.csv"):
        Rates(Deck(file="northstar.csv", rows=1, table=table))


def test_a_table_that_was_spoilt_is_refused_or_answers() -> None:
    """No byte makes a search that does not end, or that fails."""
    good = deck(("1312", Term(4)), ("1", Term(5)), ("44", Term(STOP)))
    for place in range(len(b64decode(good.table))):
        for byte in (0x00, 0x01, 0x7F, 0xFF):
            try:
                found = Rates(spoilt(good, place, byte))
            except BadDeck:
                continue
            found.of("+13125550123", 0)
            found.ever("+44")
