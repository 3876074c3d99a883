"""The bench, for every test here; without SIPp there is nothing to test with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipp.addresses import Block
from sipp.harness import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A block of addresses with nobody in it yet."""
    if shutil.which("sipp") is None:
        pytest.skip("sipp is not installed (Debian package sip-tester)")
    block = Block()
    try:
        made = Bench(block, tmp_path)
        try:
            yield made
        finally:
            made.close()
    finally:
        block.release()
