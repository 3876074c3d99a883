"""The same files on the next Kamailio, the one of Debian 13: it loads all that there may be in them, and
scenarios come out as on the model. `SIPFO_KAMAILIO6=all` plays every rule and example."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bless import CASES, FOLDER, KAMAILIO
from sipfo.verify.lab.engines.kamailio import PROGRAM
from sipfo.verify.lab.engines.kamailio import Kamailio as Engine
from sipfo.verify.lab.space.enter import NoNamespace
from sipfo.verify.lab.space.pool import open_pool
from verify.lab.recorded import policy, refusal
from verify.lab.test_rules import NAMES, wrong_on

RUN = Path(sys.prefix) / "kamailio6" / "run"
FEW = ("order", "telnyx")
"""The files that are played without asking: every kind of order, and the seed's policy."""

PLAYED = [
    file
    for file in NAMES
    if refusal("kamailio", policy(file)[0]) is None
    and (os.environ.get("SIPFO_KAMAILIO6") == "all" or Path(file).stem in FEW)
]
GOLDEN = sorted(path.parent for path in CASES.glob(f"*/{KAMAILIO}/"))


@pytest.fixture(autouse=True)
def _kamailio6(monkeypatch: pytest.MonkeyPatch) -> None:
    if not RUN.exists():
        pytest.skip(f"no Kamailio 6: sh tests/install-kamailio6 {RUN.parent}")
    if shutil.which("kamcmd") is None:
        pytest.skip("no kamcmd: apt-get install --no-install-recommends kamailio")
    monkeypatch.setenv(PROGRAM, str(RUN))


def test_it_is_kamailio_6() -> None:
    assert Engine().version().startswith("6.")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_it_takes_a_case(case: Path, tmp_path: Path) -> None:
    config = tmp_path / "kamailio.cfg"
    text = (case / KAMAILIO / "kamailio.cfg").read_text(encoding="utf-8")
    config.write_text(text.replace(FOLDER, str(tmp_path)), encoding="utf-8")
    done = subprocess.run(
        [RUN, "-c", "-f", config, "-w", tmp_path, "-Y", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


@pytest.mark.parametrize("file", PLAYED)
def test_scenarios_come_out_the_same(file: str) -> None:
    async def play() -> str:
        async with open_pool() as pool:
            return await wrong_on(pool, "kamailio", file)

    try:
        assert asyncio.run(play()) == ""
    except NoNamespace as error:
        pytest.skip(str(error.strerror))
