"""What each outcome means: `retry NAME { … }`."""

from __future__ import annotations

from sipfo.compiler import policy
from sipfo.compiler.gather.places import name_of
from sipfo.compiler.gather.reader import Reader, all_of, first_of
from sipfo.compiler.values.duration import duration
from sipfo.compiler.values.moment import moment
from sipfo.compiler.values.outcome import match_of
from sipfo.grammar import tree
from sipfo.plan import model


def retry(reader: Reader, node: tree.Retry) -> policy.Retry:
    """Rules keep the order of the file, `failover` and `stop` mixed as written."""
    rules: list[policy.Rule] = []
    for item in node.items:
        match item:
            case tree.FailoverOn():
                rules += _rules(reader, item.outcomes, "failover")
            case tree.StopOn():
                rules += _rules(reader, item.outcomes, "stop")
            case _:
                continue
    commits = [_commit(reader, word) for one in all_of(tree.CommitOn, node) for word in one.moments]
    timers = [_timer(reader, timer) for timer in all_of(tree.Timer, node)]
    otherwise = first_of(tree.Otherwise, node)
    return policy.Retry(
        name_of(node),
        tuple(rules),
        _verdict(otherwise.verdict) if otherwise else None,
        otherwise.span if otherwise else None,
        tuple(commit for commit in commits if commit is not None),
        tuple(timer for timer in timers if timer is not None),
    )


def _rules(
    reader: Reader, outcomes: tuple[tree.Ending, ...], verdict: model.Verdict
) -> list[policy.Rule]:
    made = ((reader.value(match_of, outcome), outcome.span) for outcome in outcomes)
    return [policy.Rule(match, verdict, span) for match, span in made if match is not None]


def _commit(reader: Reader, word: tree.Word) -> policy.CommitPoint | None:
    point = reader.value(moment, word)
    return None if point is None else policy.CommitPoint(point, word.span)


def _timer(reader: Reader, node: tree.Timer) -> policy.Timer | None:
    seconds = reader.value(duration, node.duration)
    if seconds is None:
        return None
    return policy.Timer(_phase(node.phase), seconds, node.duration.span)


def _verdict(word: tree.Word) -> model.Verdict:
    return "failover" if word.text == "failover" else "stop"


def _phase(word: tree.Word) -> model.Timer:
    match word.text:
        case "no-response" | "no-progress" | "no-answer" as phase:
            return phase
        case text:
            raise AssertionError(f"the grammar has no timer {text}")
