"""What is asked of a namespace and what comes back, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pydantic import TypeAdapter

from sipfo.plan.codec import read_plan, write_plan
from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario

READY: Final = "ready"
"""The first line that comes back where namespaces can be had; otherwise it says why not, and
nothing follows."""

_SCENARIOS = TypeAdapter(list[Scenario])


@dataclass(frozen=True, slots=True)
class Job:
    """Scenarios to be played one after the other on one engine that carries one plan."""

    number: int
    engine: str
    plan: Plan
    scenarios: tuple[Scenario, ...]

    def write(self) -> str:
        """One line, without its end."""
        scenarios = _SCENARIOS.dump_json(list(self.scenarios)).decode("utf-8")
        return json.dumps([self.number, self.engine, write_plan(self.plan), scenarios])

    @staticmethod
    def read(line: str | bytes) -> Job:
        """What `write` wrote."""
        number, engine, plan, scenarios = json.loads(line)
        found = _SCENARIOS.validate_json(scenarios)
        return Job(number, engine, read_plan(plan), tuple(found))


class PlayFailed(RuntimeError):
    """A play that could not be, or that went wrong, in a namespace; the message says how."""


@dataclass(frozen=True, slots=True)
class Report:
    """A call that was played: its ladder, and in sentences what nobody should have seen (`remarks`)
    and what is declared of the engine (`notes`)."""

    ladder: Ladder
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Played:
    """What became of the scenario at `place` (from 0) of a job."""

    job: int
    place: int
    became: Report | PlayFailed

    def write(self) -> str:
        """One line, without its end."""
        if isinstance(self.became, PlayFailed):
            return json.dumps([self.job, self.place, str(self.became)])
        return json.dumps([self.job, self.place, asdict(self.became)])

    @staticmethod
    def read(line: str | bytes) -> Played:
        """What `write` wrote."""
        job, place, became = json.loads(line)
        if isinstance(became, str):
            return Played(job, place, PlayFailed(became))
        ladder, remarks, notes = (became[name] for name in ("ladder", "remarks", "notes"))
        report = Report(_ladder(ladder), tuple(remarks), tuple(notes))
        return Played(job, place, report)


def failures(job: Job, places: Sequence[int], reason: str) -> list[Played]:
    """The same failure for several scenarios of a job."""
    return [Played(job.number, place, PlayFailed(reason)) for place in places]


def _ladder(read: dict[str, Any]) -> Ladder:
    attempts = [Attempt(**{**one, "reasons": tuple(one["reasons"])}) for one in read["attempts"]]
    return Ladder(tuple(attempts), Settled(**read["result"]), read["elapsed"])
