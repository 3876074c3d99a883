"""docs/hostile.md: every class of hostile input is held by tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from test_rules import names_in

CLASSES = 33

_ROW = re.compile(r"^\| ([0-9]+) \| (.+)$", re.MULTILINE)
_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[A-Za-z0-9_]+)`")
TEXT = (Path(__file__).parent.parent / "docs" / "hostile.md").read_text(encoding="utf-8")
ROWS = {int(number): row for number, row in _ROW.findall(TEXT)}


def test_every_class_is_there_in_order() -> None:
    assert list(ROWS) == list(range(1, CLASSES + 1))


@pytest.mark.parametrize("number", range(1, CLASSES + 1))
def test_a_class_is_held_by_tests_that_exist(number: int) -> None:
    named = _TEST.findall(ROWS[number])
    assert named
    assert [one for one in named if one[1] not in names_in(one[0])] == []


def test_what_looks_like_a_test_is_written_as_one() -> None:
    assert TEXT.count("::") == len(_TEST.findall(TEXT))
