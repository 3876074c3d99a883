"""How one attempt ended and what its retry policy made of that, as reasons with their places."""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.compiler.whence import Whence
from sipfo.grammar.source import Span
from sipfo.plan.ladder import Attempt
from sipfo.plan.model import OnCause, OnTag, Retry, Rule, Timer
from sipfo.plan.outcome import UNREGISTERED, Ending, Final, Judge, Outcome
from sipfo.runtime.headers import q850_causes
from sipfo.verify.coverage.parts import match_words
from sipfo.verify.words import duration, printable

_HEARD: dict[Timer, str] = {
    "no-response": "nothing at all was heard",
    "no-progress": "100 was heard, and nothing more",
    "no-answer": "it rang, and nobody picked up",
}
_TIMERS: dict[Ending, Timer] = {
    "no-response": "no-response",
    "no-progress": "no-progress",
    "no-answer": "no-answer",
}
_VERBS = {"failover": "fails over", "stop": "stops"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that decided, in words; `place` is where the policy says it, None where a default,
    an RFC or the other side does."""

    words: str
    place: Span | None = None


def outcome_of(attempt: Attempt) -> Outcome:
    """The outcome as it was judged, from what a record has of it. Raises ValueError."""
    match attempt.outcome:
        case "transport-error" | "no-response" | "no-progress" | "no-answer":
            return Outcome(attempt.outcome)
        case "cancelled" | "deadline":
            return Outcome(attempt.outcome)
        case _ if attempt.target is None:
            return UNREGISTERED
        case code:
            reasons = attempt.reasons
            return Outcome(
                "response", Final(int(code), attempt.phrase, reasons, q850_causes(reasons))
            )


def judged(attempt: Attempt, outcome: Outcome, judge: Judge, whence: Whence) -> tuple[Reason, ...]:
    """How an attempt ended in a failure, and whether that fails over or stops."""
    retry = judge.retry
    found = []
    timer = _TIMERS.get(outcome.ending)
    if timer is not None:
        found.append(_expired(timer, retry, whence))
    elif attempt.target is None and outcome.ending == "transport-error":
        why = f": {printable(attempt.phrase)}" if attempt.phrase else ""
        found.append(Reason(f"its name led to no address{why}"))
    rule = judge.deciding(outcome)
    said = f"{_subject(attempt, outcome, rule)}: it {_VERBS[judge.verdict(outcome)]}"
    found.append(Reason(said, whence.rule(retry.name, rule)))
    return tuple(found)


def _expired(timer: Timer, retry: Retry, whence: Whence) -> Reason:
    seconds = {
        "no-response": retry.no_response,
        "no-progress": retry.no_progress,
        "no-answer": retry.no_answer,
    }[timer]
    place = whence.timer(retry.name, timer)
    default = "" if place is not None else ", the default"
    return Reason(f"{_HEARD[timer]} for {duration(seconds)}{default}", place)


def _subject(attempt: Attempt, outcome: Outcome, rule: Rule | None) -> str:
    """What was matched, as the policy would write it."""
    word = attempt.outcome
    if rule is None:
        return f"{word} is in no list"
    match = match_words(rule.match)
    if match == word:
        return word
    if outcome.final is None:
        counts = f"{word} is in no list and counts as {outcome.code}"
        return counts if match == str(outcome.code) else f"{counts}, which is {match}"
    if isinstance(rule.match, OnCause):
        return f"{word} has {match}"
    return match if isinstance(rule.match, OnTag) else f"{word} is {match}"
