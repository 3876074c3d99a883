"""What a plan asks of Telnyx's API, in the API's own terms, as far as it can be said there.

Nothing is refused here: `capabilities.py` looks at the same plan, and `emit.py` runs only when it
has refused nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from sipfo.compiler.targets.places import Destination, destination
from sipfo.compiler.targets.telnyx.facts import FAILS_OVER, MOST_NUMBERS, RINGBACK, STOPS
from sipfo.plan.derived import derived
from sipfo.plan.model import (
    T1_64,
    TIMER_C,
    AnyNumber,
    NumberPrefix,
    NumberRange,
    Plan,
    Retry,
    Route,
    Trunk,
)
from sipfo.plan.outcome import TRANSPORT_ERROR, Judge, responded, timed_out

_WHOLE: Final = re.compile(r"\+1[0-9]{10}|\+(?!1)[0-9]{8,15}")
"""A whole number: eleven digits in North America, at least eight elsewhere."""


def routes_of(plan: Plan, trunk: Trunk) -> tuple[Route, ...]:
    """The routes of a trunk, in order."""
    by_name = _routes(plan)
    return tuple(by_name[name] for name in trunk.routes)


@derived
def _routes(plan: Plan) -> dict[str, Route]:
    return {route.name: route for route in plan.routes}


def destinations_of(plan: Plan, trunk: Trunk) -> tuple[Destination, ...]:
    """The first destination of each route of a trunk. Raises CannotSay."""
    return tuple(destination(route.destinations[0]) for route in routes_of(plan, trunk))


def hosts_of(plan: Plan, trunk: Trunk) -> tuple[str, ...]:
    """The addresses that a trunk sends from, in order."""
    by_name = _hosts(plan)
    return tuple(by_name[name] for name in trunk.egress)


@derived
def _hosts(plan: Plan) -> dict[str, str]:
    return {egress.name: egress.host for egress in plan.egress}


def retry_of(plan: Plan, trunk: Trunk) -> Retry:
    """The retry policy of a trunk."""
    return _retries(plan)[trunk.retry]


@derived
def _retries(plan: Plan) -> dict[str, Retry]:
    return {retry.name: retry for retry in plan.retries}


def is_listed(trunk: Trunk) -> bool:
    """Whether a trunk's numbers can be counted: ranges and whole numbers."""
    return all(
        isinstance(one, NumberRange)
        or (isinstance(one, NumberPrefix) and _WHOLE.fullmatch(one.prefix) is not None)
        for one in trunk.numbers
    )


def numbers_of(trunk: Trunk) -> Iterator[str]:
    """Each number of a trunk, in order and once."""
    seen: set[str] = set()
    for one in trunk.numbers:
        match one:
            case NumberRange(first=first, last=last):
                width = len(first) - 1
                found = (f"+{n:0{width}}" for n in range(int(first[1:]), int(last[1:]) + 1))
            case NumberPrefix(prefix=prefix):
                found = (prefix for _ in range(1))
            case AnyNumber():
                continue
        for number in found:
            if number not in seen:
                seen.add(number)
                yield number


def has_too_many(plan: Plan) -> bool:
    """Whether the plan's numbers are more than a list of requests is good for."""
    every = (number for trunk in plan.trunks for number in numbers_of(trunk))
    return next(islice(every, MOST_NUMBERS, None), None) is not None


def is_telnyx_table(retry: Retry) -> bool:
    """Whether every outcome that Telnyx's page lists leads to what it leads to there, silence fails
    over as a 408 does."""
    judge = Judge(retry)
    over = [*map(responded, FAILS_OVER), TRANSPORT_ERROR]
    over += [timed_out("no-response"), timed_out("no-progress")]
    return all(judge.verdict(outcome) == "failover" for outcome in over) and all(
        judge.verdict(responded(code)) == "stop" for code in STOPS
    )


def fails_over_beyond(retry: Retry) -> bool:
    """Whether a code in neither of Telnyx's lists fails over."""
    judge = Judge(retry)
    beyond = (code for code in range(300, 700) if code not in FAILS_OVER | STOPS)
    return any(judge.verdict(responded(code)) == "failover" for code in beyond)


def has_no_timer(retry: Retry) -> bool:
    """Whether nothing is said of silence and of a 100 alone, so that the defaults hold."""
    return retry.no_response == T1_64 and retry.no_progress == TIMER_C


def ringback(retry: Retry) -> int | None:
    """`timeout_1xx_secs`, or None where the two timers are not one of Telnyx's."""
    if retry.no_response != retry.no_progress:
        return None
    return whole_seconds(retry.no_response, RINGBACK)


def whole_seconds(seconds: float, bounds: tuple[int, int]) -> int | None:
    """The seconds as a field of the API, or None where it cannot have them."""
    first, last = bounds
    return int(seconds) if seconds == int(seconds) and first <= seconds <= last else None
