"""A rule of a retry policy never decides about anything.

Every code of a range may have a rule of its own; a vendor's tag may say what its code says without
it; a timer's outcome may only come when the call is committed, or after the deadline of every trunk.

Avoid: `failover on 5xx` beside rules for each of its codes; `failover on no-answer` under
`commit on progress`; `stop on 486 tagged "D5"` beside `stop on 486`.
Prefer: the rules that decide, each once.
Why: whoever reads the rule believes that it does something.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.contradicting_match import in_words
from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import Retry, Rule
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.plan.model import OnCause, OnCode, OnLocal, OnRange, OnTag, Plan
from sipfo.plan.outcome import Final as FinalResponse
from sipfo.plan.outcome import Judge, Outcome

CODE: Final = "SF701"
TITLE: Final = "Rule never decides"


def check(subject: Subject, plan: Plan) -> Iterator[Diagnostic]:
    """A warning for each rule."""
    compiled = {retry.name: retry for retry in plan.retries}
    used = subject.used_retries
    for retry in subject.policy.retries:
        if retry.name.text not in used:
            continue
        judge = Judge(compiled[retry.name.text])
        yield from _covered_ranges(retry)
        yield from _needless_tags(retry, judge)
        yield from _committed(retry, judge)


def _covered_ranges(retry: Retry) -> Iterator[Diagnostic]:
    """Ranges each of whose codes belongs to a code's rule or a narrower range."""
    widths = {
        id(rule): rule.match.last - rule.match.first
        for rule in retry.rules
        if isinstance(rule.match, OnRange)
    }
    owner: dict[int, Rule] = {}
    by_width = sorted(
        (rule for rule in retry.rules if id(rule) in widths), key=lambda rule: -widths[id(rule)]
    )
    for rule in by_width:
        assert isinstance(rule.match, OnRange)
        owner.update(dict.fromkeys(range(rule.match.first, rule.match.last + 1), rule))
    for rule in retry.rules:
        if isinstance(rule.match, OnCode):
            owner[rule.match.code] = rule
    deciding = {id(rule) for rule in owner.values()}
    matches = {rule.match for rule in retry.rules if id(rule) in deciding}
    for rule in by_width:
        if id(rule) not in deciding and rule.match not in matches:
            assert isinstance(rule.match, OnRange)
            other = owner[rule.match.first]
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"every code of {in_words(rule.match)} has a more specific rule",
                rule.span,
                "never decides",
                (Label(other.span, f"decides about {rule.match.first}"),),
                "remove it",
            )


def _needless_tags(retry: Retry, judge: Judge) -> Iterator[Diagnostic]:
    """Tags that say what their code says anyway; causes could make a difference, if there are any."""
    tags = [rule for rule in retry.rules if isinstance(rule.match, OnTag)]
    if any(isinstance(rule.match, OnCause) for rule in retry.rules):
        return
    for rule in tags:
        assert isinstance(rule.match, OnTag)
        code, tag = rule.match.code, rule.match.tag
        inside = any(
            isinstance(other.match, OnTag)
            and other is not rule
            and other.match.code == code
            and (other.match.tag in tag or tag in other.match.tag)
            for other in tags
        )
        plain = judge.verdict(Outcome("response", FinalResponse(code)))
        if plain == rule.verdict and not inside:
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"{code} is to {plain} with the tag and without it",
                rule.span,
                "changes nothing",
                hint="remove it, or say for its code what is to happen without the tag",
            )


def _committed(retry: Retry, judge: Judge) -> Iterator[Diagnostic]:
    """`failover on no-answer` where whatever rings commits."""
    rings = ((status, body) for status in range(101, 200) for body in (False, True))
    if not all(judge.commits(status, body) for status, body in rings):
        return
    for rule in retry.rules:
        local = isinstance(rule.match, OnLocal) and rule.match.outcome == "no-answer"
        if local and rule.verdict == "failover":
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                "when `no-answer` runs out the call is committed already",
                rule.span,
                "never decides",
                (Label(retry.commits[0].span, "commits whatever rings"),),
                "remove it, or commit on less",
            )
