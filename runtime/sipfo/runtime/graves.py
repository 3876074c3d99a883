"""Attempts whose transaction is gone without a final response: a phone may still pick up.

After Timer B nothing at the transaction layer knows a late 2xx any more. It is met with ACK and
BYE all the same, for as long as a call may ring (RFC 3261 §13.2.2.4; no orphan call, ever).
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.plan.model import TIMER_C
from sipfo.runtime.attempt import Attempt, Caller
from sipfo.runtime.core import Core
from sipfo.runtime.limits import GIVEN_UP_ATTEMPTS
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Response


class Departed(Caller):
    """The call of an attempt that is remembered longer than the call: its name is left of it."""

    __slots__ = ("_core", "_name")

    def __init__(self, core: Core, name: str) -> None:
        self._core = core
        self._name = name

    def attempt_heard(self, attempt: Attempt, response: Response, now: float) -> None:
        """Nothing depends on it."""

    def attempt_challenged(self, attempt: Attempt) -> None:
        """Nothing depends on it."""

    def attempt_failed(self, attempt: Attempt, timed_out: bool, now: float) -> None:
        """Nothing depends on it."""

    def attempt_answered_in_vain(self, attempt: Attempt) -> None:
        """Whoever pays for it wants to know."""
        step = attempt.step
        text = f"{step.egress} to {step.route} answered in vain: hung up, may be billed"
        self._core.records.append(Notice(self._name, text))

    def attempt_over(self, attempt: Attempt, now: float) -> None:
        """It was over before."""


class Graves:
    """Given-up attempts by the branch of their INVITE."""

    __slots__ = ("_attempts",)

    def __init__(self) -> None:
        self._attempts: dict[bytes, tuple[float, Attempt]] = {}

    def bury(self, attempt: Attempt, now: float) -> None:
        """Remember an attempt for TIMER_C seconds from now."""
        while self._attempts:
            oldest = next(iter(self._attempts))
            if len(self._attempts) < GIVEN_UP_ATTEMPTS and self._attempts[oldest][0] > now:
                break
            self._attempts.pop(oldest)[1].let_go()
        self._attempts[attempt.request.via.branch] = (now + TIMER_C, attempt)

    def left(self, now: float) -> int:
        """How many attempts are remembered."""
        return sum(now < until for until, _ in self._attempts.values())

    def flows(self, now: float) -> Iterator[Flow]:
        """The flow of every attempt that is remembered."""
        return (attempt.flow for until, attempt in self._attempts.values() if now < until)

    def find(self, branch: bytes, now: float) -> Attempt | None:
        """The attempt whose INVITE had this branch."""
        found = self._attempts.get(branch)
        return found[1] if found is not None and now < found[0] else None
