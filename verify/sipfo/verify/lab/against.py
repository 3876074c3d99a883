"""A ladder that was seen against the model's: what differs, one sentence each.

Attempts, their order and outcomes, and what the caller got must be equal; times may be off by what
a real engine's timers and a busy machine cost. `judge` says whether a test's own expectations were
met; this says whether an engine does what the model does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final

from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.scenario import NOMINAL_DELAY
from sipfo.verify.words import attempt_words, duration, result_words

EARLY: Final = 0.15
"""Seconds that a timer may go off before its time: Kamailio's go by sixteenths of a second."""

LATE: Final = 1.0
"""Seconds that an attempt, or the way to the next one, may take longer than in the model."""

INSTANT: Final = "transport-error"
"""Found out by a machine in no time; in the model after a nominal round trip."""

BY_THE_CALL: Final = ("cancelled", "deadline")


def against(model: Ladder, seen: Ladder, later: float = 0.0) -> tuple[str, ...]:
    """What differs; `later` is how many seconds the caller may be told after the model's time."""
    return (*_attempts(model, seen), *_result(model, seen, later))


def _attempts(model: Ladder, seen: Ladder) -> Iterator[str]:
    ended, instants = 0.0, 0
    for number, (must, did) in enumerate(zip_longest(model.attempts, seen.attempts), 1):
        if must is None:
            yield f"attempt {number}: the model makes no more, saw {attempt_words(did)}"
            return
        if did is None:
            yield f"attempt {number}: the model makes {attempt_words(must)}, saw no more"
            return
        if _what(must) != _what(did):
            yield f"attempt {number}: the model makes {_words(must)}, saw {_words(did)}"
            return  # what comes after a wrong turn is another way
        instants += must.outcome == INSTANT
        sooner = EARLY * number + NOMINAL_DELAY * instants
        yield from _times(number, must, did, ended, sooner)
        ended = did.at + did.took


def _what(one: Attempt) -> tuple[str, ...]:
    return one.egress, one.place, one.outcome, one.target or ""


def _words(one: Attempt) -> str:
    return f"{attempt_words(one)} ({one.target})" if one.target else attempt_words(one)


def _times(number: int, must: Attempt, did: Attempt, ended: float, sooner: float) -> Iterator[str]:
    # What ends the whole call counts from its beginning, however late this attempt began.
    late = must.at - did.at if must.outcome in BY_THE_CALL else 0.0
    if not _least(must, did, late, sooner) <= did.took <= must.took + LATE:
        yield (
            f"attempt {number}: {duration(must.took)} until {must.outcome} in the model, "
            f"saw {duration(did.took)}"
        )
    if did.at - ended > LATE:
        yield f"attempt {number}: began {duration(did.at - ended)} after the one before had ended"


def _least(must: Attempt, did: Attempt, late: float, sooner: float) -> float:
    """The least seconds that an attempt may take. An INVITE that a busy machine let out late makes
    it seem shorter: it is too short only if it is over before its time in the call as well."""
    if must.outcome == INSTANT:
        return 0.0
    by_itself = must.took + late - EARLY
    by_the_call = must.at + must.took - did.at - sooner
    return min(by_itself, by_the_call)


def _result(model: Ladder, seen: Ladder, later: float) -> Iterator[str]:
    must, did = model.result, seen.result
    if must != did:
        yield f"result: {result_words(must)} in the model, saw {result_words(did)}"
    slack = 1 + len(model.attempts)
    earliest = model.elapsed - EARLY * slack
    earliest -= NOMINAL_DELAY * sum(one.outcome == INSTANT for one in model.attempts)
    if not earliest <= seen.elapsed <= model.elapsed + LATE * slack + later:
        yield (
            f"time: the caller was told after {duration(model.elapsed)} in the model, "
            f"saw {duration(seen.elapsed)}"
        )
