"""A policy file, beside the plan in force, to the plan that it makes now and the calls that change.

`python -m sipfo.cli.proposal FILE` is a process of its own, so that no call waits for the compiler:
the plan in force on standard input, the new plan and then the difference on standard output, a line
of JSON each; diagnostics on standard error, with the exit status of `sipfo check`.
"""

from __future__ import annotations

import json
import sys
import time
from typing import TypedDict

import click

from sipfo.cli.moment import rates_beyond
from sipfo.cli.reading import read_plan_of
from sipfo.plan.choice import settle
from sipfo.plan.codec import read_plan
from sipfo.verify.diff.as_json import DifferenceJson, difference_json
from sipfo.verify.diff.compare import compare
from sipfo.verify.diff.text import draw_difference


class ProposalJson(TypedDict):
    """The second line: `text` is the difference as a terminal shows it."""

    text: str
    difference: DifferenceJson


def main(path: str) -> None:
    """Write both lines; the first goes out before the second is worked out."""
    in_force = read_plan(sys.stdin.buffer.read())
    plan = read_plan_of(path)
    print(plan.model_dump_json(exclude_none=True), flush=True)
    at = time.time()
    difference = compare(settle(in_force, at), settle(plan, at))
    text = draw_difference(difference)
    beyond = rates_beyond(in_force, plan)
    if beyond is not None:
        text = beyond if difference.same else f"{text}\n{beyond}"
    found = ProposalJson(text=text, difference=difference_json(difference))
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
