"""tshark as the judge of every message: what it cannot take apart is malformed.

It reads the same pcap as the other judges do, and its SIP dissector is nobody's here.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest

_FAULTS = "_ws.malformed || _ws.expert.severity == error"
"""What a dissector could not read, and what it read and holds to be wrong."""


def count(pcap: bytes, what: str) -> int:
    """How many packets of a pcap a display filter lets through."""
    return len(lines(pcap, what))


def faults(pcap: bytes) -> list[str]:
    """A line for each packet that is malformed."""
    return lines(pcap, _FAULTS)


def lines(pcap: bytes, what: str) -> list[str]:
    """A line for each packet of a pcap that a display filter lets through."""
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed")
    command = ["tshark", "-n", "-r", "-", "-Y", what]
    done = subprocess.run(command, input=pcap, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace").splitlines()
