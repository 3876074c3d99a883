"""The tables of error messages and the grammar say the same."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from sipfo.grammar.mistake import Mistake
from sipfo.grammar.parser import STARTS, read
from sipfo.grammar.vocabulary import CONNECTIVES, STATEMENTS, VALUES

GRAMMAR = (files("sipfo.grammar") / "sipfo.lark").read_text(encoding="utf-8")


@pytest.mark.parametrize("where", STATEMENTS)
def test_the_openers_of_statements_are_the_grammars(where: str) -> None:
    found = read("?", "file" if where == "file" else f"{where}_body")
    assert isinstance(found, Mistake)
    assert found.expected.keywords == set(STATEMENTS[where])


@pytest.mark.parametrize("where", [where for where in STATEMENTS if where != "file"])
def test_every_block_can_be_read_in_parts(where: str) -> None:
    assert f"{where}_body" in STARTS


def test_every_kind_of_value_has_a_name_for_people() -> None:
    terminals = set(re.findall("^([A-Z]+): +WORD$", GRAMMAR, re.MULTILINE)) | {"STRING"}
    assert terminals == set(VALUES)


def test_the_lexers_last_resort_sorts_last() -> None:
    assert max(VALUES) < "WORD"


def test_connectives_are_words_of_the_grammar_or_of_english() -> None:
    assert CONNECTIVES - {"and", "or"} <= set(re.findall('"([a-z-]+)"', GRAMMAR))
