"""docs/rules.md: every rule is held by tests that exist, or says what was decided instead."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RULES = 47

_RULE = re.compile(r"^\*\*([0-9]+)\.\*\* ", re.MULTILINE)
_TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(test_[A-Za-z0-9_]+)`")


@cache
def rules() -> dict[int, str]:
    """Number to text of each rule, with its tests."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    _, *parts = _RULE.split(text)
    return {int(number): said for number, said in zip(parts[::2], parts[1::2], strict=True)}


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests of a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in tree.body if isinstance(one, functions))


def test_every_rule_is_there_once_and_in_order() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert [int(number) for number in _RULE.findall(text)] == list(range(1, RULES + 1))


@pytest.mark.parametrize("number", range(1, RULES + 1))
def test_a_rule_is_held_by_tests_that_exist(number: int) -> None:
    named = _TEST.findall(rules()[number])
    assert named
    missing = [f"{file}::{test}" for file, test in named if test not in names_in(file)]
    assert missing == []


def test_what_looks_like_a_test_is_written_as_one() -> None:
    """A name in another form would not be looked up."""
    text = "".join(rules().values())
    assert text.count("::") == len(_TEST.findall(text))
