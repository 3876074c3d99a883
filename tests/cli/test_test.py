"""`sipfo test`: a line for each test block, the ladders of those that fail, and a sum."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.command import BAD_TEST, BROKEN, EXAMPLES, GOOD_TEST, POLICY, TELNYX, sipfo
from sipfo.cli import engines
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.pool import Pool
from verify.lab.handmade import ENGINE

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
    when = "when east answers 503"
    policy.write_text(
        POLICY.replace("198.51.100.20", "198.51.100.10")
        + f'test "any" {{\n call acme to +13125550123\n {when}\n expect answered\n}}\n'
    )
    assert sipfo("test", str(policy)).exit_code == 0
    result = sipfo("test", *RUNTIME, str(policy))
    assert result.exit_code == 1
    assert "have the same address and must do different things" in result.stdout


def test_a_plan_has_no_test_blocks(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    sipfo("compile", TELNYX, "-o", str(path))
    result = sipfo("test", str(path))
    assert result.exit_code == 2
    assert "give the policy" in result.stderr


def test_the_loopback_addresses_stand_in_where_there_is_no_private_network(
    policy: Path, no_namespaces: None
) -> None:
    result = sipfo("test", *RUNTIME, str(policy))
    assert result.exit_code == 0
    assert result.stdout.endswith("1 passed, 0 failed\n")


def test_what_no_engine_runs_is_told_apart_from_a_typing_error(policy: Path) -> None:
    refused = sipfo("test", "--on", "opensips", str(policy))
    assert refused.exit_code == 2
    assert (
        "tests are not played on opensips: what is compiled for it is unverified" in refused.stderr
    )
    assert "unverified" not in sipfo("test", "--on", "opensip", str(policy)).stderr


def test_an_engine_that_needs_a_private_network_says_what_that_needs(
    policy: Path, no_namespaces: None, handmade: None
) -> None:
    result = sipfo("test", "--on", "kamailio", str(policy))
    assert result.exit_code == 2
    assert result.stderr == "sipfo: kamailio: root is needed\n"


def test_an_engine_that_is_not_installed_says_what_to_install(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    result = sipfo("test", "--on", "kamailio", str(policy))
    assert result.exit_code == 2
    assert "sipfo: kamailio: no such program: apt-get install" in result.stderr
    assert result.stdout == ""


def test_a_target_that_was_never_run_plays_no_tests(policy: Path) -> None:
    result = sipfo("test", "--on", "freeswitch", str(policy))
    assert result.exit_code == 2
    assert "tests are not played on freeswitch" in result.stderr
    assert "unverified (docs/targets.md)" in result.stderr


def test_all_runs_what_is_here_and_names_what_is_not(
    policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SIPFO_ASTERISK", str(policy.parent))
    result = sipfo("test", "--on", "all", str(policy))
    assert result.exit_code == 0
    assert "sipfo: kamailio: no such program: apt-get install" in result.stderr
    assert "sipfo: asterisk: no such program: " in result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "on model"
    assert lines[2].startswith("on runtime")
    assert lines[-1] == "2 passed, 0 failed"


def test_an_engine_that_strays_is_shown_beside_the_model(policy: Path, handmade: None) -> None:
    """The configuration made by hand has no commit point: after ringing it fails over."""
    policy.write_text(
        POLICY.replace("no-response 2s", "commit on 180")
        + 'test "it rings" {\n call acme to +13125550123\n when east rings, answers 503\n'
        " expect refused 500\n}\n"
    )
    result = sipfo("test", "--on", "kamailio", str(policy))
    assert result.exit_code == 1
    assert "FAILED  it rings" in result.stdout
    assert "attempt 2: the model makes no more, saw us.primary to west 200" in result.stdout
    model, kamailio = result.stdout.split("  model:\n")[1].split("  kamailio:\n")
    assert "us.primary → west" not in model
    assert "us.primary → west" in kamailio


def test_a_declared_difference_is_said_and_passes(policy: Path, handmade: None) -> None:
    policy.write_text(
        POLICY.replace("transport-error", "transport-error, no-response")
        + 'test "east is dead" {\n call acme to +13125550123\n when east refuses\n'
        " expect us.primary to east transport-error\n expect us.primary to west 200\n"
        " expect answered by west within 1s\n}\n"
    )
    result = sipfo("test", "--on", "kamailio", str(policy))
    assert result.exit_code == 0
    assert "kamailio differs as declared: east is a UDP port that nobody has" in result.stdout
    assert result.stdout.endswith("1 passed, 0 failed\n")


def test_a_user_who_is_not_root_has_a_private_network_too(policy: Path) -> None:
    """Root without the capability is as anybody else is (user_namespaces(7))."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed (Debian package util-linux)")
    done = subprocess.run(
        [
            *("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"),
            *(sys.executable, "-c", "from sipfo.cli.main import main; main()"),
            *("test", "--on", "all", str(policy)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if "over loopback" in done.stdout:
        pytest.skip("this system has no unprivileged user namespaces")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "on runtime (Python" in done.stdout


@pytest.fixture
def no_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def open_pool() -> AsyncIterator[Pool]:
        raise NoNamespace(0, "root is needed")
        yield

    monkeypatch.setattr(engines, "open_pool", open_pool)


@pytest.fixture
def handmade(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Kamailio that is configured by hand in place of the one that the compiler configures."""
    lacks = ENGINE.missing()
    if lacks is not None:
        pytest.skip(lacks)
    monkeypatch.setitem(engines.ENGINES, "kamailio", "verify.lab.handmade:ENGINE")
