"""The cases of tests/cases that hold Kamailio's files: between them they use all there is, and a real
Kamailio takes each."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from bless import CASES, FOLDER, KAMAILIO
from compiler.policies import compiled
from sipfo.compiler.targets.kamailio.view import Uses, uses
from sipfo.verify.lab.engines.kamailio import PACKAGES

GOLDEN = sorted(path.parent for path in CASES.glob(f"*/{KAMAILIO}/"))


def used(case: Path) -> Uses:
    """What the plan of a case needs."""
    plan = compiled(case).plan
    assert plan is not None
    return uses(plan, plan.cluster is not None)


@pytest.mark.parametrize("feature", [one.name for one in fields(Uses)])
def test_everything_that_a_configuration_may_have_is_in_some_case(feature: str) -> None:
    found = [getattr(used(case), feature) for case in GOLDEN]
    assert True in found


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_a_real_kamailio_takes_a_case(case: Path, tmp_path: Path) -> None:
    if shutil.which("kamailio") is None:
        pytest.skip(f"no Kamailio: apt-get install --no-install-recommends {PACKAGES}")
    config = tmp_path / "kamailio.cfg"
    text = (case / KAMAILIO / "kamailio.cfg").read_text(encoding="utf-8")
    config.write_text(text.replace(FOLDER, str(tmp_path)), encoding="utf-8")
    done = subprocess.run(
        ["kamailio", "-c", "-f", config, "-w", tmp_path, "-Y", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_no_route_is_written_that_nothing_leads_to(case: Path) -> None:
    text = (case / KAMAILIO / "kamailio.cfg").read_text(encoding="utf-8")
    blocks = set(re.findall(r"(?m)^route\[(\w+)\]", text))
    called = set(re.findall(r"route\((\w+)\)", text))
    if 'route("RETRY_"' in text:
        called |= {one for one in blocks if one.startswith("RETRY_")}
    if 'route("COMMIT_"' in text:
        called |= {one for one in blocks if one.startswith("COMMIT_")}
    assert blocks - called == set()
    assert called - blocks == set()
