"""The executor of a hunt on real messages: it does what the failover machine asks.

It sends the INVITEs, arms the timers, looks targets up, and reports how each attempt ended. It
decides nothing itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from sipfo.plan.action import (
    Abandon,
    Action,
    Arm,
    ArmDeadline,
    Finish,
    Invite,
    Locate,
    Over,
    Relay,
    Result,
    Skipped,
    Unreached,
)
from sipfo.plan.event import (
    CallerLeft,
    DeadlinePassed,
    Event,
    Expired,
    Failed,
    Heard,
    Located,
    Placed,
    Responded,
)
from sipfo.plan.hunt import Hunt, Itinerary
from sipfo.plan.ladder import Attempt as Rung
from sipfo.plan.ladder import Ladder, Settled
from sipfo.plan.model import Egress
from sipfo.plan.order import Step
from sipfo.plan.outcome import Final, Outcome
from sipfo.runtime.answer import Answer
from sipfo.runtime.attempt import Attempt
from sipfo.runtime.challenges import LIFE, Challenges, Pinned
from sipfo.runtime.core import Core
from sipfo.runtime.graves import Graves
from sipfo.runtime.headers import q850_causes, reasons, retry_after
from sipfo.runtime.holds import Holds
from sipfo.runtime.inbound import Inbound
from sipfo.runtime.invite import build_invite
from sipfo.runtime.locate import Target
from sipfo.runtime.record import AttemptRecord, CallRecord, Notice
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Response
from sipfo.runtime.sip.timer import Handle
from sipfo.runtime.sip.uri import parse_uri


@dataclass(frozen=True, slots=True)
class Placement:
    """What is known of a call when it is placed; `hops` is the Max-Forwards it goes on with."""

    call: str
    trunk: str
    number: str
    itinerary: Itinerary
    hops: int
    pinned: Target | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the set-ups of one engine share."""

    core: Core
    egress: dict[str, Egress]
    holds: Holds
    challenges: Challenges
    graves: Graves


Done = Callable[[Result, Attempt | None, Response | None, float], None]
"""Takes the result, the attempt and response that it came from if any, and the time."""


