from __future__ import annotations

from sipfo.grammar.format.columns import WIDTH, Row, align, block_row, parts, statement_row
from sipfo.grammar.format.piece import cut


def row(*heads: str, rest: str = "value", ends: bool = False, bounded: bool = False) -> Row:
    return Row(heads, (rest,), "a family", ends, bounded)


def test_a_column_is_as_wide_as_its_widest_cell() -> None:
    assert align([row("a ", "bb "), row("ccc ", "d ")], 0) == ["a   bb ", "ccc d  "]


def test_a_row_with_fewer_cells_does_not_widen_what_it_lacks() -> None:
    assert align([row("a ", "b  "), row("ccc ")], 0) == ["a   b  ", "ccc "]


def test_values_may_end_below_each_other() -> None:
    short, long = row("a ", rest="100s", ends=True), row("bbb ", rest="2s", ends=True)
    assert align([short, long], 0) == ["a ", "bbb "]
    assert align([row("a ", rest="2s", ends=True), long], 0) == ["a   ", "bbb "]


def test_a_wide_value_does_not_keep_its_run_from_its_columns() -> None:
    assert align([row("a ", rest="x" * WIDTH), row("bbb ")], 0) == ["a   ", "bbb "]


def test_cells_that_would_begin_past_the_lines_width_are_not_padded() -> None:
    wide = row("b" * WIDTH + " ")
    assert align([row("a "), wide], 0) == ["a ", *wide.heads]


def test_a_bounded_run_that_would_be_too_wide_is_not_padded() -> None:
    rows = [row("a ", rest="x" * 50, bounded=True), row("b" * 49 + " ", bounded=True)]
    assert align(rows, WIDTH - 100) == ["a" + " " * 49, "b" * 49 + " "]
    assert align(rows, WIDTH - 99) == ["a ", "b" * 49 + " "]


def test_the_rungs_of_a_ladder_have_columns_and_results_have_none() -> None:
    rung = statement_row(tuple(cut("expect us.primary to east 503")), "test")
    assert rung.heads == ("expect us.primary ", "to east ")
    assert statement_row(tuple(cut("expect answered by east")), "test").heads == ()


def test_a_keyword_has_a_column_in_its_own_block_only() -> None:
    limit = tuple(cut("limit 200 calls"))
    assert statement_row(limit, "trunk").heads == ("limit ",)
    assert statement_row(limit, "carrier").heads == ()


def test_what_says_where_a_fact_is_from_has_a_column_everywhere() -> None:
    note, source = tuple(cut('note "a"')), tuple(cut('source "b" 2026-11'))
    assert statement_row(note, "file").heads == ("note ",)
    assert statement_row(note, "carrier").family == statement_row(source, "carrier").family


def test_a_one_line_blocks_cells_are_its_statements() -> None:
    assert block_row("route a", "route", ["to x", "probe every 3s"]).heads == (
        *("route a ", "{ to x  "),
    )
    assert block_row("route a", "route", []).rest == ("{}",)


def test_a_statement_is_cut_after_commas_and_around_comments() -> None:
    pieces = cut("from a ,b # why\n, c")
    assert parts(pieces) == ("from a,", "b", pieces[4], ",", "c")
