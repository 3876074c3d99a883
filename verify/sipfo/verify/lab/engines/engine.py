"""What the lab asks of an engine, so that the same scenario is played on each of them.

An engine turns a plan into the files that it runs from, runs them, and says where it cannot do what
the model does. Everything else about it is seen on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sipfo.plan.ladder import Ladder
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.runtime.secret import Secret


class EngineFailed(RuntimeError):
    """An engine did not start, or died; the message has what it said last."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What of a scenario goes another way on an engine, as its capability table declares.

    `scenario` is what the engine meets in effect: the model plays it to what must be seen. `notes`
    say to a person what differs, in a sentence each. `later` is how many seconds after the model's
    time the caller may be told. `own_media` says that the engine describes a session of its own, so
    that what the caller is told does not show who answered. `told` are final codes that the caller
    gets in place of others.
    """

    scenario: Scenario
    notes: tuple[str, ...] = ()
    later: float = 0.0
    own_media: bool = False
    told: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a start is told besides the files: the passwords, whom to believe on TLS, and, of an
    engine that `takes_turns`, the place in the order that the next call gets."""

    secrets: Mapping[str, Secret]
    believed: Path | None = None
    calls_before: Mapping[str, int] = field(default_factory=dict)
    drawn: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Running(Protocol):
    """An engine that answers."""

    async def refresh(self) -> None:
        """Forget what was remembered about the outside world (names): the next call begins."""

    async def stop(self) -> None:
        """End it, and every process of it."""

    def check(self) -> None:
        """Raises EngineFailed when it has died, or said that it went wrong inside."""

    def reported(self) -> Ladder | None:
        """Its own ladder of the call that is over, from an engine that reports any."""


class Engine(Protocol):
    """One engine. `takes_turns` says that it is started for each call and told its turn; another
    one is started once, and earlier calls are really placed. `leaves_late` declares that whoever
    answers after being given up is left to hang up by itself."""

    name: str
    takes_turns: bool
    leaves_late: bool

    def missing(self) -> str | None:
        """What it lacks and how to get it; None when it is there."""

    def version(self) -> str:
        """Its version, as it says itself."""

    def prepare(self, plan: Plan, setting: Setting, folder: Path) -> None:
        """Write the files that it runs from, exactly as `sipfo compile` writes them. Raises
        ValueError for a plan that it cannot do."""

    async def start(self, plan: Plan, setting: Setting, folder: Path) -> Running:
        """Start it from the files, and wait until it answers. Raises EngineFailed, OSError."""

    def differs(self, plan: Plan, scenario: Scenario) -> Differences:
        """The declared differences that this scenario meets. Raises CannotPlay."""