class Setup:
    """One call, from its INVITE to its result; its attempts, until they are over."""

    __slots__ = (
        "_attempts",
        "_core",
        "_deadline",
        "_done",
        "_events",
        "_grounds",
        "_hunt",
        "_inbound",
        "_over",
        "_pinned",
        "_placement",
        "_rungs",
        "_started",
        "_targets",
        "_unreached",
        "answer",
        "live",
    )

    def __init__(
        self,
        grounds: Grounds,
        placement: Placement,
        inbound: Inbound,
        done: Done,
        over: Callable[[], None],
    ) -> None:
        """`done` is told the result, `over` that the last attempt cannot come back any more."""
        self._grounds = grounds
        self._core = grounds.core
        self._placement = placement
        self._inbound = inbound
        self._done = done
        self._over = over
        self._hunt = Hunt(placement.itinerary)
        self._pinned = placement.pinned
        self._events: deque[tuple[Event, Response | None]] = deque()
        self._attempts: dict[int, Attempt] = {}
        self._targets: dict[str, Target] = {}
        self._unreached: Step | None = None
        self._rungs: list[Rung] = []
        self._deadline: Handle | None = None
        self._started = 0.0
        self.answer: Answer | None = None
        """The 2xx on its way to the caller, once there is one."""
        self.live: set[Attempt] = set()
        """Attempts of which something may still come."""

    @property
    def result(self) -> Result | None:
        """The call's result, once there is one."""
        return self._hunt.result

    def begin(self, now: float) -> None:
        """The caller's INVITE is there."""
        self._started = now
        self._advance(Placed(), now)

    def caller_left(self, now: float) -> None:
        """The caller cancelled, hung up early, or its INVITE expired."""
        self._advance(CallerLeft(), now)

    def attempt_heard(self, attempt: Attempt, response: Response, now: float) -> None:
        """Told by an attempt that is not given up."""
        if self.answer is not None:
            if response.status >= 200:
                self.answer.repeated()
            return
        if response.status < 200:
            heard = Heard(attempt.number, response.status, bool(response.body))
            self._advance(heard, now, response)
            return
        if response.status == 503:
            seconds = retry_after(response)
            if seconds is not None:
                self._grounds.holds.hold(str(attempt.target), seconds, now)
        if response.status < 300 and not _is_usable(attempt, response):
            attempt.reject(response, now)
            final = Final(502, "Unusable Answer")
            self._advance(Responded(attempt.number, final), now)
            return
        attempt.final = response
        said = reasons(response)
        phrase = response.phrase.decode("utf-8", "replace")
        final = Final(response.status, phrase, said, q850_causes(said))
        self._advance(Responded(attempt.number, final), now, response)

    def attempt_failed(self, attempt: Attempt, timed_out: bool, now: float) -> None:
        """Told by an attempt that is not given up; Timer B can only find it in its first phase."""
        number = attempt.number
        self._advance(Expired(number, "no-response") if timed_out else Failed(number), now)

    def attempt_over(self, attempt: Attempt, now: float) -> None:
        """Told by an attempt, whatever became of it."""
        self.live.discard(attempt)
        if attempt.given_up:
            self._grounds.graves.bury(attempt, now)
        if not self.live:
            self._over()

    def _advance(self, event: Event, now: float, response: Response | None = None) -> None:
        """Tell the machine, and do what it asks, in order; events met meanwhile wait."""
        self._events.append((event, response))
        if len(self._events) > 1:
            return
        try:
            while self._events:
                event, response = self._events[0]
                self._hunt, actions = self._hunt.advance(event)
                for action in actions:
                    self._carry_out(action, response, now)
                self._events.popleft()
        finally:
            self._events.clear()

    def _carry_out(self, action: Action, response: Response | None, now: float) -> None:
        match action:
            case ArmDeadline(seconds=seconds):
                self._deadline = self._core.timers.at(
                    now + seconds, lambda at: self._advance(DeadlinePassed(), at)
                )
            case Locate(step=step):
                self._locate(step, now)
            case Invite():
                self._invite(action, now)
            case Arm(attempt=number, timer=timer, seconds=seconds):
                attempt = self._attempts[number]
                attempt.disarm()
                attempt.timer = self._core.timers.at(
                    now + seconds, lambda at: self._advance(Expired(number, timer), at)
                )
            case Relay(attempt=number):
                self._relay(self._attempts[number], response, now)
            case Unreached(step=step):
                self._unreached = step
            case Skipped(step=step):
                text = (
                    f"{step.egress} to {step.route} skipped: asked to be left alone (Retry-After)"
                )
                self._core.records.append(Notice(self._placement.call, text))
            case Abandon(attempt=number):
                self._attempts[number].give_up(now)
            case Over(attempt=number, outcome=outcome):
                self._end(number, outcome, now)
            case Finish(result=result):
                self._finish(result, response, now)

    def _locate(self, step: Step, now: float) -> None:
        if self._pinned is not None:
            # A digest retry stays on the target that issued the nonce (RFC 3261 §22.2).
            pinned, self._pinned = self._pinned, None
            self._take(step, (pinned,), now)
            return
        self._core.locate(step.destinations, lambda targets, at: self._take(step, targets, at), now)

    def _take(self, step: Step, targets: tuple[Target, ...], now: float) -> None:
        self._targets = {str(target): target for target in targets}
        free = tuple(name for name in self._targets if not self._grounds.holds.holds(name, now))
        held = bool(targets) and not free
        self._advance(Located(free or tuple(self._targets), held), now)

    def _invite(self, action: Invite, now: float) -> None:
        step, target = action.step, self._targets[action.target]
        egress = self._grounds.egress[step.egress]
        flow = Flow(target.transport, (egress.host, egress.port), (target.host, target.port))
        place = self._placement
        request = build_invite(
            self._core, self._inbound.request, place.hops, step, target, place.number, flow
        )
        attempt = Attempt(self._core, self, action.attempt, step, target, request, flow, now)
        self._attempts[action.attempt] = attempt
        self.live.add(attempt)
        attempt.timer = self._core.timers.at(
            now + action.seconds,
            lambda at: self._advance(Expired(action.attempt, "no-response"), at),
        )
        attempt.send(now)

    def _relay(self, attempt: Attempt, response: Response | None, now: float) -> None:
        assert response is not None  # Relay answers a Heard, which came with one
        try:
            self._inbound.pass_on(attempt, response, now)
        except Malformed as error:
            text = f"a provisional of {attempt.step.route} was not passed on: {error.reason}"
            self._core.records.append(Notice(self._placement.call, text))

    def _end(self, number: int, outcome: Outcome, now: float) -> None:
        attempt = self._attempts.get(number)
        final = outcome.final
        phrase = final.phrase if final is not None else ""
        if attempt is None:
            step = self._unreached
            assert step is not None  # Unreached goes before the Over of an attempt never sent
            rung = Rung(step.egress, step.route, None, outcome.word, now - self._started, 0.0)
        else:
            attempt.disarm()
            if outcome.final is None or outcome.final.status >= 300:
                self._inbound.forget(attempt)
            rung = Rung(
                attempt.step.egress,
                attempt.step.route,
                str(attempt.target),
                outcome.word,
                attempt.started - self._started,
                now - attempt.started,
                phrase,
                attempt.step.level_of(str(attempt.target)),
            )
        self._rungs.append(rung)
        place = self._placement
        self._core.records.append(AttemptRecord(place.call, place.trunk, number, rung))

    def _finish(self, result: Result, response: Response | None, now: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        attempt = self._attempts.get(result.attempt) if result.attempt is not None else None
        final = response if result.kind == "answered" else attempt.final if attempt else None
        if attempt is not None and final is not None and final.status in (401, 407):
            self._remember(attempt, final, now)
        place = self._placement
        ladder = Ladder(
            tuple(self._rungs),
            Settled(result.kind, result.code, result.by),
            now - self._started,
        )
        source = self._inbound.flow.remote[0]
        self._core.records.append(CallRecord(place.call, place.trunk, place.number, source, ladder))
        self._done(result, attempt, final, now)

    def _remember(self, attempt: Attempt, final: Response, now: float) -> None:
        place = self._placement
        steps = place.itinerary.steps
        left = steps[steps.index(attempt.step) :]
        pinned = Pinned(place.trunk, place.number, left, attempt.target, now + LIFE)
        self._grounds.challenges.remember(final, pinned)


def _is_usable(attempt: Attempt, response: Response) -> bool:
    """Whether a 2xx makes a dialog in which an ACK can be sent."""
    try:
        _ = parse_uri(Dialog.of_client(attempt.request, response).next_hop)
    except Malformed:
        return False
    return True
