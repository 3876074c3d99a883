"""Two plans to everything that differs between them: the whole comparison on one screen.

Every pair of trunks that shares a number is compared. What would surprise: trunks of the same
shape are searched once, whatever their addresses, so that two thousand of them are as quick as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sipfo.plan.model import Plan, Retry, Trunk
from sipfo.plan.order import Order, Step
from sipfo.verify.diff.accept import doors
from sipfo.verify.diff.answers import Answers
from sipfo.verify.diff.difference import Changed, Claimed, Difference, Shares, TrunkChange
from sipfo.verify.diff.divergence import Divergence
from sipfo.verify.diff.example import Call, scenario_of
from sipfo.verify.diff.lockstep import Course, World, ticks
from sipfo.verify.diff.numbers import Shared, shared_numbers
from sipfo.verify.diff.played import play
from sipfo.verify.diff.search import Search
from sipfo.verify.diff.service import notes, service_changes
from sipfo.verify.diff.story import headline, story
from sipfo.verify.diff.turns import Turns, shares, turns
from sipfo.verify.diff.wire import Hops, Register, Wires, renumbered


def compare(old: Plan, new: Plan) -> Difference:
    """What changes between two plans: exact, never sampled."""
    shared = shared_numbers(old, new)
    comparison = _Comparison(old, new)
    both = [
        (one, one.old, one.new) for one in shared if one.old is not None and one.new is not None
    ]
    changes = [comparison.trunks(one, was, now) for one, was, now in both]
    pairs = [(was, now) for _, was, now in both]
    return Difference(
        claimed=tuple(_claimed(one) for one in shared if one.old is None or one.new is None),
        trunks=tuple(one for one in changes if one.calls or one.doors or one.shares),
        service=service_changes(old, new, pairs),
        notes=notes(pairs),
    )


def changes_no_call(old: Plan, new: Plan) -> bool:
    """Whether every call goes the same way under both plans."""
    return not compare(old, new).calls_change


def _claimed(one: Shared) -> Claimed:
    return Claimed(
        one.first,
        one.last,
        one.old.name if one.old is not None else None,
        one.new.name if one.new is not None else None,
    )


class _Pair(NamedTuple):
    """One call under both plans: its steps, and what they are on the wire."""

    steps_old: tuple[Step, ...]
    steps_new: tuple[Step, ...]
    old: Course
    new: Course


class _View:
    """One plan, made ready to be asked about its trunks."""

    __slots__ = ("_carriers", "_routes", "order", "plan", "policies", "retries", "wires")

    def __init__(self, plan: Plan, register: Register) -> None:
        self.plan = plan
        self.order = Order(plan)
        self._routes = {one.name: one for one in plan.routes}
        self._carriers = {one.name: one for one in plan.carriers}
        self.wires = Wires(plan, register)
        self.retries = {one.name: one for one in plan.retries}
        self.policies = {
            one.name: register.number(("policy", *_content(one))) for one in plan.retries
        }

    def route_keys(self, trunk: Trunk, register: Register) -> tuple[int, ...]:
        """Of each route of a trunk what it is on the wire."""
        bare = trunk.model_copy(update={"forward": None})  # whatever carriers there are
        steps = self.order.steps(bare, "", range(len(trunk.routes)))
        alone = dict(zip(trunk.routes, _one_pass(trunk, self.wires.hops(steps)), strict=True))
        return tuple(register.number(("route", alone[name])) for name in trunk.routes)

    def alone(self, trunk: Trunk) -> Plan:
        """The plan with no more in it than this trunk needs, so that playing a call is quick."""
        carriers = trunk.forward.carriers if trunk.forward is not None else ()
        return self.plan.model_copy(
            update={
                "routes": tuple(self._routes[name] for name in dict.fromkeys(trunk.routes)),
                "carriers": tuple(self._carriers[name] for name in carriers),
                "retries": (self.retries[trunk.retry],),
                "trunks": (trunk,),
            }
        )


def _one_pass(trunk: Trunk, hops: Hops) -> Hops:
    """Each route's hop from the first egress."""
    step = len(trunk.egress) if trunk.order == "route-major" else 1
    return hops[: step * len(trunk.routes) : step]


