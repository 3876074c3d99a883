from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipfo.grammar.scanner import scan


def texts(text: str) -> list[str]:
    return [lexeme.text for lexeme in scan(text, 0, len(text))]


def test_words_texts_and_marks() -> None:
    assert texts('a{b,c}..+1..+2 "d e" sip:f;g#h\n"i') == [
        *("a", "{", "b", ",", "c", "}", "..", "+1", "..", "+2", '"d e"', "sip:f;g", '"i'),
    ]


def test_the_first_of_a_line_is_fresh() -> None:
    assert [lexeme.fresh for lexeme in scan("a b\n  c\n# d\n{ e", 0, 15)] == [
        *(True, False, True, True, False),
    ]


@given(st.text(alphabet='ab {},".#\n\r\x00\u00a0é'))
def test_every_character_is_in_one_token_or_none(text: str) -> None:
    place = 0
    for lexeme in scan(text, 0, len(text)):
        assert place <= lexeme.start < lexeme.end
        assert text[lexeme.start : lexeme.end] == lexeme.text
        between = text[place : lexeme.start]
        assert "#" in between or not between.strip()
        place = lexeme.end
