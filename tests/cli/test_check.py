"""`sipfo check`: what is wrong, in both formats, and the exit status that goes with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import BROKEN, EXAMPLES, POLICY, UNUSED, sipfo


def write(folder: Path, text: str) -> str:
    path = folder / "policy.sipfo"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.sipfo")), ids=lambda path: path.stem)
def test_every_example_is_fine(path: Path) -> None:
    assert sipfo("check", str(path)).exit_code == 0


def test_a_mistake_is_shown_where_it_is_and_exits_1(tmp_path: Path) -> None:
    result = sipfo("check", write(tmp_path, BROKEN))
    assert result.exit_code == 1
    assert "policy.sipfo:15:24" in result.output
    assert "`east`" in result.output


def test_warnings_alone_exit_0(tmp_path: Path) -> None:
    result = sipfo("check", write(tmp_path, POLICY + UNUSED))
    assert result.exit_code == 0
    assert "1 warning" in result.output


def test_json_is_a_list_of_findings(tmp_path: Path) -> None:
    result = sipfo("check", "--format", "json", write(tmp_path, BROKEN))
    assert result.exit_code == 1
    (first, *_) = json.loads(result.output)
    assert (first["severity"], first["line"], first["column"]) == ("error", 15, 24)


def test_json_of_a_good_policy_is_an_empty_list(tmp_path: Path) -> None:
    assert json.loads(sipfo("check", "--format", "json", write(tmp_path, POLICY)).output) == []


@pytest.mark.parametrize("path", ["/nonexistent.sipfo", "/"])
def test_a_file_that_cannot_be_read_is_one_line_and_exits_2(path: str) -> None:
    result = sipfo("check", path)
    assert result.exit_code == 2
    assert result.stderr.startswith("sipfo: cannot read ")
    assert result.stderr.count("\n") == 1


def test_a_plan_is_no_policy(tmp_path: Path) -> None:
    result = sipfo("check", write(tmp_path, "{}"))
    assert result.exit_code == 2
    assert "is a plan" in result.stderr


def test_bytes_that_are_no_text_are_an_error_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_bytes(b"sipfo 1\n\xff\x00")
    result = sipfo("check", str(path))
    assert result.exit_code == 1
    assert "not UTF-8" in result.output
