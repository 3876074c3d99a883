"""Messages that somebody else made: a BYE, a CANCEL, a response, by whoever guesses what can be guessed.

What we chose at random, our tags and branches, is what proves who speaks; where nothing of it is in
a message, the address does.
"""

from __future__ import annotations

import pytest

from runtime.fuzz.ongoing import STRANGER, Ongoing
from runtime.world import CALLER, EAST, PRIMARY, SIPFO
from sipfo.runtime.sip.build import make_cancel
from sipfo.runtime.sip.message import Response, parse, serialize


def changed(data: bytes, tag: bytes) -> bytes:
    """The same with another tag of ours."""
    return data.replace(b"tag=" + tag, b"tag=" + tag[::-1])


def test_a_forged_bye_with_a_wrong_tag_is_481_whoever_sends_it() -> None:
    for source in (STRANGER, CALLER, EAST):
        calls = Ongoing()
        bye = serialize(calls.caller.within("BYE", calls.answer, 60))
        calls.hear(changed(bye, calls.answer.to.tag or b""), source, SIPFO)
        calls.world.run(calls.world.now + 1)
        told = [m for _, flow, m in calls.world.sent if flow.remote == source][-1]
        assert source == EAST or (isinstance(told, Response) and told.status == 481)
        calls.goes_on()


def test_a_forged_cancel_from_elsewhere_is_481_though_its_branch_is_right() -> None:
    calls = Ongoing()
    calls.hear(serialize(make_cancel(calls.waiting)), STRANGER, SIPFO)
    calls.world.run(calls.world.now + 1)
    told = [m for _, flow, m in calls.world.sent if flow.remote == STRANGER]
    assert all(isinstance(m, Response) and m.status == 481 for m in told)
    assert calls.ringing.requests("CANCEL") == []
    calls.goes_on()


def test_a_cancel_is_believed_from_another_address_of_who_may_call() -> None:
    calls = Ongoing()
    calls.hear(serialize(make_cancel(calls.waiting)), ("192.0.2.201", 5060), SIPFO)
    calls.world.run(calls.world.now + 1)
    assert 487 in calls.caller.statuses()


@pytest.mark.parametrize("status", [100, 180, 200, 302, 407, 503, 603])
def test_a_forged_response_with_a_wrong_branch_is_nothing(status: int) -> None:
    for source in (STRANGER, EAST):
        calls = Ongoing()
        offered = calls.ringing.invite
        assert offered is not None
        forged = parse(serialize(calls.ringing.make(offered, status)))
        forged.headers.set(b"via", b"SIP/2.0/UDP 192.76.120.10:5060;branch=z9hG4bKguessed")
        assert calls.hear(serialize(forged), source, PRIMARY) == 0
        assert not calls.world.engine.core.sends
        calls.goes_on()


def test_a_response_with_two_vias_is_somebody_else_s() -> None:
    calls = Ongoing()
    offered = calls.ringing.invite
    assert offered is not None
    forged = parse(serialize(calls.ringing.make(offered, 603)))
    forged.headers.add(b"via", b"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKbelow")
    assert calls.hear(serialize(forged), EAST, PRIMARY) == 0
    calls.goes_on()


def test_a_forged_ack_or_prack_of_a_dialog_that_is_not_changes_nothing() -> None:
    calls = Ongoing()
    for method in ("ACK", "PRACK", "UPDATE", "INFO"):
        request = serialize(calls.caller.within(method, calls.answer, 70))
        calls.hear(changed(request, calls.answer.to.tag or b""), STRANGER, SIPFO)
        calls.world.run(calls.world.now + 0.5)
    calls.goes_on()
