"""Telephones, for every test here; without baresip there is nothing to test with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from baresip.exchange import Exchange
from sipp.addresses import Block
from sipp.harness import Bench


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    """A block of addresses with nobody in it yet."""
    if shutil.which("baresip") is None:
        pytest.skip("baresip is not installed (Debian package baresip-core)")
    block = Block()
    try:
        bench = Bench(block, tmp_path)
        made = Exchange(bench)
        try:
            yield made
        finally:
            made.close()
            bench.close()
    finally:
        block.release()
