from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.grammar.source import Position, Source, Sources, Span


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


def test_a_source_with_a_base_has_the_same_lines() -> None:
    source = Source("ab\ncd", "x", 100)
    assert source.span == Span(100, 105)
    assert source.position(104) == Position(2, 2)
    assert source.excerpt(Span(103, 105)) == "cd"
    assert source.line(2) == "cd"
    assert source.position(0) == Position(1, 1)


THREE = Sources((Source("ab", "a", 0), Source("", "b", 3), Source("cd\ne", "c", 4)))


@pytest.mark.parametrize(
    ("offset", "path", "position"),
    [
        (0, "a", (1, 1)),
        (2, "a", (1, 3)),  # the end of a file is in it
        (3, "b", (1, 1)),
        (4, "c", (1, 1)),
        (7, "c", (2, 1)),
        (99, "c", (2, 2)),
        (-1, "a", (1, 1)),
    ],
)
def test_an_offset_names_its_file(offset: int, path: str, position: tuple[int, int]) -> None:
    assert THREE.of(offset).path == path
    assert THREE.position(offset) == position


def test_the_files_together() -> None:
    assert (THREE.path, THREE.main.text, THREE.span) == ("a", "ab", Span(0, 8))
    assert THREE.excerpt(Span(4, 6)) == "cd"
    assert Source("x", "y").of(7).path == "y"
