"""Which targets of a probed destination are down: what probes and calls meet, to up or down.

A target is looked at from each egress by itself, since a path may fail where another does not, and
under each destination's own `probe`. What would surprise: calls count as well as probes, so that
a dead target is down after a few calls, long before the next probe.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from sipfo.plan.model import Probe
from sipfo.plan.order import Step
from sipfo.plan.outcome import Outcome
from sipfo.runtime.commons import Alone, Commons
from sipfo.runtime.record import Notice, Record


class State(Enum):
    UP = auto()
    DOWN = auto()


class Event(Enum):
    PROBE_ANSWERED = auto()
    PROBE_FAILED = auto()
    CALL_ANSWERED = auto()
    CALL_FAILED = auto()
    ENOUGH = auto()  # so many in a row as the policy says


class Action(Enum):
    COUNT = auto()
    START_OVER = auto()
    TURN = auto()


S, E, A = State, Event, Action

TABLE: Final[dict[tuple[State, Event], tuple[State, Action]]] = {
    (S.UP, E.PROBE_ANSWERED): (S.UP, A.START_OVER),
    (S.UP, E.PROBE_FAILED): (S.UP, A.COUNT),
    (S.UP, E.CALL_ANSWERED): (S.UP, A.START_OVER),
    (S.UP, E.CALL_FAILED): (S.UP, A.COUNT),
    (S.UP, E.ENOUGH): (S.DOWN, A.TURN),
    (S.DOWN, E.PROBE_ANSWERED): (S.DOWN, A.COUNT),
    (S.DOWN, E.PROBE_FAILED): (S.DOWN, A.START_OVER),
    # All targets are down and are tried anyway, or the call was under way before.
    (S.DOWN, E.CALL_ANSWERED): (S.DOWN, A.COUNT),
    (S.DOWN, E.CALL_FAILED): (S.DOWN, A.START_OVER),
    (S.DOWN, E.ENOUGH): (S.UP, A.TURN),
}


class Path(NamedTuple):
    """An egress and a destination; a carrier may have the name of a route."""

    egress: str
    destination: str
    carrier: bool

    @classmethod
    def of(cls, step: Step) -> Path:
        """The path that a step of a call takes."""
        return cls(step.egress, step.route, step.carrier)


class _Health:
    """One target at the end of one path: its state, and how often in a row it was met otherwise."""

    __slots__ = ("count", "state")

    def __init__(self) -> None:
        self.state = State.UP
        self.count = 0

    def take(self, event: Event, probe: Probe) -> bool:
        """Whether that turned it from up to down, or back."""
        enough = probe.down_after if self.state is State.UP else probe.up_after
        self.state, action = TABLE[self.state, event]
        match action:
            case Action.COUNT:
                self.count += 1
                return self.count >= enough and self.take(Event.ENOUGH, probe)
            case Action.START_OVER:
                self.count = 0
                return False
            case Action.TURN:
                self.count = 0
                return True


class Healths:
    """Every target of every destination that is probed; one not heard of is up."""

    __slots__ = ("_commons", "_records", "_targets", "probes")

    def __init__(
        self,
        probes: Mapping[Path, Probe],
        records: deque[Record],
        commons: Commons | None = None,
    ) -> None:
        """What goes down or up is said in `records`, and to the engines of `commons`; where another
        of them leads, it is that one which judges what is met."""
        self._commons: Commons = commons or Alone()
        self.probes = probes
        """What is looked at, and how."""
        self._records = records
        self._targets: dict[Path, dict[str, _Health]] = {path: {} for path in probes}

    def declare(self, probes: Mapping[Path, Probe]) -> None:
        """These are probed from now on; what is known of a path that stays is kept."""
        self.probes = probes
        self._targets = {path: self._targets.get(path, {}) for path in probes}

    def targets(self, path: Path) -> tuple[str, ...]:
        """The targets of a path that something was met at."""
        return tuple(self._targets.get(path, ()))

    def states(self) -> Iterator[tuple[Path, str, bool]]:
        """Every target that something was met at, and whether it is down."""
        for path, targets in self._targets.items():
            for target, health in targets.items():
                yield path, target, health.state is State.DOWN

    def is_probed(self, path: Path) -> bool:
        """Whether a path is looked at."""
        return path in self.probes

    def is_doubted(self, path: Path, target: str) -> bool:
        """Whether a target that is up has failed lately, and not often enough to be down."""
        health = self._targets.get(path, {}).get(target)
        return health is not None and health.state is State.UP and health.count > 0

    def is_down(self, path: Path, target: str) -> bool:
        """Whether calls are kept away from a target."""
        health = self._targets.get(path, {}).get(target)
        return health is not None and health.state is State.DOWN

    def take(self, path: Path, target: str, event: Event) -> None:
        """What was met at a target; nothing if its destination is not probed."""
        probe = self.probes.get(path)
        if probe is None:
            return
        if not self._commons.leads:
            self._commons.met(path, target, event.name)
            return
        health = self._targets[path].setdefault(target, _Health())
        if not health.take(event, probe):
            return
        down = health.state is State.DOWN
        self._commons.turned(path, target, down)
        why = _times(probe.down_after, "failure") if down else _times(probe.up_after, "answer")
        text = f"{path.egress} to {path.destination} at {target} is {'down' if down else 'up'}"
        self._records.append(Notice("-", f"{text}: {why}"))

    def go_on(self, path: Path, target: str, is_down: bool = True) -> None:
        """A target that another engine found to be down, or up again."""
        if path in self.probes:
            state = State.DOWN if is_down else State.UP
            self._targets[path].setdefault(target, _Health()).state = state

    def keep(self, path: Path, targets: Iterable[str]) -> None:
        """Forget the targets that the destination's name does not lead to any more."""
        known = self._targets[path]
        for gone in known.keys() - set(targets):
            del known[gone]


def met_by_call(outcome: Outcome) -> Event | None:
    """What an attempt's outcome says about its target; None if nothing.

    A 503 says nothing: it may be about the called number, and is no sign of health either. An
    attempt that the caller or the deadline ended was not waited for.
    """
    if outcome.final is not None:
        return None if outcome.final.status == 503 else Event.CALL_ANSWERED
    match outcome.ending:
        case "transport-error" | "no-response":
            return Event.CALL_FAILED
        case "no-progress" | "no-answer":
            return Event.CALL_ANSWERED  # a provisional was heard
        case _:
            return None


def _times(count: int, what: str) -> str:
    return f"{count} {what}s in a row" if count > 1 else f"1 {what}"
