from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipfo.grammar.source import Position, Source, Span


def test_lines_and_columns_begin_at_one() -> None:
    source = Source("ab\ncd\n", "x")
    assert [source.position(offset) for offset in range(7)] == [
        Position(1, 1),
        Position(1, 2),
        Position(1, 3),
        Position(2, 1),
        Position(2, 2),
        Position(2, 3),
        Position(3, 1),
    ]


def test_columns_count_characters() -> None:
    assert Source("é電x", "x").position(2) == Position(1, 3)


def test_a_place_past_the_end_is_the_end() -> None:
    assert Source("ab", "x").position(99) == Position(1, 3)
    assert Source("", "x").position(0) == Position(1, 1)


def test_a_line_has_no_line_end() -> None:
    source = Source("ab\r\ncd", "x")
    assert [source.line(number) for number in range(4)] == ["", "ab", "cd", ""]


def test_an_excerpt_is_the_spans_text() -> None:
    assert Source("abcdef", "x").excerpt(Span(2, 4)) == "cd"


@given(st.text(alphabet="ab\n\r"), st.integers(0, 50))
def test_line_and_column_lead_back_to_the_offset(text: str, offset: int) -> None:
    source = Source(text, "x")
    offset = min(offset, len(text))
    line, column = source.position(offset)
    assert sum(len(part) + 1 for part in text.split("\n")[: line - 1]) + column - 1 == offset
