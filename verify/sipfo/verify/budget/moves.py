"""A retry policy to the ways in which an attempt can end and the hunt still goes on.

Each way has the shortest and the longest time that it takes, in ticks, and the replies that make
it last longest. What would surprise: the longest is heard at the very instants at which the timers
run out, since a response wins over a timer; and a 100 goes before everything else, since each
phase starts its own timer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sipfo.plan.model import OnCause, OnCode, OnTag, Retry
from sipfo.plan.outcome import TRANSPORT_ERROR, Final, Judge, Outcome, timed_out
from sipfo.plan.scenario import NOMINAL_DELAY, Reach, Reply
from sipfo.verify.conduct import has_body, phrase_of
from sipfo.verify.simulate import TICKS

SERVICE_UNAVAILABLE = 503
FINALS = range(300, 700)
# What the language has words for goes first (rings, progress), then what is ever sent.
_KNOWN = (180, 183, 181, 182, 199)
RINGING = (*_KNOWN, *(status for status in range(101, 200) if status not in _KNOWN))


@dataclass(frozen=True, slots=True)
class Move:
    """One way to fail over. `next_target` says that a step's next target is tried (RFC 3263 §4.3)
    and not its next step; `whole_step` that the step's name is not found, so that none of its
    targets is tried."""

    outcome: str
    shortest: int
    longest: int
    next_target: bool
    whole_step: bool = False
    reach: Reach = "replies"
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True)
class Moves:
    """What a policy lets an attempt do: the ways to fail over; how long it may last before it ends
    the call, with the replies that take so long; how long silence lasts, and whether it fails over.
    """

    failovers: tuple[Move, ...]
    ending: tuple[Reply, ...]
    ending_ticks: int
    silence: int
    silence_fails_over: bool


def moves_of(retry: Retry) -> Moves:
    """All ways through an attempt under this policy."""
    judge = Judge(retry)
    waits = _Waits.of(retry)
    return Moves(
        failovers=tuple(_failovers(judge, waits)),
        ending=_replies((100, waits.response), (180, waits.progress), (200, waits.answer)),
        ending_ticks=waits.response + waits.progress + waits.answer,
        silence=waits.response,
        silence_fails_over=judge.verdict(timed_out("no-response")) == "failover",
    )


@dataclass(frozen=True, slots=True)
class _Waits:
    """The three timers, in ticks as the simulator counts them."""

    response: int
    progress: int
    answer: int

    @staticmethod
    def of(retry: Retry) -> _Waits:
        return _Waits(
            round(retry.no_response * TICKS),
            round(retry.no_progress * TICKS),
            round(retry.no_answer * TICKS),
        )


def _failovers(judge: Judge, waits: _Waits) -> Iterator[Move]:
    ringing = _ringing(judge)
    before: tuple[tuple[int, int], ...] = ((100, waits.response),)
    proceeded = waits.response + waits.progress
    last = waits.progress
    if ringing is not None:
        before = (*before, (ringing, waits.progress))
        last = waits.answer
    longest = sum(wait for _, wait in before) + last
    for final in _finals(judge):
        yield Move(
            str(final.status),
            0,
            longest,
            next_target=final.status == SERVICE_UNAVAILABLE,
            replies=(*_replies(*before), final.model_copy(update={"after": last / TICKS})),
        )
    if judge.verdict(timed_out("no-response")) == "failover":
        wait = waits.response
        yield Move("no-response", wait, wait, next_target=True, reach="silent")
    if judge.verdict(timed_out("no-progress")) == "failover":
        replies = _replies((100, waits.response))
        yield Move("no-progress", waits.progress, proceeded, next_target=False, replies=replies)
    if ringing is not None and judge.verdict(timed_out("no-answer")) == "failover":
        replies = _replies(*before)
        yield Move("no-answer", waits.answer, longest, next_target=False, replies=replies)
    if judge.verdict(TRANSPORT_ERROR) == "failover":
        yield from _transport_errors(waits)


def _transport_errors(waits: _Waits) -> Iterator[Move]:
    """A refusal is heard a round trip later in a scenario, and at once where it is the soonest that
    counts; a `no-response` that is shorter than the round trip goes before it."""
    name, round_trip = "transport-error", round(NOMINAL_DELAY * TICKS)
    if round_trip <= waits.response:
        yield Move(name, 0, round_trip, next_target=True, reach="refuses")
    yield Move(name, 0, 0, next_target=False, whole_step=True, reach="unresolvable")


def _ringing(judge: Judge) -> int | None:
    """A provisional above 100 that does not commit, if there is one."""
    for status in RINGING:
        if not judge.commits(status, has_body(status)):
            return status
    return None


def _finals(judge: Judge) -> Iterator[Reply]:
    """At most two final responses that fail over: one that moves on to the next target, one to
    the next step."""
    for wanted in (True, False):
        for reply in _candidates(judge.retry):
            causes = (reply.cause,) if reply.cause is not None else ()
            outcome = Outcome("response", Final(reply.status, phrase_of(reply), causes=causes))
            if outcome.is_target_failure == wanted and judge.verdict(outcome) == "failover":
                yield reply
                break


def _candidates(retry: Retry) -> Iterator[Reply]:
    """A response for every rule that can match one, as the policy lists them, then every code."""
    for rule in retry.rules:
        match rule.match:
            case OnCode(code=code):
                yield Reply(status=code)
            case OnTag(code=code, tag=tag):
                yield Reply(status=code, tag=tag)
            case OnCause(cause=cause):
                yield Reply(status=500, cause=cause)
                yield Reply(status=SERVICE_UNAVAILABLE, cause=cause)
            case _:
                continue
    for status in (480, 500, SERVICE_UNAVAILABLE, *FINALS):
        yield Reply(status=status)


def _replies(*waits: tuple[int, int]) -> tuple[Reply, ...]:
    """Replies of these codes, each so many ticks after the one before."""
    return tuple(Reply(status=status, after=wait / TICKS) for status, wait in waits)
