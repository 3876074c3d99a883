"""The tables: keys that differ, rows as Kamailio's modules want them, and where each comes from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bless import CASES
from compiler.policies import compiled
from compiler.targets.kamailio.test_encode import read_row
from compiler.targets.kamailio.test_readback import secrets_of
from plan.strategies import plans
from sipfo.compiler.targets.kamailio.tables import (
    HTABLE,
    Table,
    address_list,
    milliseconds,
    secrets_table,
    tables,
    versions,
    written,
)
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.source import NOWHERE, OfPolicy
from sipfo.plan.model import Plan
from verify.seed import RETRY, plan


def every(drawn: Plan) -> tuple[Table, ...]:
    """All tables of a plan, secrets included; none for a plan that cannot be written."""
    try:
        hidden = secrets_table(drawn, dict.fromkeys(secrets_of(drawn), "a | secret\\"), NOWHERE)
        return (*tables(drawn, NOWHERE), *((hidden,) if hidden is not None else ()))
    except CannotSay:
        return ()


@settings(max_examples=20)
@given(plans())
def test_the_keys_of_a_table_differ(drawn: Plan) -> None:
    for one in every(drawn):
        keys = [key for key, _, _ in one.rows]
        assert len(keys) == len(set(keys)), one.name


@settings(max_examples=20)
@given(plans())
def test_a_table_is_read_back_with_its_types(drawn: Plan) -> None:
    for one in every(drawn):
        head, *rows = written(one).removesuffix("\n").split("\n")
        columns = head.split(" ")
        assert all(re.fullmatch(r"[a-z_]+\((int|string)(,auto)?\)", column) for column in columns)
        assert len(rows) == len(one.rows)
        for number, (row, (key, value, _)) in enumerate(zip(rows, one.rows, strict=True), 1):
            cells = dict(zip((c.partition("(")[0] for c in columns), read_row(row), strict=True))
            assert cells["id"] == str(number)
            if one.columns is HTABLE:
                assert cells["key_name"] == key
                assert cells["key_value"] == str(value)
                assert cells["value_type"] == str(int(isinstance(value, int)))
                assert (cells["key_type"], cells["expires"]) == ("0", "0")
            else:
                assert (cells["tprefix"], cells["tvalue"]) == (key, value)
                assert re.fullmatch("[0-9]+", key)


@settings(max_examples=20)
@given(plans())
def test_every_table_that_is_loaded_has_its_version(drawn: Plan) -> None:
    found = every(drawn)
    rows = [row.split("|") for row in versions(found).splitlines()[1:]]
    assert [(name, version) for _, name, version in rows] == [
        (one.name, "2" if one.columns is HTABLE else "1") for one in found
    ]


@settings(max_examples=20)
@given(plans(), st.sampled_from(("a\nb", "ü")))
def test_no_line_of_the_networks_is_anything_else(drawn: Plan, _: str) -> None:
    for line in address_list(drawn, NOWHERE).splitlines():
        assert line.startswith("# ") or re.fullmatch(
            r"[0-9]+ (\[[0-9a-f:]+\]|[0-9.]+) [0-9]+ 0 [A-Za-z0-9_.-]+", line
        )


@pytest.mark.parametrize(("rows", "size"), [(0, 4), (1, 4), (16, 5), (1000, 10), (10**7, 20)])
def test_a_table_has_about_a_slot_for_each_row(rows: int, size: int) -> None:
    assert Table("x", HTABLE, (("k", 1, ""),) * rows).size == size


def test_a_row_says_where_it_comes_from() -> None:
    made = compiled(CASES / "correct-carrier")
    assert made.plan is not None
    for one in tables(made.plan, OfPolicy(made)):
        for row in written(one).splitlines()[1:]:
            assert re.fullmatch(r"policy\.sipfo:[1-9][0-9]*", read_row(row)[-1])


def test_the_timers_of_two_retry_policies_with_like_names_stay_apart() -> None:
    base = plan()
    first = base.trunks[0].model_copy(update={"retry": "a.b"})
    second = base.trunks[0].model_copy(update={"name": "other", "retry": "a-b"})
    retries = (
        RETRY.model_copy(update={"name": "a.b", "no_response": 1.0}),
        RETRY.model_copy(update={"name": "a-b", "no_response": 2.0}),
    )
    drawn = base.model_copy(update={"retries": retries, "trunks": (first, second)})
    found = {key: value for one in tables(drawn, NOWHERE) for key, value, _ in one.rows}
    assert found[f"{found['acme:retry']}:no-response"] == 1000
    assert found[f"{found['other:retry']}:no-response"] == 2000


def test_no_secret_stands_in_a_table_that_anybody_may_read() -> None:
    made = compiled(CASES / "correct-carrier")
    assert made.plan is not None
    hidden = secrets_table(made.plan, {"NORTHSTAR_PW": "s3cret"}, NOWHERE)
    assert hidden is not None
    assert "s3cret" in written(hidden)
    assert all("s3cret" not in written(one) for one in tables(made.plan, NOWHERE))


@pytest.mark.parametrize(
    ("seconds", "whole"),
    [(0.0001, 1), (0.0004, 1), (0.6, 600), (1.0015, 1002), (86400.0, 86400000)],
)
def test_timers_are_whole_milliseconds_and_never_none(seconds: float, whole: int) -> None:
    assert milliseconds(seconds) == whole
