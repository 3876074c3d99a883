"""How an attempt ended, and what a retry policy makes of it.

An outcome keeps its origin: a timeout or transport error made here is never mistaken for a 408 or
503 that came over the wire. Precedence is by how specific a match is, never by order in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final as Fixed
from typing import Literal

from sipfo.plan.model import (
    Commit,
    CommitOn,
    CommitOnCode,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Retry,
    Rule,
    Timer,
    Verdict,
)

Ending = Literal[
    "response",
    "transport-error",
    "no-response",
    "no-progress",
    "no-answer",
    "unregistered",
    "cancelled",
    "deadline",
]

TIMEOUT_CODE = 408
"""A timeout made here is presented as 408 (RFC 3261 §8.1.3.1)."""

UNREGISTERED_CODE = 480
"""Nobody registered is a 480 made here (RFC 3261 §16.5)."""

TRANSPORT_ERROR_CODE = 503
"""A transport error made here is presented as 503 (RFC 3261 §8.1.3.1)."""


@dataclass(init=False, slots=True, unsafe_hash=True)
class Final:
    """A final response that came over the wire: status, reason phrase, and its Reason headers."""

    status: Fixed[int]
    phrase: Fixed[str]
    reasons: Fixed[tuple[str, ...]]
    causes: Fixed[tuple[int, ...]]

    def __init__(
        self,
        status: int,
        phrase: str = "",
        reasons: tuple[str, ...] = (),
        causes: tuple[int, ...] = (),
    ) -> None:
        self.status = status
        self.phrase = phrase
        self.reasons = reasons
        self.causes = causes


@dataclass(init=False, slots=True, unsafe_hash=True)
class Outcome:
    """How one attempt ended. `final` is there exactly when `ending` is "response"."""

    ending: Fixed[Ending]
    final: Fixed[Final | None]

    def __init__(self, ending: Ending, final: Final | None = None) -> None:
        self.ending = ending
        self.final = final

    @property
    def word(self) -> str:
        """The outcome as ladders and test blocks write it: a status code, or its name."""
        if self.ending == "unregistered":
            return str(UNREGISTERED_CODE)
        return str(self.final.status) if self.final is not None else self.ending

    @property
    def is_target_failure(self) -> bool:
        """Whether RFC 3263 §4.3 moves on to the next target: a 503, a transport error, or
        nothing heard at all."""
        if self.final is not None:
            return self.final.status == 503
        return self.ending in ("transport-error", "no-response")

    @property
    def code(self) -> int:
        """The status code that stands for this outcome toward the caller."""
        if self.final is not None:
            return self.final.status
        return _CODES.get(self.ending, TIMEOUT_CODE)


_CODES = {"transport-error": TRANSPORT_ERROR_CODE, "unregistered": UNREGISTERED_CODE}

TRANSPORT_ERROR = Outcome("transport-error")
UNREGISTERED = Outcome("unregistered")
CANCELLED = Outcome("cancelled")
DEADLINE = Outcome("deadline")


def timed_out(timer: Timer) -> Outcome:
    """The outcome that a timer of the retry policy makes."""
    return Outcome(timer)


def responded(status: int, phrase: str = "") -> Outcome:
    """The outcome of a final response that carries no Reason header."""
    return Outcome("response", Final(status, phrase))


class Judge:
    """A retry policy made ready to judge outcomes: dictionaries instead of a list of rules. A value,
    equal to another of the same policy."""

    __slots__ = (
        *("_causes", "_codes", "_commits", "_local", "_tags", "no_answer", "no_progress"),
        *("no_response", "retry"),
    )

    def __init__(self, retry: Retry) -> None:
        self.retry: Fixed = retry
        self.no_response: Fixed = retry.no_response
        self.no_progress: Fixed = retry.no_progress
        self.no_answer: Fixed = retry.no_answer
        rules = retry.rules
        self._local: dict[str, Rule] = {
            r.match.outcome: r for r in rules if isinstance(r.match, OnLocal)
        }
        self._codes = _codes(rules)
        self._causes = {r.match.cause: r for r in rules if isinstance(r.match, OnCause)}
        self._tags = _tags(rules)
        self._commits = _commits(retry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Judge) and self.retry == other.retry

    def __hash__(self) -> int:
        return hash(self.retry)

    def __repr__(self) -> str:
        return f"Judge({self.retry!r})"

    def verdict(self, outcome: Outcome) -> Verdict:
        """What the policy makes of an outcome."""
        rule = self.deciding(outcome)
        return rule.verdict if rule is not None else self.retry.otherwise

    def deciding(self, outcome: Outcome) -> Rule | None:
        """The rule that an outcome goes by: tag, then cause, code, range; None for `otherwise`.

        A timeout that the policy does not name counts as 408, nobody registered as 480; a transport
        error that it does not name is `otherwise`.
        """
        final = outcome.final
        if final is None:
            named = self._local.get(outcome.ending)
            if named is not None:
                return named
            if outcome.ending == "transport-error":
                return None
            return self._codes.get(outcome.code)
        for code, found, rule in self._tags:
            if code == final.status and (
                found(final.phrase) or any(found(reason) for reason in final.reasons)
            ):
                return rule
        for cause in final.causes:
            if cause in self._causes:
                return self._causes[cause]
        return self._codes.get(final.status)

    def commits(self, status: int, has_body: bool) -> bool:
        """Whether a provisional above 100 ends failover for this call."""
        return self.commit_point(status, has_body) is not None

    def commit_point(self, status: int, has_body: bool) -> Commit | None:
        """The first commit point that a provisional above 100 meets, if it meets one."""
        for code, needs_body, point in self._commits:
            if code in (None, status) and (has_body or not needs_body):
                return point
        return None


def _commits(retry: Retry) -> list[tuple[int | None, bool, Commit]]:
    """Each commit point before the answer: the code that it is about, if one, and whether only a
    body meets it."""
    found: list[tuple[int | None, bool, Commit]] = []
    for point in retry.commit:
        match point:
            case CommitOnCode(code=code):
                found.append((code, False, point))
            case CommitOn(point="progress"):
                found.append((None, False, point))
            case CommitOn(point="early-media"):
                found.append((None, True, point))
            case CommitOn(point="answer"):
                pass
    return found


def _codes(rules: tuple[Rule, ...]) -> dict[int, Rule]:
    """Codes and ranges in one dictionary: wide ranges first, so that narrow ones overwrite."""
    table: dict[int, Rule] = {}
    ranges = [
        (r.match.last - r.match.first, r.match.first, r.match.last, r.verdict, r)
        for r in rules
        if isinstance(r.match, OnRange)
    ]
    for _, first, last, _, rule in sorted(ranges, key=lambda one: one[:4], reverse=True):
        table.update(dict.fromkeys(range(first, last + 1), rule))
    for rule in rules:
        if isinstance(rule.match, OnCode):
            table[rule.match.code] = rule
    return table


def _tags(rules: tuple[Rule, ...]) -> list[tuple[int, Callable[[str], object], Rule]]:
    """A tag is matched as a whole word: D5 is not in D56. Of two that are there the longer one, being
    the more specific, is looked for first."""
    return [
        (
            r.match.code,
            re.compile(rf"(?<![A-Za-z0-9]){re.escape(r.match.tag)}(?![A-Za-z0-9])").search,
            r,
        )
        for r in sorted(rules, key=_tag_length, reverse=True)
        if isinstance(r.match, OnTag)
    ]


def _tag_length(rule: Rule) -> int:
    return len(rule.match.tag) if isinstance(rule.match, OnTag) else 0
