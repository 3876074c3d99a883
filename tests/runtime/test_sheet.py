"""Rows as lines: there and back whatever they hold, found without reading them, safe to open."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.accounts import CANCELLED, EPOCH, OVER, REFUSED, UP, row
from sipfo.runtime.row import Row, clean, lost
from sipfo.runtime.sheet import COLUMNS, CSV, JSON, STATE, BadLine, Form, as_dict

FORMS = pytest.mark.parametrize("form", [JSON, CSV], ids=["json", "csv"])
ROWS = [row(UP), row(OVER), row(REFUSED), row(CANCELLED), lost(row(UP), EPOCH)]
texts = st.text(max_size=300).map(clean)


def test_a_line_says_everything_that_a_row_does() -> None:
    assert sorted(COLUMNS) == sorted(Row._fields)


@FORMS
@pytest.mark.parametrize("kept", ROWS, ids=lambda one: one.state)
def test_a_row_comes_back_as_it_was(form: Form, kept: Row) -> None:
    line = form.write(kept)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert form.read(line) == kept


@FORMS
@given(texts, texts, texts, texts)
def test_so_does_one_with_anything_in_it(
    form: Form, caller: str, callee: str, call_id: str, phrase: str
) -> None:
    attempts = tuple(replace(one, phrase=phrase, reasons=(caller,)) for one in row(UP).attempts)
    kept = row(UP)._replace(
        caller=caller, callee=callee, call_id=call_id, number=callee, attempts=attempts
    )
    line = form.write(kept)
    assert line.count(b"\n") == 1
    assert form.read(line) == kept


@FORMS
@pytest.mark.parametrize("kept", ROWS, ids=lambda one: one.state)
def test_state_and_call_are_found_at_the_front(form: Form, kept: Row) -> None:
    found = STATE.match(form.write(kept))
    assert found is not None
    assert (found[1].decode(), found[2].decode()) == (kept.state, kept.call)


@FORMS
@given(st.binary(max_size=200))
def test_what_is_no_row_is_a_bad_line_and_nothing_else(form: Form, line: bytes) -> None:
    with pytest.raises(BadLine):
        form.read(line)


@FORMS
def test_half_a_line_is_a_bad_line(form: Form) -> None:
    line = form.write(row(UP))
    for cut in range(len(line) - 3):
        with pytest.raises(BadLine):
            form.read(line[:cut])


def test_the_head_of_a_table_names_its_columns_and_is_no_row() -> None:
    assert CSV.head.decode().rstrip("\r\n").split(",") == list(COLUMNS)
    with pytest.raises(BadLine):
        CSV.read(CSV.head)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "'quoted"])
def test_a_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    kept = row(UP)._replace(caller=text)
    (cells,) = csv.reader([CSV.write(kept).decode()])
    assert dict(zip(COLUMNS, cells, strict=True))["caller"] == "'" + text
    assert CSV.read(CSV.write(kept)) == kept


def test_a_number_in_a_table_is_written_as_it_is() -> None:
    (cells,) = csv.reader([CSV.write(row(UP)).decode()])
    assert dict(zip(COLUMNS, cells, strict=True))["number"] == "+13125550123"


def test_a_line_of_json_is_what_as_dict_says() -> None:
    assert json.loads(JSON.write(row(OVER))) == json.loads(json.dumps(as_dict(row(OVER))))
