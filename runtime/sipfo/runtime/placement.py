"""What a call is placed with, and what the calls of one engine share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.plan.ahead import Ahead
from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Egress
from sipfo.runtime.challenges import Challenges
from sipfo.runtime.core import Core
from sipfo.runtime.graves import Graves
from sipfo.runtime.locate import Target
from sipfo.runtime.login import Keyring
from sipfo.runtime.loops import Loops
from sipfo.runtime.privacy import Trusted
from sipfo.runtime.quotas import Quotas
from sipfo.runtime.reach import Nearby
from sipfo.runtime.registrar.passing import Passed
from sipfo.runtime.registrar.registrars import Registrars
from sipfo.runtime.standing import Standing


@dataclass(init=False, slots=True, unsafe_hash=True)
class Placement:
    """What is known of a call when it is placed; `hops` is the Max-Forwards it goes on with, `plan`
    the fingerprint of the plan that it keeps.

    `passed` is set for a call that another instance hunts for; `ahead` are its steps, where they
    are made one by one.
    """

    call: Final[str]
    trunk: Final[str]
    number: Final[str]
    itinerary: Final[Itinerary]
    hops: Final[int]
    pinned: Final[Target | None]
    plan: Final[str]
    passed: Final[Passed | None]
    ahead: Final[Ahead | None]

    def __init__(
        self,
        call: str,
        trunk: str,
        number: str,
        itinerary: Itinerary,
        hops: int,
        pinned: Target | None = None,
        plan: str = "",
        passed: Passed | None = None,
        ahead: Ahead | None = None,
    ) -> None:
        self.call = call
        self.trunk = trunk
        self.number = number
        self.itinerary = itinerary
        self.hops = hops
        self.pinned = pinned
        self.plan = plan
        self.passed = passed
        self.ahead = ahead

    @property
    def left_out(self) -> tuple[str, ...]:
        """Which carriers are not tried, and why, once the call has come to them."""
        return () if self.ahead is None else tuple(map(str, self.ahead.chosen.left_out))


@dataclass(frozen=True, slots=True)
class Sent:
    """Where an INVITE went: a route or carrier, and its target."""

    route: str
    target: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the calls of one engine share; `trunks` are the trunks' limits."""

    core: Core
    egress: dict[str, Egress]
    trunks: Quotas
    standing: Standing
    challenges: Challenges
    graves: Graves
    keyring: Keyring
    trusted: Trusted
    loops: Loops
    registrars: Registrars
    nearby: Nearby
