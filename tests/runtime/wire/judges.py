"""tshark and sngrep as judges of what the server shows; without them their tests are skipped."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

LIMIT = 60.0
"""Seconds that a judge is waited for."""


def needs(program: str) -> None:
    """Skip the test where a program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed (Debian package {program})")


def read_by_tshark(
    file: Path, fields: Iterable[str], *, whole: bool = True
) -> list[tuple[str, ...]]:
    """These fields of each packet; nothing in the file may be malformed, no checksum wrong, and
    each packet is a `whole` message if that is said."""
    needs("tshark")
    checked = [f"-o{layer}.check_checksum:TRUE" for layer in ("ip", "udp", "tcp")]
    command = ["tshark", "-n", "-r", str(file), *checked]

    def lines(*more: str) -> list[str]:
        done = subprocess.run(
            [*command, *more], capture_output=True, check=True, text=True, timeout=LIMIT
        )
        return done.stdout.splitlines()

    wrong = "_ws.malformed || ip.checksum.status == 0 || udp.checksum.status == 0"
    assert lines("-Y", f"{wrong} || tcp.checksum.status == 0{' || !sip' * whole}") == []
    wanted = [word for field in fields for word in ("-e", field)]
    return [tuple(line.split("\t")) for line in lines("-Tfields", *wanted)]