class _Comparison:
    """Two plans and what was already found out about them."""

    def __init__(self, old: Plan, new: Plan) -> None:
        self._register = Register()
        self._old, self._new = _View(old, self._register), _View(new, self._register)
        self._answers: dict[tuple[int, int, bool], Answers] = {}
        self._known: dict[object, tuple[Divergence, ...]] = {}

    def trunks(self, shared: Shared, old: Trunk, new: Trunk) -> TrunkChange:
        """What changes for the numbers that these trunks share."""
        keys_old = self._old.route_keys(old, self._register)
        keys_new = self._new.route_keys(new, self._register)
        return TrunkChange(
            old=old.name,
            new=new.name,
            number=shared.first,
            calls=self._calls(shared.first, old, new, tuple(turns(old, new, keys_old, keys_new))),
            doors=doors(old.accept, new.accept),
            shares=tuple(
                Shares(
                    old.routes[one.place_old]
                    if one.place_old is not None
                    else new.routes[one.place_new or 0],
                    one.before,
                    one.after,
                )
                for one in shares(old, new, keys_old, keys_new)
            ),
        )

    def _calls(
        self, number: str, old: Trunk, new: Trunk, every: tuple[Turns, ...]
    ) -> tuple[Changed, ...]:
        """The differences of the first turn that has any; first of those that can be played."""
        for unscripted in (False, True):
            for both in every:
                pair = self._pair(number, old, new, both)
                found = self._divergences(pair, old, new, unscripted)
                if found:
                    return tuple(
                        self._changed(one, number, old, new, both, pair, unscripted)
                        for one in found
                    )
        return ()

    def _pair(self, number: str, old: Trunk, new: Trunk, both: Turns) -> _Pair:
        steps_old = self._old.order.steps(old, number, both.old)
        steps_new = self._new.order.steps(new, number, both.new)
        hops_old, hops_new = renumbered(
            self._old.wires.hops(steps_old), self._new.wires.hops(steps_new)
        )
        return _Pair(
            steps_old,
            steps_new,
            Course(hops_old, self._old.retries[old.retry], _deadline(old)),
            Course(hops_new, self._new.retries[new.retry], _deadline(new)),
        )

    def _divergences(
        self, pair: _Pair, old: Trunk, new: Trunk, unscripted: bool
    ) -> tuple[Divergence, ...]:
        policies = self._old.policies[old.retry], self._new.policies[new.retry]
        side_old = pair.old.hops, policies[0], pair.old.deadline
        side_new = pair.new.hops, policies[1], pair.new.deadline
        if side_old == side_new:
            return ()
        key = side_old, side_new, unscripted
        if key not in self._known:
            answers = self._answers.setdefault(
                (*policies, unscripted), Answers(pair.old.retry, pair.new.retry, unscripted)
            )
            self._known[key] = _search(pair, answers)
        return self._known[key]

    def _changed(
        self,
        found: Divergence,
        number: str,
        old: Trunk,
        new: Trunk,
        both: Turns,
        pair: _Pair,
        unscripted: bool,
    ) -> Changed:
        """A divergence in the words of both plans."""
        drawn_old = tuple(old.routes[place] for place in both.old) if both.drawn_old else ()
        drawn_new = tuple(new.routes[place] for place in both.new) if both.drawn_new else ()
        call_old = Call(old.name, number, pair.steps_old, both.calls_before, drawn_old)
        call_new = Call(new.name, number, pair.steps_new, both.calls_before, drawn_new)
        before = after = None
        if not unscripted:
            before = play(self._old.alone(old), scenario_of(found, pair.old, "old", call_old))
            after = play(self._new.alone(new), scenario_of(found, pair.new, "new", call_new))
        return Changed(
            found.kind,
            headline(found),
            story(found, pair.old, pair.steps_old),
            before,
            after,
        )


def _search(pair: _Pair, answers: Answers) -> tuple[Divergence, ...]:
    """The divergences of a pair in the first world that has any."""
    for world in _worlds(pair, answers.unscripted):
        found = Search(pair.old, pair.new, answers, world).divergences()
        if found:
            return found
    return ()


def _worlds(pair: _Pair, unscripted: bool) -> Iterator[World]:
    hops = (*pair.old.hops, *pair.new.hops)
    names = (1, 2) if unscripted and any(hop.named for hop in hops) else (1,)
    registered = [len(hop.places) for hop in hops if hop.registered]
    for targets in names:
        for holder in range(max(registered, default=1)):
            yield World(holder, targets)


def _deadline(trunk: Trunk) -> int | None:
    return None if trunk.deadline is None else ticks(trunk.deadline)


def _content(retry: Retry) -> tuple[object, ...]:
    """A policy without its name, as the machine reads it."""
    timers = retry.no_response, retry.no_progress, retry.no_answer
    return retry.rules, retry.otherwise, retry.commit, *map(ticks, timers)
