"""`sipfo diff`: exit status, forms, and files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import BROKEN, POLICY, TELNYX, sipfo


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.sipfo"
    path.write_text(POLICY)
    return path


def written(folder: Path, *changes: tuple[str, str]) -> str:
    text = POLICY
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path = folder / "new.sipfo"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [("east", "ost"), ("standard", "usual"), ("acme", "umbrella"), ("region us", "region eu")],
        [("from    us", "from    us   # both addresses")],
        [("failover on 503, transport-error", "failover on transport-error, 503")],
        [("otherwise stop", "otherwise stop no-answer 180s no-progress 3m")],
        [("sip:198.51.100.10 }", "sip:198.51.100.10:5060;transport=udp }")],
        [("retry   standard", "retry   standard order source-major patience 30s")],
    ],
)
def test_a_change_of_the_text_alone_changes_no_call(
    old: Path, tmp_path: Path, changes: list[tuple[str, str]]
) -> None:
    if changes and changes[0][0] == "east":
        changes = [*changes, ("from    us", "from    eu")]
    result = sipfo("diff", str(old), written(tmp_path, *changes))
    assert result.stdout.startswith("no call changes"), result.stdout
    assert result.exit_code == 0


def test_a_changed_call_is_exit_status_1(old: Path, tmp_path: Path) -> None:
    result = sipfo("diff", str(old), written(tmp_path, ("503, t", "t")))
    assert result.exit_code == 1
    assert "503: stop, failover before" in result.stdout


def test_a_policy_and_its_plan_are_the_same(old: Path, tmp_path: Path) -> None:
    plan = str(tmp_path / "plan.json")
    assert sipfo("compile", str(old), "-o", plan).exit_code == 0
    assert sipfo("diff", str(old), plan).exit_code == 0
    assert sipfo("diff", plan, TELNYX).exit_code == 1


def test_json_and_markdown_are_for_other_readers(old: Path, tmp_path: Path) -> None:
    new = written(tmp_path, ("no-response 2s", "no-response 3s"))
    found = json.loads(sipfo("diff", str(old), new, "--format", "json").stdout)
    assert found["trunks"][0]["calls"][0]["headline"] == "no-response: 3.00 s, 2.00 s before"
    text = sipfo("diff", str(old), new, "--format", "markdown").stdout
    assert text.startswith("## trunk acme")


def test_the_test_of_a_difference_passes_on_the_old_policy_and_fails_on_the_new(
    old: Path, tmp_path: Path
) -> None:
    new = written(tmp_path, ("routes  sequential east, west", "routes  round-robin east, west"))
    found = json.loads(sipfo("diff", str(old), new, "--format", "json").stdout)
    block = found["trunks"][0]["calls"][0]["test"]
    for path, status in ((old, 0), (Path(new), 1)):
        path.write_text(path.read_text() + "\n" + block)
        assert sipfo("test", str(path)).exit_code == status


def test_a_policy_that_does_not_compile_is_exit_status_2(old: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.sipfo"
    broken.write_text(BROKEN)
    assert sipfo("diff", str(old), str(broken)).exit_code == 2
    assert sipfo("diff", str(tmp_path / "none.sipfo"), str(old)).exit_code == 2
