"""The failover machine: what has happened to a call so far to what is done next.

A pure value: `Hunt.advance(event)` gives the next hunt and the actions to carry out, by `TABLE`.
It knows no clock and no socket; an executor arms the timers it asks for and tells it what was
heard. Events of an attempt that is no longer the current one are STALE: the machine has moved on
and the executor cleans up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

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
from sipfo.plan.best import Ended, best, upstream_code
from sipfo.plan.derived import derived
from sipfo.plan.event import (
    CallerLeft,
    DeadlinePassed,
    Event,
    Failed,
    Heard,
    Located,
    Placed,
    Responded,
)
from sipfo.plan.model import Plan, Timer, Trunk
from sipfo.plan.order import Step, order_of, turn
from sipfo.plan.outcome import (
    CANCELLED,
    DEADLINE,
    TRANSPORT_ERROR,
    UNREGISTERED,
    Judge,
    Outcome,
    timed_out,
)
from sipfo.plan.table import TABLE, Op, Sign, State

UNROUTED_CODE = 480
"""Of a call that no carrier takes, where no route is tried: another way may, or a later day."""

# A member of an Enum is found by way of Python each time that its class is asked for it; these are
# looked at for every event.
_IDLE: Final = State.IDLE
_LOCATING: Final = State.LOCATING
_CALLING: Final = State.CALLING
_PROCEEDING: Final = State.PROCEEDING
_COMMITTED: Final = State.COMMITTED
_UNDER_WAY: Final = frozenset({_CALLING, _PROCEEDING, State.RINGING, _COMMITTED})

_PLACED: Final = Sign.PLACED
_TARGETS: Final = Sign.TARGETS
_TRYING: Final = Sign.TRYING
_PROGRESS: Final = Sign.PROGRESS
_COMMIT: Final = Sign.COMMIT
_NEXT_TARGET: Final = Sign.NEXT_TARGET
_NEXT_STEP: Final = Sign.NEXT_STEP
_STOP: Final = Sign.STOP
_ANSWER: Final = Sign.ANSWER
_STALE: Final = Sign.STALE


@dataclass(init=False, slots=True, unsafe_hash=True)
class Itinerary:
    """What stays the same during a call: the order of its steps, its policy, its deadline."""

    steps: Final[Sequence[Step]]
    judge: Final[Judge]
    deadline: Final[float | None]

    def __init__(self, steps: Sequence[Step], judge: Judge, deadline: float | None = None) -> None:
        self.steps = steps
        self.judge = judge
        self.deadline = deadline


@dataclass(init=False, slots=True, unsafe_hash=True)
class Hunt:
    """One call's set-up so far; each event makes a new one. Attempts are numbered from 1; 0 means none was made yet.

    `invited` is set with the first INVITE, `skipped` with the first held step passed over. When the
    order ends with the second and without the first, `anyway` is set: held or not, they are tried.
    """

    itinerary: Final[Itinerary]
    state: Final[State]
    step: Final[int]
    targets: Final[tuple[str, ...]]
    target: Final[int]
    attempt: Final[int]
    invited: Final[bool]
    skipped: Final[bool]
    anyway: Final[bool]
    ended: Final[tuple[Ended, ...]]
    result: Final[Result | None]

    def __init__(
        self,
        itinerary: Itinerary,
        state: State = _IDLE,
        step: int = 0,
        targets: tuple[str, ...] = (),
        target: int = 0,
        attempt: int = 0,
        invited: bool = False,
        skipped: bool = False,
        anyway: bool = False,
        ended: tuple[Ended, ...] = (),
        result: Result | None = None,
    ) -> None:
        self.itinerary = itinerary
        self.state = state
        self.step = step
        self.targets = targets
        self.target = target
        self.attempt = attempt
        self.invited = invited
        self.skipped = skipped
        self.anyway = anyway
        self.ended = ended
        self.result = result

    def advance(self, event: Event) -> tuple[Hunt, tuple[Action, ...]]:
        """The hunt after an event, and the actions that the executor owes, in order."""
        sign, outcome = self._read(event)
        state, ops = TABLE[self.state][sign]
        if not ops and state is self.state:
            return self, ()
        turn = _Turn(self, state, outcome)
        if sign is _TARGETS and isinstance(event, Located):
            turn.targets, turn.target = event.targets, 0
        for op in ops:
            _WORK[op](turn)
        return turn.hunt(), tuple(turn.actions)

    def _read(self, event: Event) -> tuple[Sign, Outcome | None]:
        """The sign that an event is, and the outcome it gives the current attempt, if any."""
        if isinstance(event, Placed):
            return (_PLACED if self.itinerary.steps else Sign.NOWHERE), None
        if isinstance(event, CallerLeft):
            return Sign.CALLER_LEFT, CANCELLED
        if isinstance(event, DeadlinePassed):
            return Sign.DEADLINE, DEADLINE
        if isinstance(event, Located):
            if self.state is not _LOCATING:
                return _STALE, None
            if event.targets:
                return (self._held() if event.held and not self.anyway else _TARGETS), None
            nowhere = UNREGISTERED if event.unregistered else TRANSPORT_ERROR
            return self._failure(nowhere), nowhere
        if event.attempt != self.attempt or self.state not in _UNDER_WAY:
            return _STALE, None
        if isinstance(event, Heard):
            if event.status == 100:
                return _TRYING, None
            commits = self.itinerary.judge.commits(event.status, event.has_body)
            return (_COMMIT if commits else _PROGRESS), None
        if isinstance(event, Responded):
            outcome = Outcome("response", event.final)
            return (_ANSWER if event.final.status < 300 else self._failure(outcome)), outcome
        if isinstance(event, Failed):
            return self._failure(TRANSPORT_ERROR), TRANSPORT_ERROR
        if event.timer != self._timer():
            return _STALE, None
        outcome = timed_out(event.timer)
        return self._failure(outcome), outcome

    def _held(self) -> Sign:
        """A held step is passed over, unless nothing at all would be tried."""
        if self.step + 1 < len(self.itinerary.steps):
            return Sign.HELD
        return Sign.HELD_LAST if self.invited else Sign.ALL_HELD

    def _timer(self) -> Timer:
        """The timer of the current phase: no-response never fires once a 1xx was heard."""
        if self.state is _CALLING:
            return "no-response"
        return "no-progress" if self.state is _PROCEEDING else "no-answer"

    def _failure(self, outcome: Outcome) -> Sign:
        """Target failover (RFC 3263 §4.3) goes before route failover; a policy's stop is above
        both, and after a commit there is neither. A registrar's next instance is tried on any
        failure."""
        itinerary = self.itinerary
        if self.state is _COMMITTED or itinerary.judge.verdict(outcome) == "stop":
            return _STOP
        if (
            self.state is not _LOCATING
            and self.target + 1 < len(self.targets)
            and (outcome.is_target_failure or itinerary.steps[self.step].registered)
        ):
            return _NEXT_TARGET
        if self.step + 1 < len(itinerary.steps):
            return _NEXT_STEP
        if self.skipped and not self.invited and not self.anyway:
            return Sign.ONLY_HELD_LEFT
        return Sign.EXHAUSTED


class _Turn:
    """A hunt while an event is worked in: what it becomes, and the actions so far."""

    __slots__ = (
        *("actions", "anyway", "attempt", "before", "ended", "invited", "itinerary"),
        *("outcome", "result", "skipped", "state", "step", "target", "targets"),
    )

    def __init__(self, before: Hunt, state: State, outcome: Outcome | None) -> None:
        self.before = before
        self.outcome = outcome
        self.actions: list[Action] = []
        self.itinerary = before.itinerary
        self.state = state
        self.step = before.step
        self.targets = before.targets
        self.target = before.target
        self.attempt = before.attempt
        self.invited = before.invited
        self.skipped = before.skipped
        self.anyway = before.anyway
        self.ended = before.ended
        self.result = before.result

    def hunt(self) -> Hunt:
        """What it has become."""
        return Hunt(
            self.itinerary,
            self.state,
            self.step,
            self.targets,
            self.target,
            self.attempt,
            self.invited,
            self.skipped,
            self.anyway,
            self.ended,
            self.result,
        )

    def arm_deadline(self) -> None:
        if self.itinerary.deadline is not None:
            self.actions.append(ArmDeadline(self.itinerary.deadline))

    def locate_first(self) -> None:
        self.actions.append(Locate(self.itinerary.steps[self.step]))

    def locate_next(self) -> None:
        self.step += 1
        self.targets, self.target = (), 0
        self.locate_first()

    def locate_anyway(self) -> None:
        self.step = 0
        self.anyway = True
        self.locate_first()

    def skip(self) -> None:
        self.skipped = True
        self.actions.append(Skipped(self.itinerary.steps[self.step]))

    def invite_first(self) -> None:
        self._invite(0)

    def invite_next(self) -> None:
        self._invite(self.target + 1)

    def _invite(self, target: int) -> None:
        self.target = target
        self.attempt += 1
        self.invited = True
        step, seconds = self.itinerary.steps[self.step], self.itinerary.judge.no_response
        self.actions.append(Invite(self.attempt, step, self.targets[target], seconds))

    def arm_no_progress(self) -> None:
        self.actions.append(Arm(self.attempt, "no-progress", self.itinerary.judge.no_progress))

    def arm_no_answer(self) -> None:
        self.actions.append(Arm(self.attempt, "no-answer", self.itinerary.judge.no_answer))

    def relay(self) -> None:
        self.actions.append(Relay(self.attempt))

    def end_attempt(self) -> None:
        outcome = self.outcome
        assert outcome is not None  # every sign that ends an attempt has one
        step = self.itinerary.steps[self.step]
        if self.before.state is _LOCATING:
            self.attempt += 1
            self.actions.append(Unreached(self.attempt, step))
        elif outcome.final is None and outcome is not TRANSPORT_ERROR:
            self.actions.append(Abandon(self.attempt))
        self.actions.append(Over(self.attempt, outcome))
        self.ended = (*self.ended, Ended(self.attempt, step.route, outcome))

    def answered(self) -> None:
        last = self.ended[-1]
        self._finish(Result("answered", last.outcome.code, last.route, last.attempt, last.outcome))

    def refused(self) -> None:
        self._finish(_refused(self.ended[-1]))

    def best(self) -> None:
        self._finish(_refused(best(self.ended)))

    def cancelled(self) -> None:
        self._finish(Result("cancelled", 487))

    def late(self) -> None:
        self._finish(Result("refused", 408))

    def unrouted(self) -> None:
        self._finish(Result("refused", UNROUTED_CODE))

    def _finish(self, result: Result) -> None:
        self.result = result
        self.actions.append(Finish(result))


_WORK: Final[dict[Op, Callable[[_Turn], None]]] = {
    Op.ARM_DEADLINE: _Turn.arm_deadline,
    Op.LOCATE_FIRST: _Turn.locate_first,
    Op.LOCATE_NEXT: _Turn.locate_next,
    Op.LOCATE_ANYWAY: _Turn.locate_anyway,
    Op.SKIP: _Turn.skip,
    Op.INVITE_FIRST: _Turn.invite_first,
    Op.INVITE_NEXT: _Turn.invite_next,
    Op.ARM_NO_PROGRESS: _Turn.arm_no_progress,
    Op.ARM_NO_ANSWER: _Turn.arm_no_answer,
    Op.RELAY: _Turn.relay,
    Op.END_ATTEMPT: _Turn.end_attempt,
    Op.CUT_ATTEMPT: _Turn.end_attempt,
    Op.ANSWERED: _Turn.answered,
    Op.REFUSED: _Turn.refused,
    Op.BEST: _Turn.best,
    Op.CANCELLED: _Turn.cancelled,
    Op.LATE: _Turn.late,
    Op.UNROUTED: _Turn.unrouted,
}
"""What each op of the table does."""


def _refused(one: Ended) -> Result:
    from_wire = one.outcome.final is not None
    return Result(
        "refused",
        upstream_code(one.outcome),
        one.route if from_wire else None,
        one.attempt if from_wire else None,
        one.outcome,
    )


def itinerary(
    plan: Plan,
    trunk: Trunk,
    number: str,
    calls_before: int = 0,
    turned: Sequence[int] | None = None,
) -> Itinerary:
    """What a call to `number` on `trunk` will follow, after `calls_before` earlier calls, or with
    the turn `turned`."""
    if turned is None:
        turned = turn(trunk, calls_before)
    steps = order_of(plan).steps(trunk, number, turned)
    return Itinerary(steps, _judges(plan)[trunk.retry], trunk.deadline)


@derived
def _judges(plan: Plan) -> dict[str, Judge]:
    return {retry.name: Judge(retry) for retry in plan.retries}
