"""How an attempt ended, and what a retry policy makes of it: the most specific match wins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.samples import policy
from plan.strategies import outcomes, provisionals, retries
from sipfo.plan.model import (
    CommitOn,
    CommitOnCode,
    Match,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
    Retry,
    Timer,
    Verdict,
)
from sipfo.plan.outcome import (
    CANCELLED,
    DEADLINE,
    TRANSPORT_ERROR,
    UNREGISTERED,
    Final,
    Judge,
    Outcome,
    responded,
    timed_out,
)

TAG = OnTag(code=486, tag="D5")
CAUSE = OnCause(cause=34)
CODE = OnCode(code=486)
NARROW = OnRange(first=480, last=489)
WIDE = OnRange(first=400, last=499)
ALL = (TAG, CAUSE, CODE, NARROW, WIDE)
MATCHED_BY_ALL = Outcome("response", Final(486, "Busy D5", causes=(34,)))


def judged(rules: list[tuple[Match, Verdict]], outcome: Outcome, otherwise: Verdict) -> Verdict:
    return Judge(policy(*rules, otherwise=otherwise)).verdict(outcome)


@pytest.mark.parametrize("winner", range(len(ALL)))
@pytest.mark.parametrize("turned", [False, True], ids=["as written", "the other way round"])
def test_tag_beats_cause_beats_code_beats_narrow_beats_wide(winner: int, turned: bool) -> None:
    rules: list[tuple[Match, Verdict]] = [(ALL[winner], "failover")]
    rules += [(match, "stop") for match in ALL[winner + 1 :]]
    assert judged(rules[::-1] if turned else rules, MATCHED_BY_ALL, "stop") == "failover"


def test_what_nothing_names_is_otherwise() -> None:
    assert judged([(match, "stop") for match in ALL], responded(503), "failover") == "failover"
    assert judged([(match, "failover") for match in ALL], responded(503), "stop") == "stop"


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("Busy Here D5", True),
        ("D5", True),
        ("busy (D5)", True),
        ("D5: busy", True),
        ("D56", False),
        ("AD5", False),
        ("d5", False),
        ("", False),
    ],
)
def test_a_tag_is_matched_as_a_whole_word(phrase: str, found: bool) -> None:
    verdict = judged([(TAG, "failover")], responded(486, phrase), "stop")
    assert verdict == ("failover" if found else "stop")


@pytest.mark.parametrize("tag", ["(x)", "a.b", "D5*", "$", "[", "\\"])
def test_a_tag_is_no_pattern(tag: str) -> None:
    rules: list[tuple[Match, Verdict]] = [(OnTag(code=486, tag=tag), "failover")]
    assert judged(rules, responded(486, f"Busy {tag} Here"), "stop") == "failover"
    assert judged(rules, responded(486, "Busy axb Here"), "stop") == "stop"


def test_a_tag_is_found_in_a_reason_header_too() -> None:
    final = Final(486, "Busy Here", reasons=("SIP;cause=486", 'X;text="D5"'))
    assert judged([(TAG, "failover")], Outcome("response", final), "stop") == "failover"


def test_a_tag_counts_for_its_code_alone() -> None:
    assert judged([(TAG, "failover")], responded(480, "D5"), "stop") == "stop"


def test_a_cause_counts_for_any_code_and_the_first_one_named_decides() -> None:
    rules: list[tuple[Match, Verdict]] = [(CAUSE, "failover"), (OnCause(cause=17), "stop")]
    final = Final(500, causes=(16, 34, 17))
    assert judged(rules, Outcome("response", final), "stop") == "failover"


@pytest.mark.parametrize("timer", ["no-response", "no-progress", "no-answer"])
@pytest.mark.parametrize("match", [OnCode(code=408), WIDE], ids=["408", "4xx"])
def test_a_timeout_that_is_not_named_counts_as_408(timer: Timer, match: Match) -> None:
    assert judged([(match, "failover")], timed_out(timer), "stop") == "failover"


@pytest.mark.parametrize("timer", ["no-response", "no-progress", "no-answer"])
def test_a_timeout_that_is_named_does_not_count_as_408(timer: Timer) -> None:
    rules: list[tuple[Match, Verdict]] = [
        (OnCode(code=408), "failover"),
        (OnLocal(outcome=timer), "stop"),
    ]
    assert judged(rules, timed_out(timer), "failover") == "stop"
    assert judged(rules, responded(408), "stop") == "failover"


def test_a_transport_error_that_is_not_named_is_otherwise_and_never_a_503() -> None:
    rules: list[tuple[Match, Verdict]] = [(OnCode(code=503), "failover")]
    assert judged(rules, TRANSPORT_ERROR, "stop") == "stop"
    rules.append((OnLocal(outcome="transport-error"), "failover"))
    assert judged(rules, TRANSPORT_ERROR, "stop") == "failover"


@pytest.mark.parametrize("match", [OnCode(code=480), NARROW, WIDE], ids=["480", "480-489", "4xx"])
def test_nobody_registered_counts_as_480(match: Match) -> None:
    assert judged([(match, "failover")], UNREGISTERED, "stop") == "failover"
    assert judged([(match, "stop")], UNREGISTERED, "failover") == "stop"
    assert judged([(TAG, "stop"), (OnCode(code=503), "stop")], UNREGISTERED, "failover") == (
        "failover"
    )


def test_a_408_over_the_wire_is_no_timeout_made_here() -> None:
    rules: list[tuple[Match, Verdict]] = [(OnLocal(outcome="no-response"), "failover")]
    assert judged(rules, responded(408), "stop") == "stop"


def specificity(match: Match, outcome: Outcome) -> tuple[int, int] | None:
    """How specific a match is for an outcome, the larger the more; None when it does not match."""
    final = outcome.final
    code = None if outcome is TRANSPORT_ERROR else outcome.code
    match match:
        case OnLocal(outcome=name):
            return (5, 0) if outcome.ending == name else None
        case OnTag(tag=tag):
            if final is None or final.status != match.code:
                return None
            texts = " ".join((final.phrase, *final.reasons))
            words = "".join(c if c.isalnum() else " " for c in texts).split()
            return (4, 0) if tag in words else None
        case OnCause(cause=cause):
            if final is None or cause not in final.causes:
                return None
            return (3, -final.causes.index(cause))
        case OnCode():
            return (2, 0) if code == match.code else None
        case OnRange(first=first, last=last):
            return (1, first - last) if code is not None and first <= code <= last else None


@given(retries(), outcomes)
def test_the_most_specific_match_wins(retry: Retry, outcome: Outcome) -> None:
    matching = [(specificity(rule.match, outcome), rule.verdict) for rule in retry.rules]
    ranked = [(rank, verdict) for rank, verdict in matching if rank is not None]
    highest = max((rank for rank, _ in ranked), default=None)
    allowed = {verdict for rank, verdict in ranked if rank == highest} or {retry.otherwise}
    assert Judge(retry).verdict(outcome) in allowed


@given(retries(), outcomes, st.data())
def test_the_order_of_the_rules_does_not_matter(
    retry: Retry, outcome: Outcome, data: st.DataObject
) -> None:
    shuffled = tuple(data.draw(st.permutations(retry.rules)))
    other = retry.model_copy(update={"rules": shuffled})
    assert Judge(other).verdict(outcome) == Judge(retry).verdict(outcome)


PROGRESS, EARLY_MEDIA, ANSWER = (
    CommitOn(point="progress"),
    CommitOn(point="early-media"),
    CommitOn(point="answer"),
)


@pytest.mark.parametrize(
    ("commit", "status", "has_body", "commits"),
    [
        ((), 180, True, False),
        ((CommitOnCode(code=180),), 180, False, True),
        ((CommitOnCode(code=180),), 183, True, False),
        ((PROGRESS,), 181, False, True),
        ((EARLY_MEDIA,), 183, True, True),
        ((EARLY_MEDIA,), 183, False, False),
        ((EARLY_MEDIA,), 180, True, True),
        ((ANSWER,), 183, True, False),
        ((ANSWER, CommitOnCode(code=183)), 183, False, True),
    ],
)
def test_a_provisional_commits_where_the_policy_says(
    commit: tuple[CommitOnCode | CommitOn, ...], status: int, has_body: bool, commits: bool
) -> None:
    retry = policy().model_copy(update={"commit": commit})
    assert Judge(retry).commits(status, has_body) is commits


@given(retries(), provisionals, st.booleans())
def test_a_policy_without_commit_points_never_commits(
    retry: Retry, status: int, has_body: bool
) -> None:
    never = Judge(retry.model_copy(update={"commit": ()}))
    assert not never.commits(status, has_body)


@pytest.mark.parametrize(
    ("outcome", "word", "code", "fails_the_target"),
    [
        (responded(503), "503", 503, True),
        (responded(500), "500", 500, False),
        (responded(408), "408", 408, False),
        (TRANSPORT_ERROR, "transport-error", 503, True),
        (timed_out("no-response"), "no-response", 408, True),
        (timed_out("no-progress"), "no-progress", 408, False),
        (timed_out("no-answer"), "no-answer", 408, False),
        (UNREGISTERED, "480", 480, False),
        (CANCELLED, "cancelled", 408, False),
        (DEADLINE, "deadline", 408, False),
    ],
)
def test_an_outcome_keeps_its_origin(
    outcome: Outcome, word: str, code: int, fails_the_target: bool
) -> None:
    assert (outcome.word, outcome.code) == (word, code)
    # RFC 3263 §4.3: a 503, a transport failure, or no response at all
    assert outcome.is_target_failure is fails_the_target


def test_of_two_tags_that_are_there_the_longer_one_decides() -> None:
    short, long = OnTag(code=486, tag="busy"), OnTag(code=486, tag="busy D5")
    first: list[tuple[Match, Verdict]] = [(short, "stop"), (long, "failover")]
    for rules in (first, first[::-1]):
        outcome = Outcome("response", Final(486, "busy D5"))
        assert judged(rules, outcome, "stop") == "failover"
