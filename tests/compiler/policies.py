"""A correct policy to change, and what comes of a change."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import bless
from bless import CASES
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.plan.model import Plan

CORRECT = (CASES / "correct" / "policy.sipfo").read_text(encoding="utf-8")


def changed(*changes: tuple[str, str]) -> Compilation:
    """The correct policy with each first text replaced by the second, compiled."""
    text = CORRECT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return compile_source(text, "policy.sipfo")


def plan_of(*changes: tuple[str, str]) -> Plan:
    """The plan of a change that leaves the policy correct."""
    made = changed(*changes)
    assert made.plan is not None, [one.message for one in made.diagnostics]
    return made.plan


def codes(made: Compilation) -> list[str]:
    """The codes of what is wrong, in the order of the places."""
    return [one.code for one in made.diagnostics]


@cache
def compiled(case: Path) -> Compilation:
    """What comes of a case of tests/cases."""
    return bless.compiled(case)
