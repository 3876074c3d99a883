"""A recorded call and its policy to the reasons: what decided, and where the policy says it.

Nothing is run again. What would surprise: which provisional committed is in no record; then what is
known is said, and that it is all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sipfo.compiler.whence import Whence
from sipfo.plan.best import Ended, best, upstream_code
from sipfo.plan.choice import LEFT_OUT
from sipfo.plan.ladder import Attempt, Ladder
from sipfo.plan.model import Plan, Retry, Trunk
from sipfo.plan.order import Step
from sipfo.plan.outcome import Judge
from sipfo.verify.why.track import Track, track
from sipfo.verify.why.verdict import Reason, judged, outcome_of

PASSED_OVER = "held after a Retry-After, down or full; the record does not say which"
"""Of a call whose notes are lost, or were written by a policy that was another."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the call was the trunk's, why each attempt was made and ended as it did, and why the
    caller got the result."""

    call: tuple[Reason, ...]
    attempts: tuple[tuple[Reason, ...], ...]
    result: tuple[Reason, ...]


def explain(
    plan: Plan,
    whence: Whence,
    trunk: Trunk,
    number: str,
    ladder: Ladder,
    *,
    rang: bool,
    notes: Sequence[str] = (),
) -> Explanation:
    """The reasons of one call; `rang` says that the caller heard of somebody being alerted, `notes`
    what the log said when it was set up."""
    return _Explaining(plan, whence, trunk, number, ladder, rang, notes).explanation()


class _Explaining:
    """One call held against its policy."""

    def __init__(
        self,
        plan: Plan,
        whence: Whence,
        trunk: Trunk,
        number: str,
        ladder: Ladder,
        rang: bool,
        notes: Sequence[str],
    ) -> None:
        self._plan = plan
        self._notes = notes
        self._whence = whence
        self._trunk = trunk
        self._number = number
        self._ladder = ladder
        self._rang = rang
        self._judge = Judge(next(one for one in plan.retries if one.name == trunk.retry))
        self._track = track(plan, trunk, number, ladder.attempts)
        self._outcomes = [outcome_of(one) for one in ladder.attempts]

    @property
    def _retry(self) -> Retry:
        return self._judge.retry

    def explanation(self) -> Explanation:
        return Explanation(
            self._about_call(),
            tuple(self._about_attempt(place) for place in range(len(self._ladder.attempts))),
            self._about_result(),
        )

    def _about_call(self) -> tuple[Reason, ...]:
        trunk, whence = self._trunk, self._whence
        first = self._track.steps[0].route if self._track.steps else ""
        turns = {
            "sequential": "its routes are tried as they are listed",
            "round-robin": f"its routes take turns, and it was {first}'s",
            "weighted": f"its routes are drawn by weight, and {first} was",
        }
        claim = whence.claim(trunk.name, self._number)
        return (
            Reason(f"{self._number} is trunk {trunk.name}'s", claim or whence.trunk(trunk.name)),
            Reason(turns[trunk.method], whence.listed(trunk.name, first)),
            Reason(
                f"what ends an attempt is judged by retry {trunk.retry}", whence.retry(trunk.name)
            ),
        )

    def _about_attempt(self, place: int) -> tuple[Reason, ...]:
        attempt = self._ladder.attempts[place]
        before = self._ladder.attempts[place - 1] if place else None
        reasons = [self._passed_over(one) for one in self._track.skipped[place]]
        if self._began_anew(place):
            reasons.append(Reason("everything was passed over, so all is tried in order anyway"))
        if before is None or before.egress != attempt.egress:
            reasons += self._from(attempt.egress)
        if before is not None and (before.egress, before.route) == (attempt.egress, attempt.route):
            reasons.append(self._next(attempt, before))
        else:
            reasons += self._to(attempt.route, self._track.places[place])
        return (*reasons, *self._ended(place))

    def _next(self, attempt: Attempt, before: Attempt) -> Reason:
        """Why the same destination was tried again, elsewhere."""
        registered = {one.name for one in self._plan.routes if one.registered is not None}
        if attempt.route not in registered:
            return Reason("the next target of the same destination (RFC 3263 §4.3)")
        if attempt.level == before.level:
            return Reason("the next contact that the user registered")
        return Reason(f"the next instance of its registrar, {attempt.level}")

    def _began_anew(self, place: int) -> bool:
        now = self._track.places[place]
        earlier = [one for one in self._track.places[:place] if one is not None]
        return now is not None and bool(earlier) and now < earlier[-1]

    def _from(self, egress: str) -> list[Reason]:
        whence, trunk = self._whence, self._trunk
        place = whence.egress(trunk.name, egress)
        if place is None and egress in trunk.egress:
            return [Reason("from the first address that is listened on: the trunk has no `from`")]
        found = [Reason(f"from {egress}", place or whence.forward(trunk.name))]
        address = whence.address(egress)
        return [*found, Reason(f"{egress} is this address", address)] if address else found

    def _to(self, name: str, place: int | None) -> list[Reason]:
        if place is None:
            return [Reason(f"{name} has no place in this trunk's order as the policy is now")]
        whence, step = self._whence, self._track.steps[place]
        found = []
        if step.carrier:
            if not self._is_forwarded_before(place):
                found.append(self._forwarded())
                found += self._left_out()
            found += self._unfit(step)
        kind = "carrier" if step.carrier else "route"
        found.append(Reason(f"to {kind} {name}", whence.listed(self._trunk.name, name)))
        found.append(Reason(f"{name} leads here", whence.destination(name)))
        shaping = whence.shaping(name)
        if shaping is not None:
            found.append(Reason(f"{name} is sent {step.number}", shaping))
        return found

    def _is_forwarded_before(self, place: int) -> bool:
        earlier = self._track.steps[:place]
        taken = {one for one in self._track.places if one is not None}
        return any(one.carrier for n, one in enumerate(earlier) if n in taken)

    def _forwarded(self) -> Reason:
        forward = self._trunk.forward
        assert forward is not None  # a carrier is only in the order because of it
        when = "calls are always" if forward.always else "every route has failed, so the call is"
        words = f"{when} forwarded to {forward.number or self._number}"
        return Reason(words, self._whence.forward(self._trunk.name))

    def _left_out(self) -> list[Reason]:
        """The carriers that the record says were left out, in its words."""
        return [
            Reason(one, self._whence.listed(self._trunk.name, one.partition(LEFT_OUT)[0]))
            for one in self._notes
            if LEFT_OUT in one
        ]

    def _unfit(self, step: Step) -> list[Reason]:
        """The carriers before this one that do not take the number."""
        forward = self._trunk.forward
        assert forward is not None  # a carrier is only in the order because of it
        fit = [one.route for one in self._track.steps if one.carrier]
        before = forward.carriers[: forward.carriers.index(step.route)]
        since = fit[fit.index(step.route) - 1] if fit.index(step.route) else None
        passed = before[before.index(since) + 1 :] if since is not None else before
        return [
            Reason(
                f"{name} takes no {forward.number or self._number}: none of its prefixes begins it",
                self._whence.listed(self._trunk.name, name),
            )
            for name in passed
            if not any(one.startswith(name + LEFT_OUT) for one in self._notes)
        ]

    def _ended(self, place: int) -> tuple[Reason, ...]:
        """How the attempt ended, and what the policy makes of it."""
        attempt, outcome = self._ladder.attempts[place], self._outcomes[place]
        if outcome.ending == "cancelled":
            return (Reason("the caller gave up, so the attempt was taken back"),)
        if outcome.ending == "deadline":
            return (self._deadline(),)
        if outcome.final is not None and outcome.final.status < 300:
            return (Reason(f"{attempt.outcome} answers the call"),)
        found = judged(attempt, outcome, self._judge, self._whence)
        is_last = place + 1 == len(self._outcomes)
        if self._judge.verdict(outcome) == "stop" and not is_last:
            return (*found, Reason("the call went on all the same: the policy was another then"))
        return found

    def _deadline(self) -> Reason:
        return Reason(
            "the deadline of the set-up was over", self._whence.deadline(self._trunk.name)
        )

    def _about_result(self) -> tuple[Reason, ...]:
        result = self._ladder.result
        if result.kind == "cancelled":
            return (Reason("the caller gave up before anybody answered"),)
        if result.kind == "answered":
            return (Reason(f"{result.by} answered first, and nothing is tried after an answer"),)
        if not self._outcomes:
            return (Reason(f"no attempt was made: {PASSED_OVER}"),)
        last = self._outcomes[-1]
        if last.ending == "deadline" or (result.by is None and self._is_late()):
            return (self._deadline(),)
        ended = [
            Ended(number, attempt.route, outcome)
            for number, (attempt, outcome) in enumerate(
                zip(self._ladder.attempts, self._outcomes, strict=True), start=1
            )
        ]
        if self._judge.verdict(last) == "stop":
            said = Reason("a stop ends the call: the caller is told that outcome")
            return (said, *self._as_500(ended[-1]), *self._not_forwarded(self._track))
        told, left = best(ended), self._track.left
        is_last_told = upstream_code(last) == result.code
        is_best_told = upstream_code(told.outcome) == result.code
        could_commit = self._rang and bool(self._retry.commit)
        if could_commit and is_last_told and (left or not is_best_told):
            return (*self._committed(), *self._as_500(ended[-1]))
        found = [self._passed_over(one) for one in left]
        many = f"the best of {len(ended)} outcomes" if len(ended) > 1 else "the only outcome"
        said = Reason(
            f"nothing is left to try, and the caller is told {many}: {told.outcome.word} of"
            f" attempt {told.attempt} (RFC 3261 §16.7)"
        )
        if not any(step.carrier for step in self._track.steps):
            found += self._left_out()
        return (*found, said, *self._as_500(told))

    def _passed_over(self, step: Step) -> Reason:
        """Why a step was not tried; its notice in the log has the words."""
        way = f"{step.egress} to {step.route}"
        said = f"{way} skipped: "
        whys = (one.removeprefix(said) for one in self._notes if one.startswith(said))
        words = f"{way} was passed over: {next(whys, PASSED_OVER)}"
        return Reason(words, self._whence.listed(self._trunk.name, step.route))

    def _is_late(self) -> bool:
        deadline = self._trunk.deadline
        return deadline is not None and self._ladder.elapsed >= deadline

    def _as_500(self, told: Ended) -> tuple[Reason, ...]:
        """RFC 3261 §16.7 step 6, and what no longer fits."""
        code = self._ladder.result.code
        if upstream_code(told.outcome) != code:
            return (Reason(f"the caller got {code} all the same: the policy was another then"),)
        if told.outcome.code == code:
            return ()
        return (Reason(f"{told.outcome.code} leaves as {code} (RFC 3261 §16.7)"),)

    def _committed(self) -> tuple[Reason, ...]:
        said = "failover had ended before: the caller had heard of an alerted phone"
        spans = self._whence.commits(self._retry.name)
        return tuple(Reason(said, span) for span in spans[:1]) + tuple(
            Reason("or by this commit", span) for span in spans[1:]
        )

    def _not_forwarded(self, way: Track) -> tuple[Reason, ...]:
        if not any(step.carrier for step in way.left):
            return ()
        words = "a stop does not forward: that starts when every attempt has failed over"
        return (Reason(words, self._whence.forward(self._trunk.name)),)
