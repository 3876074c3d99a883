"""What each engine made of every scenario of the rules and the examples, as it is kept in docs/engines.json.

`make engines` plays them all and writes it; docs/engines.md is made from it, and wherever a scenario
is played in the tests, what comes of it must be what is kept.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from sipfo.cli.reading import files_in
from sipfo.cli.targets import TARGETS
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.construct import usages
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.lab.engines.all import engine_of
from sipfo.verify.lab.finding import Finding, find
from sipfo.verify.lab.space.job import Report
from sipfo.verify.lab.space.pool import Pool, open_pool
from sipfo.verify.lab.tour import tour

ROOT: Final = Path(__file__).parents[3]
FILES: Final = tuple(sorted([*ROOT.glob("tests/rules/*.sipfo"), *ROOT.glob("examples/*.sipfo")]))
RECORD: Final = ROOT / "docs/engines.json"
ENGINES: Final = ("runtime", "kamailio", "asterisk")

TRIES: Final = 3

SAME: Final = "same"
_TEST: Final = re.compile(r'^test "(?P<name>[^"]*)"|^# Rule: (?P<rule>.+)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shown:
    """A scenario, and the rule that it shows; the examples show none by name."""

    file: str
    rule: str
    name: str


@cache
def policy(file: str) -> tuple[Plan, tuple[Scenario, ...]]:
    """A policy that compiles, by its path below the root, and its scenarios."""
    path = ROOT / file
    made = compile_source(path.read_bytes(), path.name, files_in(path.parent))
    assert made.plan is not None, made.diagnostics
    return made.plan, tuple(made.scenarios)


@cache
def shown() -> tuple[Shown, ...]:
    """Every scenario, in the order of its file."""
    found = []
    for path in FILES:
        file, rule = str(path.relative_to(ROOT)), ""
        for one in _TEST.finditer(path.read_text("utf-8")):
            if one["rule"]:
                rule = one["rule"]
            else:
                found.append(Shown(file, rule, one["name"]))
    return tuple(found)


def refusal(engine: str, plan: Plan) -> str | None:
    """Why an engine's target writes nothing for a plan."""
    for usage in usages(plan):
        support = TARGETS[engine][usage.construct]
        if support.level == "refused":
            return f"refused: {usage.construct.value}"
    return None


def became(finding: Finding) -> str:
    """What is kept of a scenario that came out as it must, or as its target declares."""
    assert finding.ok, (*finding.missed, *finding.strayed)
    return f"approximated: {'; '.join(finding.notes)}" if finding.notes else SAME


@cache
def record() -> Any:
    """What is kept."""
    return json.loads(RECORD.read_text("utf-8"))


def kept(file: str, name: str, engine: str) -> str:
    """What is kept of a scenario on an engine."""
    return str(record()["scenarios"][file][name][engine])


async def played(pool: Pool, engine: str, file: str) -> dict[str, str]:
    """What an engine makes of a file's scenarios now; a busy machine gets a second chance."""
    plan, scenarios = policy(file)
    why = refusal(engine, plan)
    if why is not None:
        return {one.name: why for one in scenarios}
    found: dict[str, str] = {}
    for _ in range(TRIES):
        wrong: list[str] = []
        left = [one for one in scenarios if one.name not in found]
        async for scenario, report in tour(pool, engine, plan, left):
            if not isinstance(report, Report):
                wrong.append(f"{scenario.name}: {report}")
                continue
            finding = find(plan, scenario, engine_of(engine).differs(plan, scenario), report)
            if finding.ok:
                found[scenario.name] = became(finding)
            else:
                wrong += [f"{scenario.name}: {one}" for one in (*finding.missed, *finding.strayed)]
        if not wrong:
            return found
        print(f"{file} on {engine}:", *wrong, sep="\n  ", file=sys.stderr)
    raise SystemExit(f"{file} does not come out on {engine} as it must")


async def _write(files: Sequence[str]) -> None:
    said = record() if RECORD.exists() else {"versions": {}, "scenarios": {}}
    said["versions"] |= {name: engine_of(name).version() for name in ENGINES}
    known = [str(path.relative_to(ROOT)) for path in FILES]
    async with open_pool() as pool:
        for file in files or known:
            print(file, file=sys.stderr)
            rows: dict[str, dict[str, str]] = {one.name: {} for one in policy(file)[1]}
            for engine in ENGINES:
                for name, what in (await played(pool, engine, file)).items():
                    rows[name][engine] = what
            said["scenarios"][file] = rows
            said["scenarios"] = {
                one: said["scenarios"][one] for one in known if one in said["scenarios"]
            }
            RECORD.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(_write(sys.argv[1:]))
