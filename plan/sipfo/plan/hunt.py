"""The failover machine: what has happened to a call so far to what is done next.

A pure value: `Hunt.advance(event)` gives the next hunt and the actions to carry out, by `TABLE`.
It knows no clock and no socket; an executor arms the timers it asks for and tells it what was
heard. Events of an attempt that is no longer the current one are STALE: the machine has moved on
and the executor cleans up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

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
    Expired,
    Failed,
    Heard,
    Located,
    Placed,
    Responded,
)
from sipfo.plan.model import Plan, Timer, Trunk
from sipfo.plan.order import Order, Step, turn
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

_UNDER_WAY = frozenset({State.CALLING, State.PROCEEDING, State.RINGING, State.COMMITTED})


@dataclass(frozen=True, slots=True)
class Itinerary:
    """What stays the same during a call: the order of its steps, its policy, its deadline."""

    steps: Sequence[Step]
    judge: Judge
    deadline: float | None = None


class Hunt(NamedTuple):
    """One call's set-up so far; a tuple, because each event makes a new one. Attempts are numbered from 1; 0 means none was made yet.

    `invited` is set with the first INVITE, `skipped` with the first held step passed over. When the
    order ends with the second and without the first, `anyway` is set: held or not, they are tried.
    """

    itinerary: Itinerary
    state: State = State.IDLE
    step: int = 0
    targets: tuple[str, ...] = ()
    target: int = 0
    attempt: int = 0
    invited: bool = False
    skipped: bool = False
    anyway: bool = False
    ended: tuple[Ended, ...] = ()
    result: Result | None = None

    def advance(self, event: Event) -> tuple[Hunt, tuple[Action, ...]]:
        """The hunt after an event, and the actions that the executor owes, in order."""
        sign, outcome = self._read(event)
        state, ops = TABLE[self.state][sign]
        hunt = self._replace(state=state) if state is not self.state else self
        if isinstance(event, Located) and event.targets and sign is Sign.TARGETS:
            hunt = hunt._replace(targets=event.targets, target=0)
        actions: list[Action] = []
        for op in ops:
            hunt = hunt._perform(op, outcome, self.state, actions)
        return hunt, tuple(actions)

    def _read(self, event: Event) -> tuple[Sign, Outcome | None]:
        """The sign that an event is, and the outcome it gives the current attempt, if any."""
        match event:
            case Placed():
                return (Sign.PLACED if self.itinerary.steps else Sign.NOWHERE), None
            case CallerLeft():
                return Sign.CALLER_LEFT, CANCELLED
            case DeadlinePassed():
                return Sign.DEADLINE, DEADLINE
            case Located(targets=targets, held=held, unregistered=unregistered):
                if self.state is not State.LOCATING:
                    return Sign.STALE, None
                if targets:
                    return (self._held() if held and not self.anyway else Sign.TARGETS), None
                nowhere = UNREGISTERED if unregistered else TRANSPORT_ERROR
                return self._failure(nowhere), nowhere
            case _ if event.attempt != self.attempt or self.state not in _UNDER_WAY:
                return Sign.STALE, None
            case Heard(status=100):
                return Sign.TRYING, None
            case Heard(status=status, has_body=has_body):
                commits = self.itinerary.judge.commits(status, has_body)
                return (Sign.COMMIT if commits else Sign.PROGRESS), None
            case Responded(final=final) if final.status < 300:
                return Sign.ANSWER, Outcome("response", final)
            case Responded(final=final):
                outcome = Outcome("response", final)
                return self._failure(outcome), outcome
            case Failed():
                return self._failure(TRANSPORT_ERROR), TRANSPORT_ERROR
            case Expired(timer=timer):
                if timer != self._timer():
                    return Sign.STALE, None
                outcome = timed_out(timer)
                return self._failure(outcome), outcome

    def _held(self) -> Sign:
        """A held step is passed over, unless nothing at all would be tried."""
        if self.step + 1 < len(self.itinerary.steps):
            return Sign.HELD
        return Sign.HELD_LAST if self.invited else Sign.ALL_HELD

    def _timer(self) -> Timer:
        """The timer of the current phase: no-response never fires once a 1xx was heard."""
        match self.state:
            case State.CALLING:
                return "no-response"
            case State.PROCEEDING:
                return "no-progress"
            case _:
                return "no-answer"

    def _failure(self, outcome: Outcome) -> Sign:
        """Target failover (RFC 3263 §4.3) goes before route failover; a policy's stop is above
        both, and after a commit there is neither. A registrar's next instance is tried on any
        failure."""
        if self.state is State.COMMITTED or self.itinerary.judge.verdict(outcome) == "stop":
            return Sign.STOP
        if (
            self.state is not State.LOCATING
            and (outcome.is_target_failure or self.itinerary.steps[self.step].registered)
            and self.target + 1 < len(self.targets)
        ):
            return Sign.NEXT_TARGET
        if self.step + 1 < len(self.itinerary.steps):
            return Sign.NEXT_STEP
        if self.skipped and not self.invited and not self.anyway:
            return Sign.ONLY_HELD_LEFT
        return Sign.EXHAUSTED

    def _perform(
        self, op: Op, outcome: Outcome | None, before: State, actions: list[Action]
    ) -> Hunt:
        """Carry out one op: append its actions, return the hunt that it leaves."""
        retry = self.itinerary.judge.retry
        match op:
            case Op.ARM_DEADLINE:
                if self.itinerary.deadline is not None:
                    actions.append(ArmDeadline(self.itinerary.deadline))
                return self
            case Op.LOCATE_FIRST:
                actions.append(Locate(self.itinerary.steps[self.step]))
                return self
            case Op.LOCATE_NEXT:
                actions.append(Locate(self.itinerary.steps[self.step + 1]))
                return self._replace(step=self.step + 1, targets=(), target=0)
            case Op.LOCATE_ANYWAY:
                actions.append(Locate(self.itinerary.steps[0]))
                return self._replace(step=0, anyway=True)
            case Op.SKIP:
                actions.append(Skipped(self.itinerary.steps[self.step]))
                return self._replace(skipped=True)
            case Op.INVITE_FIRST | Op.INVITE_NEXT:
                target = 0 if op is Op.INVITE_FIRST else self.target + 1
                hunt = self._replace(target=target, attempt=self.attempt + 1, invited=True)
                step = self.itinerary.steps[self.step]
                actions.append(Invite(hunt.attempt, step, self.targets[target], retry.no_response))
                return hunt
            case Op.ARM_NO_PROGRESS:
                actions.append(Arm(self.attempt, "no-progress", retry.no_progress))
                return self
            case Op.ARM_NO_ANSWER:
                actions.append(Arm(self.attempt, "no-answer", retry.no_answer))
                return self
            case Op.RELAY:
                actions.append(Relay(self.attempt))
                return self
            case Op.END_ATTEMPT | Op.CUT_ATTEMPT:
                assert outcome is not None  # every sign that ends an attempt has one
                return self._end_attempt(outcome, before, actions)
            case Op.ANSWERED:
                last = self.ended[-1]
                code = last.outcome.code
                result = Result("answered", code, last.route, last.attempt, last.outcome)
                return self._finish(result, actions)
            case Op.REFUSED:
                return self._finish(_refused(self.ended[-1]), actions)
            case Op.BEST:
                return self._finish(_refused(best(self.ended)), actions)
            case Op.CANCELLED:
                return self._finish(Result("cancelled", 487), actions)
            case Op.LATE:
                return self._finish(Result("refused", 408), actions)
            case Op.UNROUTED:
                return self._finish(Result("refused", UNROUTED_CODE), actions)

    def _end_attempt(self, outcome: Outcome, before: State, actions: list[Action]) -> Hunt:
        step = self.itinerary.steps[self.step]
        number = self.attempt
        if before is State.LOCATING:
            number += 1
            actions.append(Unreached(number, step))
        elif outcome.final is None and outcome is not TRANSPORT_ERROR:
            actions.append(Abandon(number))
        actions.append(Over(number, outcome))
        ended = (*self.ended, Ended(number, step.route, outcome))
        return self._replace(attempt=number, ended=ended)

    def _finish(self, result: Result, actions: list[Action]) -> Hunt:
        actions.append(Finish(result))
        return self._replace(result=result)


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
    steps = _order(plan).steps(trunk, number, turned)
    return Itinerary(steps, _judges(plan)[trunk.retry], trunk.deadline)


_order: Final = derived(Order)


@derived
def _judges(plan: Plan) -> dict[str, Judge]:
    return {retry.name: Judge(retry) for retry in plan.retries}
