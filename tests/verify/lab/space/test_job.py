"""Jobs and what became of them cross a pipe as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.strategies import plans
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.space.job import Job, Played, PlayFailed, Report, failures
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

SCENARIO = call(does("pbx-east", (180, 0.5), 503), cancel_after=4.0)


@given(plans(), st.text())
def test_a_job_is_one_line_and_comes_back(drawn: Plan, name: str) -> None:
    job = Job(3, "runtime", drawn, (SCENARIO.model_copy(update={"name": name}), call()))
    assert "\n" not in job.write()
    assert Job.read(job.write()) == job


@pytest.mark.parametrize("scenario", [SCENARIO, call(), call(does("pbx-east", reach="silent"))])
def test_a_report_comes_back(scenario: Scenario) -> None:
    ladder = simulate(plan(), scenario)
    played = Played(1, 2, Report(ladder, ("a remark\nof two lines", "ü"), ("a note",)))
    assert "\n" not in played.write()
    assert Played.read(played.write()) == played


def test_a_failure_comes_back_with_its_reason() -> None:
    (one,) = failures(Job(1, "runtime", plan(), (SCENARIO,)), [0], "it\nis gone")
    found = Played.read(one.write())
    assert isinstance(found.became, PlayFailed)
    assert str(found.became) == "it\nis gone"
