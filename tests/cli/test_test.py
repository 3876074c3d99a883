"""`sipfo test`: a line for each test block, the ladders of those that fail, and a sum."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import BAD_TEST, BROKEN, EXAMPLES, GOOD_TEST, POLICY, REGISTERED, TELNYX, sipfo

RUNTIME = ("--on", "runtime")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY + GOOD_TEST)
    return path


def test_every_example_passes_on_the_model() -> None:
    result = sipfo("test", *map(str, sorted(EXAMPLES.glob("*.sipfo"))))
    assert result.exit_code == 0
    assert result.stdout.endswith(" passed, 0 failed\n")


@pytest.mark.parametrize("where", [(), RUNTIME])
def test_a_test_that_passes_is_one_line(where: tuple[str, ...], policy: Path) -> None:
    result = sipfo("test", *where, str(policy))
    assert result.exit_code == 0
    first, last = result.stdout.rstrip("\n").split("\n")
    assert first.startswith("ok      east is down  ")
    assert last == "1 passed, 0 failed"


@pytest.mark.parametrize("where", [(), RUNTIME])
def test_a_test_that_fails_shows_both_ladders(where: tuple[str, ...], policy: Path) -> None:
    policy.write_text(POLICY + GOOD_TEST + BAD_TEST)
    result = sipfo("test", *where, str(policy))
    assert result.exit_code == 1
    assert "FAILED  east is wrong" in result.stdout
    assert "attempt 2: expected us.primary to west 486, saw us.primary to west 200" in result.stdout
    (marked,) = [line for line in result.stdout.split("\n") if "≠" in line]
    assert marked.split()[:10] == [
        "≠",
        "2",
        "us.primary",
        "to",
        "west",
        "486",
        "us.primary",
        "to",
        "west",
        "200",
    ]
    assert result.stdout.endswith("1 passed, 1 failed\n")


def test_no_test_blocks_is_said(policy: Path) -> None:
    policy.write_text(POLICY)
    result = sipfo("test", str(policy))
    assert result.exit_code == 0
    assert result.stdout == f"{policy}: no test blocks\n"


def test_a_policy_with_errors_fails_and_the_others_are_still_tested(
    policy: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.sipfo"
    broken.write_text(BROKEN)
    result = sipfo("test", str(broken), str(policy))
    assert result.exit_code == 1
    assert "error[SF" in result.stderr
    assert "1 passed, 0 failed" in result.stdout


def test_what_sockets_cannot_play_fails_with_the_reason(policy: Path) -> None:
    policy.write_text(
        REGISTERED + 'test "any" {\n call acme to +13125550123\n expect answered\n}\n'
    )
    assert sipfo("test", str(policy)).exit_code == 0
    result = sipfo("test", *RUNTIME, str(policy))
    assert result.exit_code == 1
    assert "`to registered` (west) is not in this runtime" in result.stdout


def test_a_plan_has_no_test_blocks(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    sipfo("compile", TELNYX, "-o", str(path))
    result = sipfo("test", str(path))
    assert result.exit_code == 2
    assert "give the policy" in result.stderr
