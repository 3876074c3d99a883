"""Rate decks from CSV: what a line means, what is wrong with one, and a million of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.policies import CORRECT
from sipfo.compiler.imports import Failure, Load, Loaded
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.sheet import MOST_TOLD, read_sheet
from sipfo.grammar.source import Source
from sipfo.plan.model import Deck
from sipfo.plan.rates import STOP, Rate, Rates, price


def rates(text: str) -> Rates:
    sheet = read_sheet(Source(text, "north.csv"))
    assert not sheet.found, [one.message for one in sheet.found]
    return Rates(Deck(file="north.csv", rows=sheet.rows, table=sheet.table))


def wrong(text: str) -> list[tuple[int, int, str]]:
    """Line, column and message of each mistake."""
    source = Source(text, "north.csv")
    return [(*source.position(one.span.start), one.message) for one in read_sheet(source).found]


def unix(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "prefix,cost\n1312,0.004\n",
        "prefix,cost\r\n1312,0.004\r\n",
        "prefix,cost\n1312,0.004",
        "\n# a remark\n\nprefix,cost\n\n1312,0.004\n",
        "cost,prefix\n0.004,1312\n",
        "Prefix;Cost\n+1312;0.004\n",
        "PREFIX\tCOST\n1312\t0.004\n",
        "prefix,cost,destination\n1312,0.004,Chicago\n",
        'prefix,cost,destination\n1312,0.004,"Chicago, Illinois"\n',
        '"prefix","cost"\n"1312","0.004"\n',
        " prefix , cost \n 1312 , 0.0040 \n",
        "prefix,cost,valid_from,valid-until\n1312,0.004,,\n",
    ],
)
def test_a_deck_may_be_written_so(text: str) -> None:
    assert rates(text).of("+13125550123", 0) == Rate("+1312", price("0.004"))


@pytest.mark.parametrize(
    ("begins", "first"),
    [
        ("2026-12-01", "2026-12-01T00:00:00+00:00"),
        ("2026-12-01T12:30", "2026-12-01T12:30:00+00:00"),
        ("2026-12-01T12:30:15Z", "2026-12-01T12:30:15+00:00"),
        ("2026-12-01 12:30+02:00", "2026-12-01T10:30:00+00:00"),
    ],
)
def test_a_rate_is_valid_from_its_moment_on(begins: str, first: str) -> None:
    found = rates(f"prefix,cost,from\n1,0.01,{begins}\n")
    assert found.of("+1", unix(first) - 1) is None
    assert found.of("+1", unix(first)) is not None


@pytest.mark.parametrize(
    ("ends", "over"),
    [
        ("2026-12-01", "2026-12-02T00:00:00+00:00"),  # all that day
        ("2026-12-01T12:30Z", "2026-12-01T12:30:00+00:00"),
    ],
)
def test_a_rate_is_valid_until_its_last_day_is_over(ends: str, over: str) -> None:
    found = rates(f"prefix,cost,until\n1,0.01,{ends}\n")
    assert found.of("+1", unix(over) - 1) is not None
    assert found.of("+1", unix(over)) is None


def test_a_stop_stands_in_the_place_of_a_cost() -> None:
    assert rates("prefix,cost\n1,Stop\n").of("+1", 0) == Rate("+1", STOP)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [(1, 1, "there is nothing in it")]),
        ("1312,0.004\n", [(1, 1, "the first line does not name the columns")]),
        ("prefix\n1312\n", [(1, 1, "there is no column `cost`")]),
        ("prefix,cost,cost\n1,1,1\n", [(1, 13, "a second column says `cost`")]),
        ("prefix,cost,from,valid from\n", [(1, 18, "a second column says `from`")]),
        ("prefix,price\n", [(1, 8, "no such column: `price`")]),
        ("prefix,cost\n", [(1, 1, "it has no rates")]),
        ("prefix,cost\n,0.1\n", [(2, 1, "there is no prefix")]),
        ("prefix,cost\n1,\n", [(2, 3, "there is no cost")]),
        ("prefix,cost\n0044,0.1\n", [(2, 1, "not a prefix: `0044`")]),
        ("prefix,cost\n1234567890123456,0.1\n", [(2, 1, "not a prefix: `1234567890123456`")]),
        ("prefix,cost\n1,-0.1\n", [(2, 3, "not an amount: `-0.1`")]),
        ("prefix,cost\n1,1e-3\n", [(2, 3, "not an amount: `1e-3`")]),
        ("prefix,cost\n1,0,004\n", [(2, 1, "3 fields where the first line names 2")]),
        ('prefix,cost\n1,"0.1\n', [(2, 1, "the quotes do not close")]),
        ("prefix,cost,until\n1,1,12/31/2026\n", [(2, 5, "not a date: `12/31/2026`")]),
        ("prefix,cost,until\n1,1,2026-02-30\n", [(2, 5, "not a date: `2026-02-30`")]),
        (
            "prefix,cost\n1,0.1\n44,0.1\n+1,0.2\n",
            [(4, 1, "this prefix has a cost for that time already")],
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(text: str, found: list[tuple[int, int, str]]) -> None:
    assert wrong(text) == found


def test_every_wrong_line_is_counted_and_the_first_are_told() -> None:
    found = wrong("prefix,cost\n" + "x,1\n" * 100)
    assert len(found) == MOST_TOLD
    assert found[-1][2] == "not a prefix: `x`; 80 more lines are wrong"


@settings(max_examples=150)
@given(
    st.text(max_size=200)
    | st.text('0123456789,;\t\n\r"#-+.stopfreix: ', max_size=200).map("prefix,cost,until\n".__add__)
)
def test_no_text_makes_it_fail(text: str) -> None:
    source = Source(text, "north.csv")
    sheet = read_sheet(source)
    for one in sheet.found:
        assert 0 <= one.span.start <= one.span.end <= len(text) + 1
    if not sheet.found:
        assert len(Rates(Deck(file="x", rows=sheet.rows, table=sheet.table))) == sheet.rows


# In a policy.


def disk(**files: str) -> Load:
    def load(importing: str, wanted: str) -> Loaded | Failure:
        name = wanted.removeprefix("./")
        if name not in files:
            return Failure("no such file", tuple(files))
        return Loaded(wanted, name, files[name].encode())

    return load


NORTH = 'carrier northstar {\n    to sip:203.0.113.9\n    rates "north.csv"\n}\n'
BALTIC = 'carrier baltic {\n    to sip:203.0.113.10\n    rates "./north.csv"\n}\n'
VIA = "via northstar"
CARRIER = next(line for line in CORRECT.splitlines(keepends=True) if line.startswith("carrier"))


def made(csv: str, more: str = NORTH + BALTIC) -> Compilation:
    text = CORRECT.replace(CARRIER, more, 1).replace(VIA, "via cheapest northstar, baltic", 1)
    assert "northstar, baltic" in text
    return compile_source(text, "policy.sipfo", disk(**{"north.csv": csv}), "policy.sipfo")


def test_two_carriers_with_one_file_share_a_deck() -> None:
    plan = made("prefix,cost\n1,0.01\n").plan
    assert plan is not None
    assert plan.decks is not None
    assert [one.file for one in plan.decks] == ["north.csv"]
    assert [one.rates for one in plan.carriers] == ["north.csv", "north.csv"]
    forward = plan.trunks[0].forward
    assert forward is not None
    assert forward.carriers == ("northstar", "baltic")


def test_a_mistake_in_a_deck_is_told_in_the_deck_and_once() -> None:
    found = made("prefix,cost\n1,0.01\n44,x\n")
    (one,) = found.diagnostics
    assert (one.code, found.plan) == ("SF521", None)
    where = found.source.of(one.span.start)
    assert (where.path, *where.position(one.span.start)) == ("north.csv", 3, 4)


def test_a_deck_that_is_no_text_is_told() -> None:
    text = CORRECT.replace(CARRIER, NORTH, 1)
    load: Load = lambda importing, wanted: Loaded(wanted, wanted, b"prefix,cost\n\xff,1\n")
    found = compile_source(text, "policy.sipfo", load, "policy.sipfo")
    assert [one.code for one in found.diagnostics] == ["SF001"]
    assert found.source.of(found.diagnostics[0].span.start).path == "north.csv"


def test_without_files_a_deck_cannot_be_read() -> None:
    text = CORRECT.replace(CARRIER, NORTH, 1)
    found = compile_source(text, "policy.sipfo")
    assert [one.code for one in found.diagnostics] == ["SF520"]
