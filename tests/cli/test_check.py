"""`sipfo check`: what is wrong, in every format, and the exit status that goes with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.command import BROKEN, EXAMPLES, POLICY, TOO_MANY, UNUSED, sipfo
from sipfo.plan.codec import read_plan


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


def test_standard_input_is_a_dash(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sipfo.cli.main", "check", "-"],
        input=BROKEN.encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert "<stdin>:15:24" in done.stdout.decode()


def test_several_files_are_checked_and_the_worst_status_counts(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.sipfo", tmp_path / "bad.sipfo"
    good.write_text(POLICY)
    bad.write_text(BROKEN)
    result = sipfo("check", str(good), str(bad))
    assert result.exit_code == 1
    assert f"{good}: nothing to complain about\n" in result.output
    assert f"{bad}:15:24" in result.output
    assert sipfo("check", str(good), str(tmp_path / "none"), str(bad)).exit_code == 2
    assert sipfo("check", str(good), str(good)).exit_code == 0


@pytest.mark.parametrize("form", ["json", "github", "sarif"])
def test_the_findings_of_several_files_are_one_report(tmp_path: Path, form: str) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(BROKEN)
    result = sipfo("check", "--format", form, str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.exit_code == 1
    if form == "github":
        assert [line[:7] for line in result.stdout.splitlines()] == ["::error"] * 2
        return
    report = json.loads(result.stdout)
    findings = report if form == "json" else report["runs"][0]["results"]
    assert len(findings) == 2


def test_sarif_names_the_version_of_the_compiler(tmp_path: Path) -> None:
    log = json.loads(sipfo("check", "--format", "sarif", write(tmp_path, POLICY)).stdout)
    assert log["runs"][0]["tool"]["driver"]["version"] == version("sipfo")


def test_notes_alone_exit_0_and_only_check_and_compile_show_them(tmp_path: Path) -> None:
    policy = POLICY.replace("retry   standard", "retry   telnyx.standard")
    path = write(tmp_path, policy.replace("sipfo 1", "sipfo 1\nimport telnyx"))
    result = sipfo("check", path)
    assert result.exit_code == 0
    assert "note[SF208]" in result.stdout
    assert "note[SF208]" in sipfo("compile", path).stderr
    simulated = sipfo("simulate", path, "--call", "acme", "--to", "+13125550123")
    assert (simulated.exit_code, simulated.stderr) == (0, "")


def imported(folder: Path) -> Path:
    """A policy whose routes are in a file beside it."""
    routes = "sipfo 1\nroute east { to sip:198.51.100.10 }\nroute west { to sip:198.51.100.20 }\n"
    (folder / "routes.sipfo").write_text(routes)
    main = "\n".join(line for line in POLICY.split("\n") if not line.startswith("route "))
    path = folder / "policy.sipfo"
    path.write_text(main.replace("sipfo 1", 'sipfo 1\nimport "routes.sipfo"'))
    return path


def test_an_import_is_found_beside_the_file_that_imports_it(tmp_path: Path) -> None:
    path = imported(tmp_path)
    assert sipfo("check", str(path)).exit_code == 0
    assert [one.name for one in read_plan(sipfo("compile", str(path)).stdout).routes] == [
        "east",
        "west",
    ]
    (tmp_path / "routes.sipfo").unlink()
    result = sipfo("check", str(path))
    assert result.exit_code == 1
    assert "`routes.sipfo` cannot be read: no such file" in result.output


def test_two_paths_to_one_file_are_one_file(tmp_path: Path) -> None:
    path = imported(tmp_path)
    (tmp_path / "link.sipfo").symlink_to("routes.sipfo")
    (tmp_path / "deep").mkdir()
    again = 'import "link.sipfo"\nimport "deep/../routes.sipfo"\nimport "self.sipfo"'
    (tmp_path / "self.sipfo").symlink_to("policy.sipfo")
    path.write_text(path.read_text().replace("\nlisten", f"\n{again}\nlisten"))
    result = sipfo("check", "--format", "json", str(path))
    assert [one["code"] for one in json.loads(result.stdout)] == ["SF207", "SF207", "SF206"]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "not a file"),
        (lambda path: os.mkfifo(path), "not a file"),
        (lambda path: path.write_text("{}"), "it is a plan, not a policy"),
        (lambda path: path.symlink_to(path), "no such file"),
    ],
)
def test_what_is_no_policy_cannot_be_imported(
    tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    path = imported(tmp_path)
    (tmp_path / "routes.sipfo").unlink()
    make(tmp_path / "routes.sipfo")
    result = sipfo("check", str(path))
    assert result.exit_code == 1
    assert f"cannot be read: {reason}" in result.output


def test_a_path_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    for name, code in (("a\x00b", "SF007"), ("x" * 5000, "SF205")):
        result = sipfo("check", write(tmp_path, POLICY + f'import "{name}"\n'))
        assert result.exit_code == 1
        assert code in result.output


FIXABLE = POLICY.replace("503, transport-error", "503, transport-error, 503;").removeprefix(
    "sipfo 1\n"
)


def test_fix_writes_what_leaves_no_doubt_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, FIXABLE)
    result = sipfo("check", "--fix", path)
    assert result.exit_code == 0
    assert Path(path).read_text() == POLICY.replace("sipfo 1\n", "sipfo 1\n\n")
    assert result.stderr.startswith("fixed:\n")
    assert result.stderr.count("\n  ") == 3
    assert result.stdout == f"{path}: nothing to complain about\n"


def test_fix_leaves_a_file_without_fixes_alone(tmp_path: Path) -> None:
    path = Path(write(tmp_path, BROKEN))
    before = path.stat()
    result = sipfo("check", "--fix", str(path))
    after = path.stat()
    assert result.exit_code == 1
    assert (path.read_text(), result.stderr) == (BROKEN, "")
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_fix_that_cannot_write_leaves_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(write(tmp_path, FIXABLE))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = sipfo("check", "--fix", str(path))
    assert result.exit_code == 2
    assert path.read_text() == FIXABLE
    assert "fixed:" not in result.stderr


def test_fix_needs_a_file(tmp_path: Path) -> None:
    assert sipfo("check", "--fix", "-").exit_code == 2
    result = sipfo("check", "--fix", write(tmp_path, "{}"))
    assert result.exit_code == 2
    assert result.stderr.count("is a plan") == 1


def test_what_a_target_does_not_have_is_an_error_when_it_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, TOO_MANY)
    assert sipfo("check", path).exit_code == 0
    result = sipfo("check", "--target", "kamailio", path)
    assert result.exit_code == 1
    assert "error[SF801] Beyond the target: target `kamailio` does not have" in result.output
    assert "`more than 30 attempts`" in result.output
