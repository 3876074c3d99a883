"""Every example in the pages that users read is run: policies compile, consoles print what is shown."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from sipfo.compiler.pipeline import compile_source
from sipfo.verify.judge import judge
from sipfo.verify.simulate import simulate

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[ParameterSet]:
    return [
        pytest.param(found[2], id=f"{page.name}:{text[: found.start()].count(chr(10)) + 1}")
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for found in BLOCK.finditer(text)
        if found[1] == language
    ]


@pytest.mark.parametrize("policy", blocks("sipfo"))
def test_policies_compile_without_an_error_or_a_warning(policy: str) -> None:
    found = compile_source(policy, "page.sipfo").diagnostics
    assert [one for one in found if one.severity != "note"] == []


@pytest.mark.parametrize("policy", blocks("sipfo"))
def test_the_test_blocks_of_policies_pass(policy: str) -> None:
    compiled = compile_source(policy, "page.sipfo")
    assert compiled.plan is not None and compiled.scenarios
    for scenario in compiled.scenarios:
        assert judge(scenario, simulate(compiled.plan, scenario)).ok, scenario.name


@pytest.mark.parametrize("console", blocks("console"))
def test_consoles_print_what_is_shown(console: str) -> None:
    command, _, shown = console.partition("\n")
    program, *arguments = shlex.split(command.removeprefix("$ "))
    assert program == "sipfo"
    done = subprocess.run(
        [sys.executable, "-m", "sipfo.cli.main", *arguments],
        check=False,
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8"},
        timeout=60,
    )
    assert done.stdout == shown, done.stderr


@pytest.mark.parametrize("text", blocks("text"))
def test_mistakes_are_cases(text: str) -> None:
    """A message that a page shows is one that a case gives."""
    assert any(
        text.strip() in case.read_text(encoding="utf-8")
        for case in ROOT.glob("tests/cases/*/diagnostics.txt")
    )


def test_the_first_policy_of_the_readme_is_the_first_example() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = BLOCK.search(readme)
    assert first is not None
    assert first[2] == (ROOT / "examples/first.sipfo").read_text(encoding="utf-8")
