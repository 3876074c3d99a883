"""Rates on the command line: as of now or of `--at`, and what is said where the number decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import POLICY, sipfo
from sipfo.plan.codec import read_plan

CARRIERS = """
carrier northstar {
    to sip:203.0.113.9
    rates "north.csv"
}
carrier baltic {
    to sip:203.0.113.10
    cost 0.005
}
"""
NORTH = "prefix,cost,from,until\n1,0.004,2026-01-01,2026-11-30\n1,0.006,2026-12-01,\n44,stop,,\n"
FIXED = "on failure forward to +17735550000 via cheapest northstar, baltic"
DIALLED = "on failure forward to dialled via cheapest northstar, baltic at most 0.005"
TEST = """
test "the cheapest takes it" {
    call acme to +13125550123
    when east answers 503
    when west answers 503
    expect us.primary to east 503
    expect us.primary to west 503
    expect us.secondary to east 503
    expect us.secondary to west 503
    expect us.primary to northstar 200
    expect answered by northstar
}
"""
DOWN = ("--when", "east answers 503", "--when", "west answers 503")


def written(folder: Path, forward: str, rates: str = NORTH, more: str = "") -> str:
    text = POLICY.replace("retry   standard\n", f"retry   standard\n    {forward}\n") + CARRIERS
    file = folder / "policy.sipfo"
    file.write_text(text + more)
    (folder / "north.csv").write_text(rates)
    return str(file)


def carriers(*arguments: str) -> list[str]:
    call = ("--call", "acme", "--to", "+13125550123", *DOWN, "--format", "json")
    done = sipfo("simulate", *arguments, *call, "--when", "northstar answers 503")
    routes = [one["route"] for one in json.loads(done.stdout)["attempts"]]
    return [one for one in routes if one in ("northstar", "baltic")]


@pytest.mark.parametrize("forward", [FIXED, DIALLED.removesuffix(" at most 0.005")])
def test_simulate_looks_rates_up_as_of_a_date(tmp_path: Path, forward: str) -> None:
    file = written(tmp_path, forward)
    assert carriers(file, "--at", "2026-11-30") == ["northstar", "baltic"]
    assert carriers(file, "--at", "2026-11-30T23:59:59Z") == ["northstar", "baltic"]
    assert carriers(file, "--at", "2026-12-01")[0] == "baltic"
    plan = str(tmp_path / "plan.json")
    assert sipfo("compile", file, "-o", plan).exit_code == 0
    assert carriers(plan, "--at", "2026-12-01")[0] == "baltic"


def test_simulate_says_who_is_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, DIALLED)
    call = ("--call", "acme", "--to", "+13125550123", *DOWN)
    done = sipfo("simulate", file, *call, "--at", "2026-12-01")
    assert "    northstar left out: 0.006 is above 0.005\n" in done.stdout
    found = json.loads(
        sipfo("simulate", file, *call, "--at", "2026-12-01", "--format", "json").stdout
    )
    assert found["left_out"] == ["northstar left out: 0.006 is above 0.005"]


def test_a_date_that_is_none_is_told(tmp_path: Path) -> None:
    done = sipfo("budget", written(tmp_path, FIXED), "--at", "yesterday")
    assert done.exit_code == 2
    assert "'yesterday' is no date: write 2026-12-31" in done.output


def test_tests_are_of_their_date(tmp_path: Path) -> None:
    file = written(tmp_path, DIALLED, more=TEST)
    assert sipfo("test", file, "--at", "2026-11-01").exit_code == 0
    done = sipfo("test", file, "--at", "2026-12-01")
    assert done.exit_code == 1
    assert "baltic" in done.stdout


def test_budget_and_audit_look_up_a_number_that_is_known(tmp_path: Path) -> None:
    file = written(tmp_path, FIXED + " at most 0.005")
    for command in ("budget", "audit"):
        assert "northstar" in sipfo(command, file, "--at", "2026-11-01").stdout
        assert "northstar" not in sipfo(command, file, "--at", "2026-12-01").stdout


def test_where_the_dialled_number_decides_it_is_said(tmp_path: Path) -> None:
    file = written(tmp_path, DIALLED, more=TEST)
    for command in ("budget", "audit"):
        done = sipfo(command, file)
        assert "acme: which carriers take a call depends on its number" in done.stderr
        assert "northstar" in done.stdout
    done = sipfo("coverage", file)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "coverage does not look rates up by the dialled number" in done.stderr


def test_diff_compares_the_rates_of_a_moment(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = written(tmp_path / "old", FIXED)
    new = written(tmp_path / "new", FIXED, NORTH.replace("0.006", "0.004"))
    assert sipfo("diff", old, new, "--at", "2026-11-01").exit_code == 0
    done = sipfo("diff", old, new, "--at", "2026-12-01")
    assert done.exit_code == 1
    assert "northstar" in done.stdout


def test_diff_says_what_it_does_not_see(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    old = written(tmp_path / "old", DIALLED)
    new = written(tmp_path / "new", DIALLED, NORTH.replace("0.006", "0.004"))
    assert sipfo("diff", old, old).exit_code == 0
    done = sipfo("diff", old, new)
    assert done.exit_code == 1
    assert "the rates in north.csv differ" in done.stderr


def test_a_trunk_that_forwards_to_nobody_cannot_be_compared(tmp_path: Path) -> None:
    file = written(tmp_path, "always forward to +442079460000 via northstar", more="# as it is\n")
    done = sipfo("diff", file, file)
    assert done.exit_code == 2
    assert "trunk acme always forwards to +442079460000, which no carrier takes" in done.stderr
    assert "no carrier takes the number" in sipfo("budget", file).stdout


@pytest.mark.parametrize("target", ["kamailio", "asterisk"])
def test_an_engine_gets_what_the_rates_say_now(tmp_path: Path, target: str) -> None:
    file = written(tmp_path, FIXED, "prefix,cost\n44,0.001\n")
    folder = tmp_path / "out"
    done = sipfo("compile", file, "--target", target, "-o", str(folder))
    assert done.exit_code == 0
    assert f"target `{target}` approximates `rates of a carrier`" in done.stderr
    text = "".join(one.read_text() for one in sorted(folder.rglob("*")) if one.is_file())
    assert "203.0.113.10" in text
    data = (folder / "data" / "trunk").read_text() if target == "kamailio" else text
    assert "baltic" in data
    refused = sipfo(
        "compile", written(tmp_path, DIALLED), "--target", target, "-o", str(tmp_path / "no")
    )
    assert refused.exit_code == 1
    assert f"target `{target}` does not have `forward to dialled`" in refused.stderr
    assert not (tmp_path / "no").exists()


def test_a_plan_whose_table_was_spoilt_is_no_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert sipfo("compile", written(tmp_path, FIXED), "-o", str(plan)).exit_code == 0
    decks = read_plan(plan.read_bytes()).decks
    assert decks is not None
    plan.write_text(plan.read_text().replace(decks[0].table, "AAAA"))
    done = sipfo("budget", str(plan))
    assert done.exit_code == 2
    assert "is no plan: north.csv: no table of rates" in done.stderr
