"""`sipfo compile`: a plan on standard output or in a file, whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cli.command import BROKEN, POLICY, TELNYX, UNUSED, sipfo
from sipfo.plan.codec import read_plan


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY)
    return path


def test_a_plan_goes_to_standard_output() -> None:
    result = sipfo("compile", TELNYX)
    assert result.exit_code == 0
    assert read_plan(result.stdout).trunks[0].name == "acme"


def test_output_to_a_file_is_the_same_plan(policy: Path, tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    result = sipfo("compile", str(policy), "--target", "plan", "-o", str(target))
    assert (result.exit_code, result.output) == (0, "")
    assert target.read_text() == sipfo("compile", str(policy)).stdout


def test_an_error_leaves_the_old_plan_and_nothing_else(policy: Path, tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old")
    policy.write_text(BROKEN)
    result = sipfo("compile", str(policy), "-o", str(target))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error[SF" in result.stderr
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "policy.sipfo"]


def test_warnings_go_to_standard_error_and_do_no_harm(policy: Path) -> None:
    policy.write_text(POLICY + UNUSED)
    result = sipfo("compile", str(policy))
    assert result.exit_code == 0
    assert "1 warning" in result.stderr
    assert read_plan(result.stdout).trunks[0].name == "acme"


def test_a_failed_write_leaves_the_old_file(
    policy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "plan.json"
    target.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = sipfo("compile", str(policy), "-o", str(target))
    assert result.exit_code == 2
    assert result.stderr == f"sipfo: cannot write {target}: No space left on device\n"
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.json", "policy.sipfo"]


def test_a_folder_that_is_not_there_is_one_line(policy: Path, tmp_path: Path) -> None:
    result = sipfo("compile", str(policy), "-o", str(tmp_path / "no" / "plan.json"))
    assert result.exit_code == 2
    assert result.stderr.startswith("sipfo: cannot write ")
    assert result.stderr.count("\n") == 1


def test_a_link_stays_a_link_and_a_mode_the_same(policy: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "plan.json", tmp_path / "current.json"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target.name)
    assert sipfo("compile", str(policy), "-o", str(link)).exit_code == 0
    assert link.is_symlink()
    assert read_plan(target.read_text()).trunks[0].name == "acme"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_what_is_no_regular_file_is_written_to(policy: Path) -> None:
    assert sipfo("compile", str(policy), "-o", "/dev/null").exit_code == 0
    assert not Path("/dev/null").is_file()


def test_another_target_is_wrong_usage(policy: Path) -> None:
    assert sipfo("compile", str(policy), "--target", "cobol").exit_code == 2


@pytest.mark.parametrize(
    ("target", "main"),
    [
        ("kamailio", "kamailio.cfg"),
        ("asterisk", "extensions.conf"),
        ("freeswitch", "scripts/sipfo.lua"),
        ("opensips", "opensips.cfg"),
    ],
)
def test_a_target_is_a_folder_of_files(
    target: str, main: str, policy: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    result = sipfo("compile", str(policy), "--target", target, "-o", str(folder))
    assert result.exit_code == 0, result.output
    assert f"start it with {folder / 'start'}" in result.stderr
    assert (folder / main).read_text("utf-8")
    assert (folder / "start").stat().st_mode & 0o111


def test_what_no_engine_has_run_is_said_to_be_unverified(policy: Path, tmp_path: Path) -> None:
    said = {}
    for target in ("asterisk", "freeswitch", "opensips"):
        result = sipfo("compile", str(policy), "--target", target, "-o", str(tmp_path / target))
        said[target] = "is unverified" in result.stderr
        assert result.stdout == ""
    assert said == {"asterisk": False, "freeswitch": True, "opensips": True}
    checked = sipfo("check", str(policy), "--target", "opensips", "--format", "json")
    assert "warning: --target opensips is unverified" in checked.stderr
    assert "unverified" not in checked.stdout


def test_what_a_target_refuses_is_not_written(policy: Path, tmp_path: Path) -> None:
    policy.write_text(POLICY + '\nlisten tls 192.0.2.10:5061 certificate "/etc/tls.pem"\n')
    result = sipfo("compile", str(policy), "--target", "opensips", "-o", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert "target `opensips` does not have `listen tls`" in result.stderr
    assert not (tmp_path / "out").exists()


def test_of_a_folder_that_is_there_nothing_is_left_when_the_target_refuses(
    policy: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ("compile", str(policy), "--target", "freeswitch", "-o", str(out))
    sipfo(*arguments)
    policy.write_text(POLICY.replace("retry   standard", "retry standard  limit 5 calls"))
    (out / "start").unlink()
    result = sipfo(*arguments)
    assert result.exit_code == 1
    assert "does not have `limit of a trunk`" in result.stderr
    assert not (out / "start").exists()


def test_a_target_without_a_folder_is_a_usage_error(policy: Path) -> None:
    result = sipfo("compile", str(policy), "--target", "asterisk")
    assert result.exit_code == 2
    assert "--target asterisk needs a folder: -o DIR" in result.stderr


CLUSTER = """
cluster edge {
    member a 10.0.0.1:5066
    member b 10.0.0.2:5066 has 192.0.2.11 for listen, 192.76.120.11 for us.primary,
        64.16.250.11 for us.secondary
}
"""


def test_a_cluster_is_a_folder_for_each_member(policy: Path, tmp_path: Path) -> None:
    policy.write_text(POLICY + CLUSTER)
    out = tmp_path / "edge"
    result = sipfo("compile", str(policy), "--target", "kamailio", "--cluster", "-o", str(out))
    assert result.exit_code == 0, result.stderr
    assert f"start it with {out}/a/start, {out}/b/start\n" in result.stderr
    for name, host in (("a", "192.0.2.10"), ("b", "192.0.2.11")):
        config = (out / name / "kamailio.cfg").read_text()
        assert f'listen=udp:{host}:5060 name "door1"' in config
        assert f'DATA_URL "text://{out}/{name}/data"' in config
    assert 'notification_address", "sip:10.0.0.1:5066"' in config
    # of one machine alone nothing is shared, and what was of the members is gone
    assert sipfo("compile", str(policy), "--target", "kamailio", "-o", str(out)).exit_code == 0
    assert "dmq" not in (out / "kamailio.cfg").read_text()
    assert not (out / "a" / "kamailio.cfg").exists()


def test_a_policy_without_a_cluster_is_told_what_to_write(policy: Path, tmp_path: Path) -> None:
    out = tmp_path / "edge"
    result = sipfo("compile", str(policy), "--target", "kamailio", "--cluster", "-o", str(out))
    assert result.exit_code == 2
    assert "the policy has no cluster: write `cluster NAME { … }`" in result.stderr
    assert not out.exists()


def test_only_members_of_kamailio_are_a_cluster(policy: Path, tmp_path: Path) -> None:
    for target in (["--target", "asterisk", "-o", str(tmp_path / "edge")], []):
        result = sipfo("compile", str(policy), "--cluster", *target)
        assert result.exit_code == 2
        assert "--cluster is of --target kamailio" in result.stderr


def test_what_asterisk_cannot_write_is_said_and_nothing_is_written(
    policy: Path, tmp_path: Path
) -> None:
    policy.write_text(policy.read_text().replace("sip:198.51.100.1", "sip:a&b@198.51.100.1"))
    folder = tmp_path / "out"
    result = sipfo("compile", str(policy), "--target", "asterisk", "-o", str(folder))
    assert result.exit_code == 2
    assert "%26" in result.stderr
    assert not folder.exists()
