"""A coverage as JSON values for tools: stable keys, lines of the policy's own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from sipfo.verify.coverage.lines import Key, key_of
from sipfo.verify.coverage.measure import Coverage
from sipfo.verify.coverage.parts import Part


class PartJson(TypedDict):
    """`line` is null for what is imported; `block` is `retry NAME` or `trunk NAME`."""

    block: str
    part: str
    line: int | None
    exercised: bool


class SurvivorJson(TypedDict):
    """`test` is a test block that would notice the change."""

    block: str
    change: str
    line: int | None
    test: str


class CoverageJson(TypedDict):
    """Percentages from 0 to 100; `tests` pass, `failing` do not and count for nothing."""

    tests: int
    failing: list[str]
    exercised_percent: float
    noticed_percent: float
    parts: list[PartJson]
    noticed: int
    survivors: list[SurvivorJson]


def coverage_json(coverage: Coverage, lines: Mapping[Key, int]) -> CoverageJson:
    """The coverage as `sipfo coverage --format json` prints it."""
    return {
        "tests": coverage.tests,
        "failing": list(coverage.failing),
        "exercised_percent": round(coverage.exercised_percent, 2),
        "noticed_percent": round(coverage.killed_percent, 2),
        "parts": [
            {
                "block": _block(part),
                "part": part.words,
                "line": lines.get(key_of(part)),
                "exercised": is_exercised,
            }
            for part, is_exercised in coverage.parts
        ],
        "noticed": coverage.killed,
        "survivors": [
            {
                "block": _block(one.part),
                "change": one.words,
                "line": lines.get(key_of(one.part)),
                "test": one.block,
            }
            for one in coverage.survivors
        ],
    }


def _block(part: Part) -> str:
    return f"{part.block} {part.name}"
