"""Every case of tests/cases says today what it was blessed to say (python tests/bless.py)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bless import CASES, EXAMPLES, cases, expected, outputs
from compiler.policies import compiled
from sipfo.compiler.catalogue import pages
from sipfo.compiler.pipeline import compile_source


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_case_says_what_was_blessed(case: Path) -> None:
    found = outputs(case)
    differ = []
    for name in {*expected(case), *found}:
        blessed = case / name
        actual = case / f"{name}.ACTUAL"
        actual.unlink(missing_ok=True)
        said = blessed.read_text(encoding="utf-8") if blessed.exists() else None
        if found.get(name) != said:
            differ.append(name)
            actual.parent.mkdir(parents=True, exist_ok=True)
            actual.write_text(found.get(name, ""), encoding="utf-8")
    assert not differ, f"{sorted(differ)}: see *.ACTUAL; python tests/bless.py {case.name}"


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.sipfo")), ids=lambda path: path.stem)
def test_an_example_has_nothing_wrong_with_it(example: Path) -> None:
    made = compile_source(example.read_bytes(), example.name)
    assert [one for one in made.diagnostics if one.severity != "note"] == []
    assert made.plan is not None
    assert made.scenarios


def test_every_code_is_shown_by_a_case() -> None:
    shown = {one.code for case in cases() for one in compiled(case).diagnostics}
    assert shown == set(pages())


def test_every_folder_is_a_case() -> None:
    assert sorted(path for path in CASES.iterdir() if path.is_dir()) == cases()
