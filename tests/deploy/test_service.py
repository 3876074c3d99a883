"""The unit file: systemd takes every line of it, and what it runs has the options that it names."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sipfo.cli.main import cli
from sipfo.cli.run import command as run

FOLDER = Path(__file__).parents[2] / "deploy"
SERVICE = (FOLDER / "sipfo.service").read_text(encoding="utf-8")
DEFAULT = (FOLDER / "sipfo.default").read_text(encoding="utf-8")


def value(name: str) -> str:
    """Of a directive that is there once."""
    (found,) = re.findall(rf"^{name}=(.*)$", SERVICE, re.MULTILINE)
    return str(found)


def words(directive: str) -> list[str]:
    """The command line of a directive, with the variables of sipfo.default in their places."""
    variables = dict(re.findall(r"^([A-Z_]+)=(.*)$", DEFAULT, re.MULTILINE))
    options = shlex.split(shlex.split(variables["SIPFO_OPTIONS"])[0])
    found: list[str] = []
    for word in value(directive).split():
        if word == "$SIPFO_OPTIONS":
            found += options
        else:
            found.append(word.replace("${SIPFO_POLICY}", variables["SIPFO_POLICY"]))
    return found


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_every_line(tmp_path: Path) -> None:
    unit = tmp_path / "sipfo.service"
    unit.write_text(SERVICE.replace("/usr/bin/sipfo", sys.executable), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "sipfo" in line]
    assert (done.returncode, ours) == (0, [])


def test_it_says_what_sipfo_run_tells_systemd() -> None:
    assert value("Type") == "notify"  # notify-reload came with systemd 253; Debian 12 has 252
    assert value("NotifyAccess") == "all"  # a successor is another process
    assert int(value("WatchdogSec")) > 0
    assert int(value("FileDescriptorStoreMax")) >= 256
    assert int(value("TimeoutStopSec")) > 2 * 10  # `--grace`


@pytest.mark.parametrize("directive", ["ExecStartPre", "ExecStart", "ExecReload"])
def test_the_commands_are_there_with_their_options(directive: str) -> None:
    program, name, *arguments = words(directive)
    assert program == "/usr/bin/sipfo"
    found = cli.get_command(None, name)  # type: ignore[arg-type]  # it looks at no context
    assert found is not None
    found.make_parser(found.make_context(name, [], resilient_parsing=True)).parse_args(arguments)


def test_the_control_socket_is_where_the_unit_has_a_folder_for_it() -> None:
    assert value("RuntimeDirectory") == "sipfo"
    assert not any(word.startswith("--control") for word in words("ExecStart"))
    names = {option for one in run.params for option in one.opts}
    assert {"--control", "--records", "--metrics", "--leave-calls", "--take-over"} <= names
