"""`sipfo init`: first policies that are right as they are, and no file overwritten."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from cli.command import sipfo
from sipfo.cli.init import PROVIDERS

STARTERS = (None, *PROVIDERS)


def written(folder: Path, provider: str | None) -> str:
    """The path of a starter that `sipfo init` has written."""
    path = str(folder / "policy.sipfo")
    choice = [] if provider is None else ["--provider", provider]
    assert sipfo("init", *choice, path).exit_code == 0
    return path


@pytest.mark.parametrize("provider", STARTERS)
def test_check_finds_nothing_wrong_in_a_starter(tmp_path: Path, provider: str | None) -> None:
    path = written(tmp_path, provider)
    result = sipfo("check", path, "--format", "json")
    assert result.exit_code == 0
    findings = [one for one in json.loads(result.output) if one["severity"] != "note"]
    # A library may have warnings of its own: with DIDWW's list, busy really does fail over.
    assert [one for one in findings if one["file"] == path] == []
    assert provider == "didww" or findings == []


@pytest.mark.parametrize("provider", STARTERS)
def test_a_starters_tests_pass(tmp_path: Path, provider: str | None) -> None:
    result = sipfo("test", written(tmp_path, provider))
    assert "3 passed, 0 failed" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize("provider", STARTERS)
def test_a_starter_fits_a_page(tmp_path: Path, provider: str | None) -> None:
    lines = Path(written(tmp_path, provider)).read_text().split("\n")
    assert max(len(line) for line in lines) <= 100
    assert len(lines) <= 80


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_providers_starter_imports_its_library(tmp_path: Path, provider: str) -> None:
    text = Path(written(tmp_path, provider)).read_text()
    assert f"\nimport {provider} " in text
    assert f"{provider}.standard\n" in text


def test_every_starter_can_be_asked_for() -> None:
    folder = files("sipfo.compiler.starter")
    names = {entry.name for entry in folder.iterdir() if entry.name.endswith(".sipfo")}
    assert names == {f"{name}.sipfo" for name in ("plain", *PROVIDERS)}


def test_without_a_path_it_is_policy_sipfo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = sipfo("init")
    assert (tmp_path / "policy.sipfo").read_text().startswith("#")
    assert result.output.splitlines()[0].startswith("wrote policy.sipfo")


def test_the_last_lines_say_what_to_do_next(tmp_path: Path) -> None:
    path = str(tmp_path / "first.sipfo")
    *_, check, test, run = sipfo("init", path).output.splitlines()
    assert check.split()[:3] == ["sipfo", "check", path]
    assert test.split()[:3] == ["sipfo", "test", path]
    assert run.split()[:3] == ["sipfo", "run", path]


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_text("mine")
    result = sipfo("init", str(path))
    assert result.exit_code == 2
    assert result.stderr == f"sipfo: {path} is there already, and is left as it is\n"
    assert path.read_text() == "mine"


def test_a_link_to_nothing_is_not_written_through(tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.symlink_to(tmp_path / "elsewhere")
    assert sipfo("init", str(path)).exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_one_line_and_2(tmp_path: Path) -> None:
    result = sipfo("init", str(tmp_path / "missing" / "policy.sipfo"))
    assert result.exit_code == 2
    assert result.stderr.startswith("sipfo: cannot write ")
    assert result.stderr.count("\n") == 1


def test_a_dash_prints_the_policy_and_nothing_else(tmp_path: Path) -> None:
    result = sipfo("init", "-")
    assert result.exit_code == 0
    assert result.output == Path(written(tmp_path, None)).read_text()


def test_an_unknown_provider_is_wrong_usage() -> None:
    assert sipfo("init", "--provider", "acme", "-").exit_code == 2
