"""A policy file with what is changed of it, beside the plan in force, to the plan that it makes now
and the calls that change.

`python -m sipfo.cli.proposal FILE` is a process of its own, so that no call waits for the compiler.
Standard input is a line of JSON (`AskedJson`), then the plan in force; standard output a line each:
what the plan is made from or why there is none (`AnswerJson`), the plan, the difference; standard
error has the diagnostics, and the exit status is that of `sipfo check`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, TypedDict

import click

from sipfo.cli.amending import compile_with, situation_of
from sipfo.cli.moment import comparable, rates_beyond
from sipfo.cli.reading import is_plan, read_file, show
from sipfo.compiler.amend.texts import CannotAmend
from sipfo.compiler.report.json import DiagnosticJson, to_json
from sipfo.plan.change import Changes, Situation
from sipfo.plan.codec import UnreadablePlan, read_plan
from sipfo.plan.model import Plan

if TYPE_CHECKING:
    from sipfo.verify.diff.as_json import DifferenceJson


class AskedJson(TypedDict):
    """What is changed (`plan.change.Changes`); the digest that the policy must have, if it must
    have one; whether the difference is wanted."""

    changes: object
    digest: str | None
    compare: bool


class AnswerJson(TypedDict):
    """`situation` is `plan.change.Situation`; `refused` says why there is no plan, empty if the
    diagnostics do; `moved` that the policy has another digest than it must have."""

    situation: object
    remarks: list[str]
    refused: str
    moved: bool
    found: list[DiagnosticJson]


class ProposalJson(TypedDict):
    """The last line: `text` is the difference as a terminal shows it."""

    text: str
    difference: DifferenceJson


def main(path: str) -> int:
    """Write the lines; each goes out before the next is worked out. The exit status."""
    asked: AskedJson = json.loads(sys.stdin.buffer.readline())
    in_force = read_plan(sys.stdin.buffer.read())
    answer, plan = _answer(path, asked)
    print(json.dumps(answer), flush=True)
    if plan is None:
        return 1
    print(plan.model_dump_json(exclude_none=True), flush=True)
    if asked["compare"]:
        from sipfo.verify.diff.as_json import difference_json  # not for a change over the API,
        from sipfo.verify.diff.compare import compare  # which somebody waits for
        from sipfo.verify.diff.text import draw_difference

        at = time.time()
        found = compare(comparable(in_force, at), comparable(plan, at))
        text = draw_difference(found)
        beyond = rates_beyond(in_force, plan)
        if beyond is not None:
            text = beyond if found.same else f"{text}\n{beyond}"
        line = ProposalJson(text=text, difference=difference_json(found))
        print(json.dumps(line), flush=True)
    return 0


def _answer(path: str, asked: AskedJson) -> tuple[AnswerJson, Plan | None]:
    changes = Changes.model_validate_json(json.dumps(asked["changes"]))
    answer = AnswerJson(situation=None, remarks=[], refused="", moved=False, found=[])
    data = read_file(path)
    if is_plan(data):
        return _plan(path, data, answer)
    try:
        amended, compiled = compile_with(path, changes)
    except CannotAmend as error:
        before = "what was changed over the API cannot be made: " if asked["digest"] is None else ""
        answer["refused"] = f"{before}{error}"
        return answer, None
    answer["remarks"] = list(amended.remarks)
    answer["moved"] = asked["digest"] not in (None, amended.digest)
    if answer["moved"]:
        return answer, None
    if compiled.plan is None:
        show(compiled)
        wrong = [one for one in compiled.diagnostics if one.severity == "error"]
        answer["found"] = to_json(compiled.source, wrong)
        return answer, None
    answer["situation"] = situation_of(amended).model_dump(mode="json", exclude_none=True)
    return answer, compiled.plan


def _plan(path: str, data: bytes, answer: AnswerJson) -> tuple[AnswerJson, Plan | None]:
    try:
        plan = read_plan(data)
    except UnreadablePlan as error:
        answer["refused"] = f"{path} is no plan: {error}"
        return answer, None
    answer["situation"] = Situation(is_plan=True).model_dump(mode="json", exclude_none=True)
    return answer, plan


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
