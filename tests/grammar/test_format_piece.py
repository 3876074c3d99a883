from __future__ import annotations

from sipfo.grammar.format.piece import Place, cut


def places(text: str) -> list[Place]:
    return [piece.place for piece in cut(text) if piece.is_comment]


def test_words_texts_marks_and_comments() -> None:
    text = 'a{"b # {" ,+1..+2}# c }\n'
    assert [piece.text for piece in cut(text)] == [
        *("a", "{", '"b # {"', ",", "+1", "..", "+2", "}", "# c }"),
    ]


def test_a_piece_knows_where_it_stood() -> None:
    _, second = cut("a\r\n\n  b", base=10)
    assert (second.start, second.column, second.breaks) == (16, 2, 2)


def test_the_white_space_after_a_comment_is_no_part_of_it() -> None:
    assert cut("# a \t\r\n")[0].text == "# a"


def test_a_comment_after_code_ends_its_line() -> None:
    assert places("a # b\n# c") == [Place.END, Place.OWN]


def test_a_comment_below_one_that_ends_a_line_carries_it_on_in_its_column_only() -> None:
    assert places("a # b\n  # c\n  # d") == [Place.END, Place.BELOW, Place.BELOW]
    assert places("a # b\n # c\n  # d") == [Place.END, Place.OWN, Place.OWN]
    assert places("a # b\n\n  # c") == [Place.END, Place.OWN]


def test_a_comment_that_begins_a_text_stands_for_itself() -> None:
    assert places("# a\n# b") == [Place.OWN, Place.OWN]
