"""Text to plan: the compiler on one screen.

Every phase runs even when one before it found mistakes, so that all are told at once; only the
last, which makes the plan, needs a policy without errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sipfo.compiler.checks import beyond_target
from sipfo.compiler.checks.all import ADVICE, CHECKS, PROOFS
from sipfo.compiler.checks.beyond_target import Capabilities
from sipfo.compiler.checks.subject import Check, Subject
from sipfo.compiler.decks import read_decks
from sipfo.compiler.gather.policy import gather
from sipfo.compiler.imports import Load, read_parts
from sipfo.compiler.link import link
from sipfo.compiler.lower import lower, scenarios
from sipfo.compiler.policy import Policy
from sipfo.compiler.scope import Scope
from sipfo.compiler.semicolon import semicolons
from sipfo.grammar.diagnostic import Diagnostic, by_place
from sipfo.grammar.source import Sources
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Compilation:
    """What became of a policy: `plan` is None exactly when a diagnostic is an error.

    `diagnostics` are in the order of their places; `scenarios` are the test blocks; `policy` is what
    the plan was made from, there when the plan is.
    """

    source: Sources
    plan: Plan | None
    scenarios: tuple[Scenario, ...]
    diagnostics: tuple[Diagnostic, ...]
    policy: Policy | None = None


def compile_source(
    text: str | bytes,
    path: str,
    load: Load | None = None,
    identity: str | None = None,
    targets: Mapping[str, Capabilities] | None = None,
) -> Compilation:
    """Compile a policy, with what it imports. Nothing is raised.

    `path` is what diagnostics show. Nothing is opened: `load` gives the files that are imported,
    and `identity` is what it would call this one (`path`, if nothing else is said). What one of the
    `targets` refuses is an error.
    """
    parts = read_parts(text, path, load, identity)
    if not parts.main.usable:
        return _refuse(parts.sources, parts.found)
    linked = link(parts)
    policy, wrong = gather(linked.file)
    subject = Subject(
        parts.sources, linked.file, policy, Scope(linked.file, policy), clean=not parts.unread
    )
    found = [*parts.found, *linked.found, *wrong, *_findings(CHECKS, subject)]
    decks = read_decks(policy, parts.sources, load)
    sources = decks.sources or parts.sources
    found += decks.found
    if any(one.severity == "error" for one in found):
        return _refuse(sources, found)
    plan = lower(policy, decks)
    found += _findings(ADVICE, subject)
    found += [finding for proof in PROOFS for finding in proof(subject, plan)]
    for name, capabilities in (targets or {}).items():
        found += beyond_target.check(subject, plan, name, capabilities)
    if any(one.severity == "error" for one in found):
        return _refuse(sources, found)
    found += linked.notes
    return Compilation(sources, plan, scenarios(policy), by_place(found), policy)


def _findings(checks: tuple[Check, ...], subject: Subject) -> list[Diagnostic]:
    return [finding for check in checks for finding in check(subject)]


def _refuse(sources: Sources, found: Iterable[Diagnostic]) -> Compilation:
    return Compilation(sources, None, (), by_place(semicolons(sources, found)))
