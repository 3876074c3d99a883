"""The bench, for every test here; without SIPp there is nothing to test with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipp.addresses import Block
from sipp.harness import Bench
from sipp.six import Six


@pytest.fixture
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A block of addresses with nobody in it yet; on IPv6 where a test is parametrized so."""
    if shutil.which("sipp") is None:
        pytest.skip("sipp is not installed (Debian package sip-tester)")
    block = Six() if getattr(request, "param", 4) == 6 else Block()
    try:
        made = Bench(block, tmp_path)
        try:
            yield made
        finally:
            made.close()
    finally:
        block.release()
