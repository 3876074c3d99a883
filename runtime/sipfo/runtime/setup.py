"""The executor of a hunt on real messages: it does what the failover machine asks.

It sends the INVITEs, arms the timers, looks targets up, and reports how each attempt ended. It
decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from sipfo.plan.action import (
    Abandon,
    Action,
    Arm,
    ArmDeadline,
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
from sipfo.plan.hunt import Hunt
from sipfo.plan.ladder import Attempt as Rung
from sipfo.plan.ladder import Ladder, Settled
from sipfo.plan.order import Step
from sipfo.plan.outcome import Final as FinalResponse
from sipfo.plan.outcome import Outcome
from sipfo.runtime.answer import Answer
from sipfo.runtime.attempt import Attempt, Caller
from sipfo.runtime.challenges import LIFE, Pinned
from sipfo.runtime.diversion import Diverted
from sipfo.runtime.emergency import is_emergency
from sipfo.runtime.graves import Departed
from sipfo.runtime.headers import q850_causes, reasons, retry_after
from sipfo.runtime.inbound import Inbound
from sipfo.runtime.invite import build_invite
from sipfo.runtime.locate import Target
from sipfo.runtime.outgoing import CHALLENGED
from sipfo.runtime.passport import FRESH, is_stale
from sipfo.runtime.placement import Grounds, Placement, Sent
from sipfo.runtime.privacy import Trust
from sipfo.runtime.reach import family, led_within_reach, named, within_reach
from sipfo.runtime.reason import why_given_up
from sipfo.runtime.record import AttemptRecord, CallRecord, Notice
from sipfo.runtime.registrar.lead import Led, lead
from sipfo.runtime.registrar.way import Way
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Response
from sipfo.runtime.sip.timer import Handle
from sipfo.runtime.sip.uri import parse_uri

_NO_WAYS: Final[Mapping[str, Way]] = {}
_PLACED: Final = Placed()


class Owner:
    """The call that is set up."""

    __slots__ = ()

    def settled(
        self, result: Result, attempt: Attempt | None, response: Response | None, now: float
    ) -> None:
        """The result is there, and the attempt and response that it came from, if any."""

    def attempts_over(self) -> None:
        """The last attempt cannot come back any more."""


_NOBODY: Final = Owner()
"""Nobody is left to tell."""


class Setup(Caller):
    """One call, from its INVITE to its result; its attempts, until they are over."""

    __slots__ = (
        "_advancing",
        "_against",
        "_attempts",
        "_branches",
        "_claimed",
        "_core",
        "_counted",
        "_deadline",
        "_departed",
        "_events",
        "_failed",
        "_grounds",
        "_hunt",
        "_inbound",
        "_leaving",
        "_notes",
        "_owner",
        "_pinned",
        "_placement",
        "_rang",
        "_rungs",
        "_said_left_out",
        "_said_stale",
        "_started",
        "_targets",
        "_unfound",
        "_unreached",
        "_ways",
        "answer",
        "live",
        "record",
    )

    def __init__(
        self,
        grounds: Grounds,
        placement: Placement,
        inbound: Inbound,
        owner: Owner,
    ) -> None:
        self._grounds = grounds
        self._core = grounds.core
        self._placement = placement
        self._departed = Departed(grounds.core, placement.call)
        self._inbound = inbound
        self._owner = owner
        self._hunt = Hunt(placement.itinerary)
        self._pinned = placement.pinned
        self._ways = _NO_WAYS
        self._advancing = False
        self._events: list[tuple[Event, Response | None]] = []
        self._attempts: dict[int, Attempt] = {}
        self._targets: dict[str, Target] = {}
        self._against = ""
        self._unfound = ""
        self._counted: Step | None = None
        self._claimed: Step | None = None
        self._unreached: Step | None = None
        self._rungs: list[Rung] = []
        self._notes: list[str] = []
        self._leaving: list[bytes] = []
        self._failed: Outcome | None = None
        self._branches = 0
        self._said_left_out = False
        self._said_stale = False
        self._deadline: Handle | None = None
        self._started = 0.0
        self._rang: float | None = None
        self.record: CallRecord | None = None
        """What was reported of the set-up, once it is over."""
        self.answer: Answer | None = None
        """The 2xx on its way to the caller, once there is one."""
        self.live: dict[Attempt, None] = {}
        """Attempts of which something may still come."""

    @property
    def placement(self) -> Placement:
        """What was known when it was placed."""
        return self._placement

    @property
    def started(self) -> float:
        """When its INVITE came."""
        return self._started

    @property
    def call_ids(self) -> list[bytes]:
        """The Call-ID of each attempt."""
        return [one.request.call_id for one in self._attempts.values()]

    @property
    def attempts_made(self) -> int:
        """How many attempts there were, those too that found no target."""
        return max(self._hunt.attempt, len(self._rungs))

    @property
    def latest(self) -> Sent | None:
        """Where it was sent last, if anywhere."""
        attempt = next(reversed(self._attempts.values()), None)
        return None if attempt is None else Sent(attempt.step.route, attempt.name)

    @property
    def source(self) -> str:
        """The caller's address."""
        return self._inbound.flow.remote[0]

    @property
    def result(self) -> Result | None:
        """The call's result, once there is one."""
        return self._hunt.result

    def begin(self, now: float) -> None:
        """The caller's INVITE is there, and a call of its trunk is taken."""
        self._started = now
        self._advance(_PLACED, now)

    def caller_left(self, reasons: list[bytes], now: float) -> None:
        """The caller cancelled, hung up early, or its INVITE expired; `reasons` are the values of
        Reason that it gave, which whoever it called is told (RFC 3326)."""
        self._leaving = reasons
        self._advance(CallerLeft(), now)

    def call_ended(self) -> None:
        """The call is over, however: its trunk has one less, and so has a carrier that had it."""
        self._leave_carrier()
        self._grounds.trunks.give_back(self._placement.trunk)

    def let_go(self) -> None:
        """The call is gone, and so is every attempt but those that are buried."""
        self._owner = _NOBODY
        for attempt in self._attempts.values():
            attempt.outlive(self._departed)
            if not attempt.given_up:
                attempt.let_go()

    def _leave_carrier(self) -> None:
        step, self._counted = self._counted, None
        if step is not None:
            self._grounds.standing.call_ended(step)

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
        # Behind an instance it is one telephone that asks to be left alone, and not the instance.
        if response.status == 503 and attempt.level is None:
            seconds = retry_after(response)
            if seconds is not None:
                self._grounds.standing.holds.hold(attempt.name, seconds, now)
        if response.status < 300 and not _is_usable(attempt, response):
            attempt.reject(response, now)
            final = FinalResponse(502, "Unusable Answer")
            self._advance(Responded(attempt.number, final), now)
            return
        attempt.final = response
        said = reasons(response)
        phrase = response.phrase.decode("utf-8", "replace")
        causes = q850_causes(said) if said else ()
        final = FinalResponse(response.status, phrase, said, causes)
        self._advance(Responded(attempt.number, final), now, response)

    def attempt_failed(self, attempt: Attempt, timed_out: bool, now: float) -> None:
        """Told by an attempt that is not given up; Timer B finds it in its first phase, or in a
        later one when the INVITE that answered a challenge was not heard."""
        number = attempt.number
        self._advance(Expired(number, attempt.phase) if timed_out else Failed(number), now)

    def attempt_challenged(self, attempt: Attempt) -> None:
        """Told by an attempt that answers a challenge: its early dialogs are over. The machine is
        not told, and the timer of its phase goes on."""
        self._inbound.forget(attempt)

    def attempt_answered_in_vain(self, attempt: Attempt) -> None:
        """Told by an attempt, whatever became of it."""
        self._departed.attempt_answered_in_vain(attempt)

    def attempt_over(self, attempt: Attempt, now: float) -> None:
        """Told by an attempt, whatever became of it."""
        self.live.pop(attempt, None)
        if attempt.given_up:
            self._grounds.graves.bury(attempt, now)
            attempt.outlive(self._departed)
        if not self.live:
            if self._hunt.result is not None:
                self._wind_up()
            self._owner.attempts_over()

    def _wind_up(self) -> None:
        for attempt in self._attempts.values():
            if not attempt.given_up:
                attempt.wind_up()
        self._inbound.wind_up()
        if self.answer is not None:
            self.answer.wind_up()
        self._targets = {}

    def _advance(self, event: Event, now: float, response: Response | None = None) -> None:
        """Tell the machine, and do what it asks, in order; events met meanwhile wait."""
        if self._advancing:
            self._events.append((event, response))
            return
        self._advancing = True
        try:
            self._advance_once(event, response, now)
            while self._events:
                event, response = self._events.pop(0)
                self._advance_once(event, response, now)
        finally:
            self._advancing = False
            self._events.clear()
            self._unclaim(now)

    def _advance_once(self, event: Event, response: Response | None, now: float) -> None:
        self._hunt, actions = self._hunt.advance(event)
        for action in actions:
            self._carry_out(action, event, response, now)

    def _carry_out(
        self, action: Action, event: Event, response: Response | None, now: float
    ) -> None:
        if isinstance(action, ArmDeadline):
            self._deadline = self._core.timers.after(action.seconds, self._deadline_passed, now)
        elif isinstance(action, Locate):
            self._locate(action.step, now)
        elif isinstance(action, Invite):
            self._invite(action, now)
        elif isinstance(action, Arm):
            attempt = self._attempts[action.attempt]
            attempt.disarm()
            attempt.phase = action.timer
            attempt.timer = self._core.timers.after(action.seconds, attempt.expired, now)
        elif isinstance(action, Relay):
            self._relay(self._attempts[action.attempt], response, now)
        elif isinstance(action, Unreached):
            self._unreached = action.step
        elif isinstance(action, Skipped):
            step = action.step
            self._note(f"{step.egress} to {step.route} skipped: {self._against}")
        elif isinstance(action, Abandon):
            self._attempts[action.attempt].give_up(now, why_given_up(event, self._leaving))
        elif isinstance(action, Over):
            self._end(action.attempt, action.outcome, now)
        else:
            self._finish(action.result, response, now)

    def _deadline_passed(self, now: float) -> None:
        self._advance(DeadlinePassed(), now)

    def _locate(self, step: Step, now: float) -> None:
        if step.carrier:
            self._say_left_out()
        if self._pinned is not None:
            # A digest retry stays on the target that issued the nonce (RFC 3261 §22.2).
            pinned, self._pinned = self._pinned, None
            self._take(step, named((pinned,)), now)
            return
        self._unfound = ""
        self._ways = _NO_WAYS
        if step.registered:
            passed = self._placement.passed
            lead(self._core, self._grounds.registrars, step, passed, self._led, now)
            return
        near = self._grounds.nearby.targets(step, self._grounds.egress[step.egress].host)
        if near:
            self._take(step, near, now)
            return
        found, told = partial(self._found, step), partial(self._told, step)
        self._core.locate(step.destinations, found, now, told)

    def _told(self, step: Step, reason: str) -> None:
        """Told why a destination of a step leads nowhere."""
        self._unfound = self._unfound or reason
        self._note(f"{step.egress} to {step.route}: {reason}")

    def _found(self, step: Step, targets: tuple[Target, ...], now: float) -> None:
        """Told of the targets of a step."""
        local = self._grounds.egress[step.egress].host
        near = within_reach(step, targets, local, self._note)
        if targets and not near:
            self._unfound = f"no {family(local)} address"
        self._take(step, near, now)

    def _led(self, led: Led, step: Step, now: float) -> None:
        """Told of the ways to a registered user."""
        self._ways = led.ways
        for text in led.notes:
            self._note(f"{step.egress} to {step.route}: {text}")
        near = led_within_reach(led, self._grounds.egress[step.egress].host)
        if near:
            self._take(step, near, now)
        else:
            self._unfound = led.why or "no way of the address family that it is sent from"
            self._advance(Located((), unregistered=led.why is not None), now)

    def _take(self, step: Step, targets: dict[str, Target], now: float) -> None:
        self._targets = targets
        names = tuple(targets)
        if is_emergency(self._inbound.request):
            self._advance(Located(names), now)
            return
        self._unclaim(now)
        choice = self._grounds.standing.choose(step, names, now, claims=True)
        self._claimed = step if choice.claimed else None
        if choice.full is not None and self._hunt.anyway:
            self._note(f"{step.egress} to {step.route} not tried: {choice.full}")
            self._advance(Located(()), now)
        elif choice.free:
            for name, why in choice.against.items():
                self._note(f"{step.egress} to {step.route} at {name} skipped: {why}")
            self._advance(Located(choice.free), now)
        else:
            self._against = choice.reasons
            self._advance(Located(choice.held, held=bool(choice.held)), now)

    def _say_left_out(self) -> None:
        """Once, when the carriers' turn comes."""
        if not self._said_left_out:
            self._said_left_out = True
            for text in self._placement.left_out:
                self._note(text)

    def _unclaim(self, now: float) -> None:
        """Nothing was sent where a carrier had room."""
        step, self._claimed = self._claimed, None
        if step is not None:
            self._grounds.standing.unclaim(step, now)

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._core.records.append(Notice(self._placement.call, text))

    def _invite(self, action: Invite, now: float) -> None:
        step, target = action.step, self._targets[action.target]
        way = self._ways.get(action.target) if self._ways else None
        egress = self._grounds.egress[step.egress]
        flow = self._core.flow((egress.host, egress.port), target)
        if way is not None and way.local is not None:
            flow = way.flow or self._core.flow(way.local, target)
            if way.flow is not None and not flow.reliable:
                # Nobody opens a connection to who is behind a NAT, however large the INVITE is.
                self._core.oversize.unopened(flow, now)
        place = self._placement
        trusted = self._grounds.trusted.reaches(step)
        trust = Trust(self._inbound.trusted, trusted)
        diverted = None
        if step.diverted:
            self._branches += 1
            always = place.itinerary.steps[0].carrier
            diverted = Diverted(self._failed, self._branches, always)
        request = build_invite(
            self._core,
            self._inbound.request,
            place.hops,
            step,
            target,
            place.number,
            flow,
            trust,
            diverted,
            way,
        )
        if self._core.origins is not None:
            self._core.origins.note(request.call_id, self._inbound.request.call_id)
        login = self._grounds.keyring.login(step, target, self._targets.values())
        # Two telephones may have one target: the name that the machine has for it is then another.
        name = action.target if way is None else str(target)
        attempt = Attempt(
            self._core,
            self,
            action.attempt,
            step,
            target,
            name,
            request,
            flow,
            now,
            login,
            trusted,
        )
        if way is not None:
            attempt.level, attempt.stays = way.level, way.flow is not None
        age = now - self._started
        if age > FRESH and not self._said_stale and is_stale(request, age):
            self._said_stale = True
            self._note("the caller's Identity is older than 60 s: targets may refuse it (438)")
        self._attempts[action.attempt] = attempt
        self._counted = step
        if self._claimed is not None and self._claimed == step:
            self._claimed = None
        else:
            self._grounds.standing.call_begins(step, now)
        if step.carrier:
            self._grounds.loops.begins(self, self._inbound.request, place.number, self.source)
        self.live[attempt] = None
        attempt.timer = self._core.timers.after(action.seconds, attempt.expired, now)
        attempt.send(now)

    def _relay(self, attempt: Attempt, response: Response | None, now: float) -> None:
        assert response is not None  # Relay answers a Heard, which came with one
        if self._rang is None:
            self._rang = now - self._started
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
            at = now - self._started
            phrase = self._unfound
            rung = Rung(step.egress, step.route, None, outcome.word, at, 0.0, phrase)
        else:
            step = attempt.step
            attempt.disarm()
            self._grounds.standing.attempt_ended(step, attempt.name, outcome)
            if outcome.final is None or outcome.final.status >= 300:
                self._inbound.forget(attempt)
                self._leave_carrier()
            rung = Rung(
                step.egress,
                step.route,
                attempt.reached,
                outcome.word,
                attempt.started - self._started,
                now - attempt.started,
                phrase,
                attempt.level or step.level_of(attempt.name),
                final.reasons if final is not None else (),
            )
        if step.carrier:
            self._grounds.loops.ends(self)
        else:
            self._failed = outcome
        self._rungs.append(rung)
        place = self._placement
        self._core.records.append(
            AttemptRecord(place.call, place.trunk, number, rung, step.carrier)
        )

    def _finish(self, result: Result, response: Response | None, now: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        attempt = self._attempts.get(result.attempt) if result.attempt is not None else None
        final = response if result.kind == "answered" else attempt.final if attempt else None
        # Where we have an account ourselves, a challenge that stands is not the caller's to answer.
        if attempt is not None and attempt.login is None and final is not None:
            self._remember(attempt, final, now)
        if result.kind == "refused" and self._is_over():
            self._say_left_out()  # their turn has come, and there was none to locate
        ladder = Ladder(
            tuple(self._rungs),
            Settled(result.kind, result.code, result.by),
            now - self._started,
        )
        self._report(ladder, attempt if result.kind == "answered" else None)
        self._owner.settled(result, attempt, final, now)

    def _is_over(self) -> bool:
        """Whether nothing was left to try, and no response ended it before."""
        ended, judge = self._hunt.ended, self._placement.itinerary.judge
        return not ended or judge.verdict(ended[-1].outcome) == "failover"

    def _report(self, ladder: Ladder, answered: Attempt | None) -> None:
        place, invite = self._placement, self._inbound.request
        carrier = answered.step.route if answered is not None and answered.step.carrier else None
        self.record = CallRecord(
            place.call,
            place.trunk,
            place.number,
            self.source,
            ladder,
            self._started,
            self._rang,
            carrier,
            invite.call_id,
            invite.from_.uri,
            invite.to.uri,
            place.plan,
            tuple(self._notes),
        )
        self._core.records.append(self.record)

    def _remember(self, attempt: Attempt, final: Response, now: float) -> None:
        if final.status not in CHALLENGED:
            return
        place = self._placement
        steps = place.itinerary.steps
        left = tuple(steps)[steps.index(attempt.step) :]
        pinned = Pinned(place.trunk, place.number, left, attempt.target, now + LIFE)
        self._grounds.challenges.remember(final, pinned)


def _is_usable(attempt: Attempt, response: Response) -> bool:
    """Whether a 2xx makes a dialog in which an ACK can be sent."""
    try:
        _ = parse_uri(Dialog.of_client(attempt.request, response).next_hop)
    except Malformed:
        return False
    return True
