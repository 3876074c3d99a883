"""Text to plan: the compiler on one screen.

Every phase runs even when one before it found mistakes, so that all are told at once; only the
last, which makes the plan, needs a policy without errors.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.compiler.checks.all import ADVICE, CHECKS, PROOFS
from sipfo.compiler.checks.language_version import other_version
from sipfo.compiler.checks.subject import Check, Subject
from sipfo.compiler.decode import decode
from sipfo.compiler.gather.policy import gather
from sipfo.compiler.lower import lower, scenarios
from sipfo.compiler.scope import Scope
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Compilation:
    """What became of a policy: `plan` is None exactly when a diagnostic is an error.

    `diagnostics` are in the order of their places; `scenarios` are the test blocks.
    """

    source: Source
    plan: Plan | None
    scenarios: tuple[Scenario, ...]
    diagnostics: tuple[Diagnostic, ...]


def compile_source(text: str | bytes, path: str) -> Compilation:
    """Compile a policy. `path` is what diagnostics show; nothing is opened, nothing is raised."""
    source, unreadable = decode(text, path)
    if unreadable:
        return _refuse(source, unreadable)
    file, unread = parse(source)
    other = other_version(file)
    if other is not None:
        return _refuse(source, [other])
    policy, wrong = gather(file)
    subject = Subject(source, file, policy, Scope(file, policy), clean=not unread)
    found = [*unread, *wrong, *_findings(CHECKS, subject)]
    if any(one.severity == "error" for one in found):
        return _refuse(source, found)
    plan = lower(policy)
    found += _findings(ADVICE, subject)
    found += [finding for proof in PROOFS for finding in proof(subject, plan)]
    return Compilation(source, plan, scenarios(policy), _sorted(found))


def _findings(checks: tuple[Check, ...], subject: Subject) -> list[Diagnostic]:
    return [finding for check in checks for finding in check(subject)]


def _refuse(source: Source, found: list[Diagnostic]) -> Compilation:
    return Compilation(source, None, (), _sorted(found))


def _sorted(found: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(found, key=lambda one: (one.span, one.code)))
