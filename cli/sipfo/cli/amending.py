"""A FILE argument with what was changed of it over the API, compiled.

The text that is compiled is the file's with the changes in it, and that is what diagnostics show.
"""

from __future__ import annotations

import gc
import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from sipfo.cli.reading import Unusable, files_in, is_plan, plan_or_exit, read_file, shown
from sipfo.compiler.amend.compiled import compile_amended
from sipfo.compiler.amend.texts import Amended, CannotAmend
from sipfo.compiler.pipeline import Compilation
from sipfo.plan.change import Changes, Situation
from sipfo.plan.codec import UnreadablePlan, read_plan
from sipfo.plan.model import Plan

MOST_NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class Served:
    """A plan to serve, what it was made from, and what an operator should know of it."""

    plan: Plan
    situation: Situation
    remarks: tuple[str, ...] = ()


def compile_with(file: str, changes: Changes) -> tuple[Amended, Compilation]:
    """The policy in a file with the changes. Raises Unusable, also for a plan, and CannotAmend."""
    data = read_file(file)
    if is_plan(data):
        raise Unusable(f"{shown(file)} is a plan: give the policy that it was compiled from")
    collects = gc.isenabled()
    gc.disable()  # as `reading.compile_bytes`, and for its reason
    try:
        identity = str(Path(file).resolve())
        return compile_amended(data, shown(file), files_in(Path()), identity, changes)
    finally:
        if collects:
            gc.enable()


def situation_of(amended: Amended) -> Situation:
    """What a compiled policy was made from."""
    return Situation(
        changes=amended.left.model_copy(update={"policy": amended.digest}),
        said=amended.said,
        digest=amended.digest,
    )


def serve(file: str, changes: Changes) -> Served:
    """What to serve: the plan in a file, or that of the policy in it. Raises Unusable; exits 1 for
    a policy's errors. A change that cannot be made any more does not keep a server from starting:
    all are left out then, and that is said."""
    data = read_file(file)
    if is_plan(data):
        return _plan(file, data, changes)
    try:
        amended, compiled = compile_with(file, changes)
    except CannotAmend as error:
        return _without(file, changes, f"what was changed over the API cannot be made: {error}")
    if compiled.plan is None and not changes.is_empty:
        return _without(file, changes, "with what was changed over the API the policy has errors")
    situation = situation_of(amended)
    return Served(plan_or_exit(compiled), situation, (*_in_force(situation), *amended.remarks))


def _in_force(situation: Situation) -> tuple[str, ...]:
    """That what is served is not what the file says, if it is not."""
    changes = situation.changes
    names = [one.trunk for one in changes.trunks] + [one.number for one in changes.numbers]
    if not names:
        return ()
    shown = names if len(names) <= MOST_NAMED else [*names[:MOST_NAMED], "…"]
    return (f"with what was changed over the API of {', '.join(shown)}: `sipfo export` shows it",)


def _without(file: str, changes: Changes, why: str) -> Served:
    amended, compiled = compile_with(file, Changes())
    plan = plan_or_exit(compiled)
    situation = Situation(changes=changes, said={}, digest=amended.digest, left_out=True)
    return Served(plan, situation, (f"{why}: it is served as it stands in the file",))


def _plan(file: str, data: bytes, changes: Changes) -> Served:
    if not changes.is_empty:
        raise Unusable(
            f"{shown(file)} is a plan, and there are changes of a policy for it: serve the policy,"
            " or move the changes away"
        )
    try:
        plan = read_plan(data)
    except UnreadablePlan as error:
        raise Unusable(f"{shown(file)} is no plan: {error}") from None
    digest = hashlib.sha256(data).hexdigest()
    return Served(plan, Situation(changes=Changes(), said={}, digest=digest, is_plan=True))


def tell(remarks: tuple[str, ...]) -> None:
    """What an operator should know, on standard error."""
    for remark in remarks:
        click.echo(f"sipfo: {remark}", file=sys.stderr)
