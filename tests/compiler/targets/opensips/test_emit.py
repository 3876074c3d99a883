"""The files as a whole: what no file may hold, and that OpenSIPS's grammar has all that is written."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings

from bless import CASES, OPENSIPS
from compiler.policies import compiled
from compiler.targets.opensips.reader import complaints, read
from plan.samples import small_plan
from plan.strategies import plans
from sipfo.compiler.targets.folder import PROGRAM, write
from sipfo.compiler.targets.opensips.capabilities import CAPABILITIES, UNVERIFIED
from sipfo.compiler.targets.opensips.emit import render
from sipfo.compiler.targets.opensips.view import Uses, uses
from sipfo.compiler.targets.safe import CannotSay
from sipfo.plan.construct import Construct
from sipfo.plan.model import Carrier, Plan, Retry, Route, Trunk
from sipfo.runtime.secret import names
from verify.lab.recorded import refusal

GOLDEN = sorted(path.parent for path in CASES.glob(f"*/{OPENSIPS}/"))


@settings(max_examples=150, deadline=None)
@given(plans())
def test_whatever_a_plan_says_is_written_whole_or_refused(plan: Plan) -> None:
    secrets = dict.fromkeys(names(plan), "pass;word")
    try:
        files = render(plan, "/etc/opensips/acme", secrets)
    except CannotSay:
        return
    for file in files.values():
        assert "pass;word" not in file.text
    assert list(complaints(read(files["opensips.cfg"].text))) == []


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_what_was_blessed_is_a_script(case: Path) -> None:
    assert list(complaints(read((case / OPENSIPS / "opensips.cfg").read_text("utf-8")))) == []


@pytest.mark.parametrize("feature", [one.name for one in fields(Uses)])
def test_everything_that_a_script_may_have_is_in_some_case(feature: str) -> None:
    plans = [compiled(case).plan for case in [*GOLDEN, CASES / "correct-anyone"]]
    assert any(plan is not None and getattr(uses(plan), feature) for plan in plans)


def test_every_file_says_that_it_is_unverified() -> None:
    files = render(small_plan(), "/srv/opensips", {})
    for name, file in files.items():
        assert name.endswith(".keep") or UNVERIFIED in file.text


def test_start_runs_what_it_is_told_to_with_the_script(tmp_path: Path) -> None:
    files = render(small_plan(), str(tmp_path), {})
    assert files["start"].mode == PROGRAM
    write(tmp_path, files)
    done = subprocess.run(
        [tmp_path / "start", "-C"],
        env={"OPENSIPS": shutil.which("echo") or "echo", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(f"-f {tmp_path}/opensips.cfg ")
    assert done.stdout.endswith(" -C\n")


@pytest.mark.parametrize(
    "folder", ["/srv/my opensips", "/srv/a;b", '/srv/"', "/srv/$x", "/srv/a'b"]
)
def test_a_folder_that_the_files_cannot_name_is_refused(folder: str) -> None:
    with pytest.raises(CannotSay):
        render(small_plan(), folder, {})


@pytest.mark.parametrize("user", ["$ru", 'a"b', "a\\b", "a{b", "a}b", "a`b", "a|b"])
def test_a_user_that_the_script_could_take_apart_is_refused(user: str) -> None:
    plan = small_plan()
    route = plan.routes[0].model_copy(update={"destinations": (f"sip:{user}@192.0.2.1",)})
    plan = plan.model_copy(update={"routes": (route, *plan.routes[1:])})
    with pytest.raises(CannotSay):
        render(plan, "/srv/opensips", {})


Named = TypeVar("Named", Route, Carrier, Retry, Trunk)


def louder(one: Named) -> Named:
    return one.model_copy(update={"name": one.name.upper()})


def twins() -> dict[str, Plan]:
    """Plans in each of which two names differ in case alone."""
    plan = small_plan(carriers=1)
    (trunk,) = plan.trunks
    assert trunk.forward is not None

    route, carrier, retry = (
        louder(plan.routes[0]),
        louder(plan.carriers[0]),
        louder(plan.retries[0]),
    )
    forward = trunk.forward.model_copy(update={"carriers": ("c0", carrier.name)})
    to_route = trunk.model_copy(update={"routes": ("r0", route.name)})
    to_carrier = trunk.model_copy(update={"forward": forward})
    by_retry = trunk.model_copy(update={"name": "other", "retry": retry.name})
    changes: dict[str, dict[str, object]] = {
        "route": {"routes": (*plan.routes, route), "trunks": (to_route,)},
        "carrier": {"carriers": (*plan.carriers, carrier), "trunks": (to_carrier,)},
        "retry": {"retries": (*plan.retries, retry), "trunks": (trunk, by_retry)},
        "trunk": {"trunks": (trunk, louder(trunk))},
    }
    return {kind: plan.model_copy(update=change) for kind, change in changes.items()}


@pytest.mark.parametrize("kind", ["route", "carrier", "retry", "trunk"])
def test_names_that_differ_in_case_alone_are_refused(kind: str) -> None:
    with pytest.raises(CannotSay, match="rename one of them"):
        render(twins()[kind], "/srv/opensips", {})


def test_every_construct_has_its_row_and_says_how_it_differs() -> None:
    assert set(CAPABILITIES) == set(Construct)
    assert all(one.how for one in CAPABILITIES.values() if one.level != "same")


@pytest.mark.parametrize(
    "path", sorted(CASES.glob("*/policy.sipfo")), ids=lambda one: one.parent.name
)
def test_what_the_table_refuses_is_not_written(path: Path) -> None:
    plan = compiled(path.parent).plan
    if plan is None or refusal("opensips", plan) is None:
        return
    with pytest.raises(CannotSay):
        render(plan, "/srv/opensips", dict.fromkeys(names(plan), "password"))
