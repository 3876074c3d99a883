"""Answered calls as papers, and papers as calls: how a call outlives the process that set it up.

A call moves when it is quiet: no request of either side under way, no 2xx without its ACK. What
would surprise: whoever set a call up goes on to answer the repetitions of what it sent, for as long
as its transactions live; only the dialogs are somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sipfo.plan.hunt import Itinerary
from sipfo.plan.model import Retry
from sipfo.plan.outcome import Judge
from sipfo.runtime.call import Call, Phase
from sipfo.runtime.core import Core
from sipfo.runtime.directory import Directory
from sipfo.runtime.estate import AccountPaper, AddressPaper, CallPaper, LegPaper
from sipfo.runtime.leg import Leg
from sipfo.runtime.login import Keyring
from sipfo.runtime.placement import Grounds, Placement, Sent
from sipfo.runtime.record import CallRecord
from sipfo.runtime.sessiontimer import Watch
from sipfo.runtime.setup import Setup
from sipfo.runtime.sip.dialog import Dialog

_NOTHING_LEFT: Final = Itinerary((), Judge(Retry(name="none", rules=(), otherwise="stop")))
"""The itinerary of a call whose plan this process has never seen."""


def paper_of(call: Call) -> CallPaper | None:
    """A call as its successor needs it; None for one that is not up, or waits for an ACK."""
    legs, record = call.legs, call.setup.record
    if call.phase is not Phase.UP or legs is None or record is None or call.is_renegotiating:
        return None
    near, far = legs
    if near.awaiting_ack or far.awaiting_ack:
        return None
    carrier = record.carrier is not None
    return CallPaper(
        record=record,
        near=_leg_paper(near, carrier),
        far=_leg_paper(far, carrier),
        session_ends=call.session_ends,
    )


def _leg_paper(leg: Leg, carrier: bool) -> LegPaper:
    dialog, login = leg.dialog, leg.login
    account = None
    if login is not None:
        hosts = tuple(sorted(login.hosts))
        account = AccountPaper(carrier=carrier, name=login.name, target=login.target, hosts=hosts)
    return LegPaper(
        call_id=dialog.call_id,
        local=AddressPaper.of(dialog.local),
        remote=AddressPaper.of(dialog.remote),
        remote_target=dialog.remote_target,
        route_set=dialog.route_set,
        local_seq=dialog.local_seq,
        remote_seq=dialog.remote_seq,
        secure=dialog.secure,
        flow=leg.flow,
        trusted=leg.trusted,
        stays=leg.stays,
        least_interval=leg.least_interval,
        refers=leg.rare.refers,
        account=account,
    )


def _leg(core: Core, keyring: Keyring, paper: LegPaper) -> Leg:
    dialog = Dialog(
        paper.call_id,
        paper.local.address(),
        paper.remote.address(),
        paper.remote_target,
        paper.route_set,
        paper.local_seq,
        paper.remote_seq,
        paper.secure,
    )
    known = paper.account
    login = None
    if known is not None:
        login = keyring.again(known.carrier, known.name, known.target, frozenset(known.hosts))
    leg = Leg(core, dialog, paper.flow, login, paper.trusted)
    leg.least_interval = paper.least_interval
    leg.stays = paper.stays
    leg.rare.refers.update(paper.refers)
    return leg


class _Past(Setup):
    """The set-up of an inherited call, which is over: what is left of it to know and to give back."""

    __slots__ = ("_known", "_left")

    def __init__(self, grounds: Grounds, record: CallRecord) -> None:
        self._grounds = grounds
        self._known = record
        self._left = False
        self.record = record
        self.live = {}

    def begin(self, now: float) -> None:
        """It counts against the limits of its trunk and carrier, as it did before."""
        self._grounds.trunks.take(self._known.trunk, now, again=True)
        if self._known.carrier is not None:
            self._grounds.standing.carriers.take(self._known.carrier, now, again=True)

    def call_ended(self) -> None:
        """Told by the call."""
        if self._left:
            return
        self._left = True
        self._grounds.trunks.give_back(self._known.trunk)
        if self._known.carrier is not None:
            self._grounds.standing.carriers.give_back(self._known.carrier)

    def let_go(self) -> None:
        """Told by the call: nothing here leads back to it."""

    @property
    def placement(self) -> Placement:
        """What is left of it: nothing will be tried any more."""
        one = self._known
        return Placement(one.call, one.trunk, one.number, _NOTHING_LEFT, 0, plan=one.plan)

    @property
    def started(self) -> float:
        return self._known.began

    @property
    def source(self) -> str:
        return self._known.source

    @property
    def attempts_made(self) -> int:
        return len(self._known.ladder.attempts)

    @property
    def latest(self) -> Sent | None:
        attempts = self._known.ladder.attempts
        if not attempts:
            return None
        return Sent(attempts[-1].route, attempts[-1].target or "")


class InheritedCall(Call):
    """A call that another process set up."""

    __slots__ = ("_far",)

    def __init__(
        self,
        grounds: Grounds,
        directory: Directory,
        paper: CallPaper,
        gone: Callable[[Call], None],
        now: float,
    ) -> None:
        """It is up from here. `gone` is told when nothing of it is left."""
        core = grounds.core
        past = _Past(grounds, paper.record)
        near, self._far = (_leg(core, grounds.keyring, one) for one in (paper.near, paper.far))
        near.join(self._far)
        self.phase = Phase.UP
        self._core = core
        self._directory = directory
        self._name = paper.record.call
        self._setup = past
        self._gone = gone
        self._attempt = None
        self._near = near
        self._watch = Watch(core, self._session_expired)
        self._expiry = None
        self._reinvites = {}
        self._released = False
        past.begin(now)
        if paper.session_ends is not None:
            self._watch.end_at(paper.session_ends)
        directory.add(near, self)
        directory.add(self._far, self)
        if core.origins is not None:
            core.origins.note(self._far.dialog.call_id, near.dialog.call_id)

    @property
    def far_call_ids(self) -> list[bytes]:
        """That of whoever answered: nobody here has heard of the others."""
        return [self._far.dialog.call_id]

    @property
    def call_id(self) -> bytes:
        """The caller's."""
        assert self._near is not None  # it was made with one
        return self._near.dialog.call_id

    def _release(self, now: float) -> None:
        if self._near is not None:
            self._directory.remove(self._near)
        self._directory.remove(self._far)
        super()._release(now)

    def _let_go(self) -> None:
        self._watch.let_go()
        for leg in (self._near, self._far):
            if leg is not None:
                leg.part()
