"""`sipfo demo`: real calls, drawn; its exit status says whether they went as the policy says."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from cli.command import BAD_TEST, BROKEN, EXAMPLES, GOOD_TEST, POLICY, sipfo


def test_the_packaged_policy_is_the_example() -> None:
    packaged = files("sipfo.cli").joinpath("telnyx.sipfo").read_bytes()
    assert packaged == (EXAMPLES / "telnyx.sipfo").read_bytes()


def test_the_packaged_policys_calls_go_as_it_says() -> None:
    result = sipfo("demo")
    assert result.exit_code == 0
    assert "us.secondary 64.16.250.10 → pbx-west" in result.stdout
    assert "answered 200 by baltic" in result.stdout
    assert "7 of 7 calls went as the policy says" in result.stdout


def test_a_call_that_goes_otherwise_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY + GOOD_TEST + BAD_TEST)
    result = sipfo("demo", str(path))
    assert result.exit_code == 1
    assert "1 of 2 calls went as the policy says" in result.stdout
    assert "≠ 2" in result.stdout


def test_a_policy_without_calls_says_so(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY)
    result = sipfo("demo", str(path))
    assert result.exit_code == 0
    assert "no calls to place" in result.stdout


def test_a_policy_with_errors_places_no_call(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_text(BROKEN)
    result = sipfo("demo", str(path))
    assert result.exit_code == 1
    assert "error[SF" in result.stderr
    assert result.stdout == ""
