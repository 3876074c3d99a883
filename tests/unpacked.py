"""Programs of Debian packages that are not installed but unpacked: `make test` puts them there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

FOLDER = Path(sys.prefix) / "unpacked"


def program(name: str, package: str) -> str:
    """The path of a program, installed or unpacked; without it the test is skipped."""
    folders = f"{FOLDER / 'usr/bin'}:{FOLDER / 'usr/sbin'}"
    found = shutil.which(name) or shutil.which(name, path=f"/usr/sbin:{folders}")
    if found is None:
        pytest.skip(f"{name} is neither installed nor unpacked (Debian package {package})")
    return found
