"""`sipfo coverage`: tables, JSON, and the least that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import BROKEN, GOOD_TEST, POLICY, sipfo


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY + GOOD_TEST)
    return str(path)


def test_tables_and_survivors_are_shown(policy: str) -> None:
    result = sipfo("coverage", policy)
    assert result.exit_code == 0
    assert "retry standard  1 of 4" in result.stdout
    assert "changes that no test notices" in result.stdout
    assert "test " not in result.stdout.replace("no test notices", "")


def test_the_least_that_is_asked_for_is_an_exit_status(policy: str) -> None:
    assert sipfo("coverage", policy, "--min", "20").exit_code == 0
    assert sipfo("coverage", policy, "--min", "99").exit_code == 1
    assert sipfo("coverage", policy, "--min", "101").exit_code == 2


def test_tests_for_the_survivors_bring_it_to_the_full_measure(policy: str) -> None:
    found = json.loads(sipfo("coverage", policy, "--format", "json").stdout)
    path = Path(policy)
    blocks = [
        one["test"].replace('test "', f'test "{place} ', 1)
        for place, one in enumerate(found["survivors"])
    ]
    path.write_text(path.read_text() + "\n" + "\n".join(blocks))
    assert sipfo("test", policy).exit_code == 0
    again = json.loads(sipfo("coverage", policy, "--format", "json").stdout)
    assert again["noticed_percent"] == 100
    assert sipfo("coverage", policy, "--show-tests").exit_code == 0


def test_a_policy_that_does_not_compile_is_exit_status_1(tmp_path: Path) -> None:
    path = tmp_path / "broken.sipfo"
    path.write_text(BROKEN)
    assert sipfo("coverage", str(path)).exit_code == 1
