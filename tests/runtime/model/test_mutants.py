"""The search finds what it is there for: each defect, put into the engine on purpose, breaks a law.

Each names the law that it breaks, so that no defect is found by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from inspect import isfunction
from typing import Any

import pytest

from runtime.model.explore import Found, explore
from runtime.model.policies import POLICIES, Small
from runtime.model.stage import ANYTHING, FAILING, FORKING, LEAVING, PICKING_UP
from sipfo.plan import hunt
from sipfo.plan.outcome import Outcome
from sipfo.plan.table import TABLE, Op, Sign, State
from sipfo.runtime.answer import Answer
from sipfo.runtime.attempt import Attempt
from sipfo.runtime.call import Call
from sipfo.runtime.graves import Graves
from sipfo.runtime.inbound import Inbound
from sipfo.runtime.outgoing import OutgoingInvite
from sipfo.runtime.quotas import Quotas
from sipfo.runtime.setup import Setup
from sipfo.runtime.sip import build
from sipfo.runtime.sip.message import Request

TWO_ROUTES, COMMIT, DEADLINE, FORWARD, TARGETS, TCP = POLICIES

pytestmark = pytest.mark.skipif(
    not isfunction(Setup.begin),
    reason="a compiled engine cannot be changed on purpose: the uncompiled tests look for mutants",
)

Patch = pytest.MonkeyPatch


def nothing(*arguments: Any, **named: Any) -> None:
    """Does nothing, whatever it is told."""


def cancels_early(patch: Patch) -> None:
    """A CANCEL goes out although nothing was heard."""
    real = OutgoingInvite.take_back

    def take_back(self: OutgoingInvite, *rest: Any) -> None:
        self._provisional = True
        real(self, *rest)

    patch.setattr(OutgoingInvite, "take_back", take_back)


def forgets_the_grave(patch: Patch) -> None:
    """What picks up after the transaction is gone is nobody's."""
    patch.setattr(Graves, "bury", nothing)


def takes_no_second_answer_back(patch: Patch) -> None:
    """The second one that picks up of a forked INVITE is taken for a repetition."""
    patch.setattr(Attempt, "_is_unwanted", lambda self, response: self.given_up)


def takes_a_late_answer_for_the_call_s(patch: Patch) -> None:
    """Who picks up after being given up is talked to."""
    patch.setattr(Attempt, "_is_unwanted", lambda self, response: False)


def ignores_the_caller(patch: Patch) -> None:
    """A caller that leaves is told so, and the hunt goes on."""
    patch.setattr(Setup, "caller_left", nothing)


def goes_on_without_the_caller(patch: Patch) -> None:
    """The next attempt starts when the caller leaves."""
    row = dict(TABLE[State.CALLING])
    row[Sign.CALLER_LEFT] = (State.ENDED, (Op.CUT_ATTEMPT, Op.CANCELLED, Op.INVITE_FIRST))
    patch.setitem(TABLE, State.CALLING, row)


def one_tag_for_all(patch: Patch) -> None:
    """Every early dialog is one and the same toward the caller."""
    real = Inbound._leg

    def leg(self: Inbound, *arguments: Any) -> Any:
        tokens = self._core.entropy
        self._core.entropy = lambda: "same"
        try:
            return real(self, *arguments)
        finally:
            self._core.entropy = tokens

    patch.setattr(Inbound, "_leg", leg)


def never_acknowledges(patch: Patch) -> None:
    """The caller's ACK does not cross."""
    patch.setattr(Answer, "_acknowledge_far", nothing)


def keeps_what_it_counts(patch: Patch) -> None:
    """A call that is over is counted for ever."""
    patch.setattr(Quotas, "give_back", nothing)


def cancels_another(patch: Patch) -> None:
    """The CANCEL has a branch of its own."""
    real = build.make_cancel

    def make_cancel(invite: Request, *rest: Any) -> Request:
        cancel = real(invite, *rest)
        cancel.headers.set(b"cseq", b"2 CANCEL")
        return cancel

    patch.setattr("sipfo.runtime.outgoing.make_cancel", make_cancel)


