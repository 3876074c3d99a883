"""Accept what the compiler says now as right, for every case or for those named:

    python tests/bless.py                    # all
    python tests/bless.py retry-unclosed     # some, by folder

A case is a folder of tests/cases with a `policy.sipfo` and the files that it imports, or
`example-NAME` for each examples/NAME.sipfo. Beside it stands what comes of it: `diagnostics.txt`,
and for a policy that compiles `plan.json` and `scenarios.json`; in a folder `kamailio`, `freeswitch` or `opensips`,
where the case has one, what `sipfo compile --target` writes for it (of a cluster, the last member's
files, for Kamailio). Read the difference before you keep it:
what is accepted here is what users see. All also blesses what targets write of a few policies
(tests/compiler/targets).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from compiler.targets.asterisk import expected as asterisk
from sipfo.cli.reading import files_in
from sipfo.cli.targets import asked_for
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.report.text import render
from sipfo.compiler.targets.folder import Files
from sipfo.compiler.targets.freeswitch.emit import render as render_freeswitch
from sipfo.compiler.targets.kamailio import emit
from sipfo.compiler.targets.opensips.emit import render as render_opensips
from sipfo.compiler.targets.source import OfPolicy
from sipfo.plan.codec import write_plan
from sipfo.plan.model import Plan

CASES = Path(__file__).parent / "cases"
EXAMPLES = Path(__file__).parent.parent / "examples"
OUTPUTS = ("diagnostics.txt", "plan.json", "scenarios.json")
KAMAILIO = "kamailio"
FREESWITCH = "freeswitch"
OPENSIPS = "opensips"
WRITTEN = (KAMAILIO, FREESWITCH, OPENSIPS)
"""The folders of a case that hold what a target writes."""
FOLDER = "/srv/kamailio"
"""Where the files of a case's `kamailio` say that they lie."""


def cases() -> list[Path]:
    """Every case's folder; that of a new example is made when it is blessed."""
    wrong = {path.parent for path in CASES.glob("*/policy.sipfo")}
    examples = {CASES / f"example-{path.stem}" for path in EXAMPLES.glob("*.sipfo")}
    return sorted(wrong | examples)


def policy_of(case: Path) -> Path:
    """The policy that a case compiles."""
    own = case / "policy.sipfo"
    return own if own.exists() else EXAMPLES / f"{case.name.removeprefix('example-')}.sipfo"


def compiled(case: Path) -> Compilation:
    """What the compiler makes of a case; paths are shown as seen from its folder."""
    policy = policy_of(case)
    load = files_in(policy.parent)
    asked = case / "targets.txt"
    targets = asked_for(asked.read_text(encoding="utf-8").split() if asked.exists() else [])
    return compile_source(policy.read_bytes(), policy.name, load, str(policy.resolve()), targets)


def outputs(case: Path) -> dict[str, str]:
    """What comes of a case now: file name to text."""
    made = compiled(case)
    found = {"diagnostics.txt": render(made.source, made.diagnostics)}
    if made.plan is not None:
        found["plan.json"] = write_plan(made.plan)
        scenarios = [one.model_dump(mode="json", exclude_none=True) for one in made.scenarios]
        found["scenarios.json"] = json.dumps(scenarios, indent=2, ensure_ascii=False) + "\n"
        for target in WRITTEN:
            if (case / target).is_dir():
                written = _written(target, made, made.plan)
                found |= {f"{target}/{name}": one.text for name, one in written.items() if one.text}
    return found


def expected(case: Path) -> list[str]:
    """The names of the files that were blessed."""
    every = (path for target in WRITTEN for path in case.glob(f"{target}/**/*"))
    whole = (path for path in every if path.suffix != ".ACTUAL")
    below = [str(path.relative_to(case)) for path in whole if path.is_file()]
    return [*(name for name in OUTPUTS if (case / name).exists()), *sorted(below)]


def _written(target: str, made: Compilation, plan: Plan) -> Files:
    secrets = _Secrets()
    if target == FREESWITCH:
        return render_freeswitch(plan, "/srv/freeswitch", secrets, OfPolicy(made))
    if target == OPENSIPS:
        return render_opensips(plan, "/srv/opensips", secrets, OfPolicy(made))
    member = plan.cluster.members[-1] if plan.cluster is not None else None
    return emit.render(plan, FOLDER, secrets, OfPolicy(made), member)


class _Secrets(dict[str, str]):
    """For every name something that says whose it is."""

    def __missing__(self, name: str) -> str:
        return f"the value of {name}"


def bless(case: Path) -> None:
    """Write what comes of a case over what was expected, and remove what failures left."""
    found = outputs(case)
    case.mkdir(exist_ok=True)
    for actual in case.rglob("*.ACTUAL"):
        actual.unlink()
    for name in {*expected(case)} - found.keys():
        (case / name).unlink()
    for name, text in found.items():
        (case / name).parent.mkdir(parents=True, exist_ok=True)
        (case / name).write_text(text, encoding="utf-8")


def main(names: list[str]) -> None:
    """Bless the named cases, or all."""
    for case in cases():
        if not names or case.name in names:
            bless(case)
    if not names:
        asterisk.bless()


if __name__ == "__main__":
    main(sys.argv[1:])
