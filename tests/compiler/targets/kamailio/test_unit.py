"""The unit for systemd: what it says, and what comes of its lines."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from compiler.targets.kamailio.live import inside, put, started
from sipfo.compiler.targets.folder import write
from sipfo.compiler.targets.kamailio.emit import render
from sipfo.plan.model import Accept, Credential
from sipfo.verify.lab.engines.kamailio import PACKAGES
from verify.seed import plan

PLAN = plan(("pbx-east",))


def test_the_unit_is_one_to_systemd(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze: apt-get install systemd")
    write(tmp_path, render(PLAN, str(tmp_path), {}))
    unit = tmp_path / "kamailio.service"
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    about_it = [line for line in done.stderr.splitlines() if "kamailio" in line]
    assert about_it == []


def test_the_unit_s_user_runs_it_and_root_reloads_it() -> None:
    """What systemd does with the unit's lines, by hand: `+` as root, the others as the user."""
    try:
        pwd.getpwnam("kamailio")
    except KeyError:
        pytest.skip(f"no user kamailio: apt-get install --no-install-recommends {PACKAGES}")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("to become the user kamailio takes root, and setpriv of util-linux")
    credential = Credential(user="acme", secret="S")
    base = PLAN
    trunk = base.trunks[0].model_copy(update={"accept": Accept(credentials=(credential,))})
    used = base.model_copy(update={"trunks": (trunk,)})

    def lines(folder: Path, name: str) -> list[str]:
        unit = (folder / "kamailio.service").read_text()
        return re.findall(rf"(?m)^{name}=(.*)$", unit)

    def by_root(commands: list[str]) -> None:
        for one in commands:
            assert one.startswith("+")
            subprocess.run(one[1:].split(), check=True, capture_output=True)

    def work() -> object:
        folder = put(used, {"S": "password"})
        by_root(lines(folder, "ExecStartPre"))
        (user,) = lines(folder, "User")
        become = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
        with started(used, folder, before=become) as live:
            owner = (folder / "run" / "kamailio.pid").owner()
            before = live.table("secret")
            write(folder, render(used, str(folder), {"S": "another"}))
            by_root(lines(folder, "ExecReload"))
            return owner, before, live.table("secret")

    assert inside(work) == ["kamailio", {"acme:acme": "password"}, {"acme:acme": "another"}]