def finds_no_early_dialog(patch: Patch) -> None:
    """The BYE of an early dialog whose attempt is over finds nobody."""
    real = Inbound.forget

    def forget(self: Inbound, *arguments: Any, **named: Any) -> None:
        real(self, *arguments, **named)
        for near in self._parted:
            self._directory.remove(near)

    patch.setattr(Inbound, "forget", forget)


def keeps_its_dialogs(patch: Patch) -> None:
    """Early dialogs stay known for ever."""
    patch.setattr(Inbound, "forget", nothing)


def fails_over_after_a_commit(patch: Patch) -> None:
    """Ringing commits to nothing."""
    real = hunt.Hunt._failure

    def failure(self: hunt.Hunt, outcome: Outcome) -> Sign:
        return real(replace(self, state=State.RINGING), outcome)

    patch.setattr(hunt.Hunt, "_failure", failure)
    patch.setitem(TABLE, State.COMMITTED, TABLE[State.RINGING])


def reports_no_end(patch: Patch) -> None:
    """A call that was answered leaves no record of its end."""
    patch.setattr(Call, "_report", nothing)


def loses_a_failed_attempt(patch: Patch) -> None:
    """Whoever picks up although the transport failed is not looked for."""
    real = Attempt.invite_failed

    def invite_failed(self: Attempt, *arguments: Any) -> None:
        given_up = self.given_up
        real(self, *arguments)
        self.given_up = given_up

    patch.setattr(Attempt, "invite_failed", invite_failed)


def leaves_it_ringing(patch: Patch) -> None:
    """A connection that breaks is taken for the end of the ringing."""
    patch.setattr(OutgoingInvite, "call_off", nothing)


Mutant = Callable[[Patch], None]

MUTANTS: list[tuple[Mutant, Small, frozenset[str], int, str]] = [
    (cancels_early, TWO_ROUTES, LEAVING, 2, "a CANCEL before a provisional"),
    (cancels_another, TWO_ROUTES, LEAVING, 2, "CANCEL's CSeq number"),
    (forgets_the_grave, TWO_ROUTES, PICKING_UP, 4, "no ACK and BYE"),
    (loses_a_failed_attempt, TCP, PICKING_UP, 2, "no ACK and BYE"),
    (leaves_it_ringing, TCP, FAILING, 2, "left ringing"),
    (takes_no_second_answer_back, TWO_ROUTES, FORKING, 2, "no ACK and BYE"),
    (takes_a_late_answer_for_the_call_s, TWO_ROUTES, LEAVING, 2, "no ACK and BYE"),
    (never_acknowledges, TWO_ROUTES, FORKING, 3, "a BYE before the ACK"),
    (ignores_the_caller, TARGETS, LEAVING, 2, "has no final response"),
    (goes_on_without_the_caller, TWO_ROUTES, LEAVING, 1, "an INVITE left after"),
    (finds_no_early_dialog, TWO_ROUTES, LEAVING, 3, "has no final response"),
    (fails_over_after_a_commit, COMMIT, FAILING, 2, "an INVITE left after a commit"),
    (one_tag_for_all, FORWARD, ANYTHING, 3, "two SDP answers in one dialog"),
    (keeps_its_dialogs, DEADLINE, LEAVING, 2, "dialogs are left"),
    (keeps_what_it_counts, FORWARD, FAILING, 1, "counts a call"),
    (reports_no_end, TWO_ROUTES, FORKING, 1, "an answered call without an end"),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda row: row[0].__name__)
def test_each_defect_is_found(
    mutant: tuple[Mutant, Small, frozenset[str], int, str], monkeypatch: Patch
) -> None:
    spoil, small, words, depth, law = mutant
    spoil(monkeypatch)
    with pytest.raises(Found) as found:
        explore(small, depth, words)
    assert law in found.value.law


def test_what_is_found_says_by_which_events(monkeypatch: Patch) -> None:
    cancels_early(monkeypatch)
    with pytest.raises(Found, match="two routes: INVITE 1: a CANCEL before a provisional, after:"):
        explore(TWO_ROUTES, 1)
