"""The front door: help that reads well and loads little, exit statuses, no tracebacks."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from cli.command import NUMBER, TELNYX, program, sipfo
from sipfo.cli.main import COMMANDS, MODULES


def test_help_lists_every_command_in_working_order() -> None:
    result = sipfo("--help")
    assert result.exit_code == 0
    places = [result.output.index(f"  {name} ") for name in COMMANDS]
    assert places == sorted(places)
    assert all(len(line) <= 80 for line in result.output.split("\n"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_help(name: str) -> None:
    command = import_module(f"sipfo.cli.{MODULES.get(name, name)}").command
    assert isinstance(command, click.Command)
    result = sipfo(name, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: sipfo {name}")


def test_version_is_the_packages() -> None:
    assert sipfo("--version").output == "sipfo 0.1.0\n"


def test_a_misspelt_command_is_corrected() -> None:
    result = sipfo("simulat")
    assert result.exit_code == 2
    assert "did you mean simulate?" in result.output


def test_an_unknown_command_is_wrong_usage() -> None:
    assert sipfo("teleport").exit_code == 2


def test_help_loads_neither_the_compiler_nor_the_runtime() -> None:
    code = (
        "import sys\n"
        "from sipfo.cli.main import cli\n"
        "cli.main(['--help'], prog_name='sipfo', standalone_mode=False)\n"
        "heavy = {'lark', 'pydantic', 'asyncio', 'dns', 'sipfo.compiler', 'sipfo.runtime'}\n"
        "sys.exit(repr(heavy & sys.modules.keys()) if heavy & sys.modules.keys() else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.stderr == b""
    assert done.returncode == 0


def test_the_program_exits_with_the_commands_status() -> None:
    assert program("check", TELNYX).returncode == 0
    assert program("check", "/nonexistent.sipfo").returncode == 2
    assert program("check").returncode == 2


def test_a_reader_that_stops_reading_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "sipfo.cli.main", "schema"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode != 0


def test_an_output_without_arrows_gets_ascii() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = program("simulate", TELNYX, "--call", "acme", "--to", NUMBER, environment=environment)
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"us.primary -> pbx-east" in done.stdout
    assert done.stdout.isascii()


def test_diagnostics_on_an_ascii_terminal_are_no_traceback() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = program(
        "simulate", TELNYX, "--call", "acme", "--to", NUMBER, "--when", "é", environment=environment
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"error[SF" in done.stderr


PATIENT = """\
sipfo 1
listen udp 192.0.2.10:5060
retry patient { otherwise stop  no-response 30s }
route nowhere { to sip:198.51.100.1 }
trunk acme { numbers any  accept from 203.0.113.0/24  routes sequential nowhere  retry patient }
test "refused at once" {
    call acme to +13125550123
    when nowhere answers 404
    expect refused 404
}
test "nobody answers for half a minute" {
    call acme to +13125550123
    when nowhere silent
    expect refused 408
}
"""


def test_an_interrupt_ends_it_quietly(tmp_path: Path) -> None:
    policy = tmp_path / "patient.sipfo"
    policy.write_text(PATIENT, encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "sipfo.cli.main", "demo", str(policy)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    running.stdout.readline()  # the calls are being placed
    running.stdout.readline()
    assert running.stdout.readline()  # the first of them is over
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate()
    assert b"Traceback" not in stderr
    assert running.returncode == 130


def test_a_full_disk_is_one_line_and_2() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "sipfo.cli.main", "schema"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "sipfo: cannot write: No space left on device\n")


def test_a_closed_stdout_is_no_traceback() -> None:
    command = f"exec 1>&-; {shlex.quote(sys.executable)} -m sipfo.cli.main schema"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
