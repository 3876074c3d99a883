"""Session timers between two sides (RFC 4028)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, WEST, Address, Callee, Caller, World, policy
from sipfo.runtime.record import EndRecord, Notice
from sipfo.runtime.sessiontimer import lengthen, meets, not_longer
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response

TOO_SHORT = (0.1, 422, {"min_se": "1800"})
LONG = {"session_expires": "1800;refresher=uac", "require": "timer"}


class Refusing(Phone):
    """A phone that refuses the first INVITE and answers what comes instead of it."""

    def __init__(self, world: World, then: dict[str, str]) -> None:
        super().__init__(world, EAST, TOO_SHORT)
        self.then = then

    def request(self, request: Request, source: Address) -> None:
        if request.method == "INVITE" and len(self.requests("INVITE")) == 2:
            self.invite, self.source = request, source
            self._later(request, source, (0.1, 200, self.then))
        else:
            super().request(request, source)


def fields(**values: str) -> Headers:
    return Headers([(name.replace("_", "-").encode(), v.encode()) for name, v in values.items()])


def call_with(expires: str, **answer: str) -> tuple[World, Caller, Phone]:
    """A call whose ends have agreed on a session of so many seconds."""
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200, {"session_expires": expires, **answer}))
    caller = Caller(world)
    caller.call(supported="timer", session_expires="1800", min_se="90")
    world.run(1)
    return world, caller, phone


def test_interval_least_and_refresher_cross_both_ways() -> None:
    _, caller, phone = call_with("1200;refresher=uas", require="timer")
    (invite,) = phone.requests("INVITE")
    assert invite.headers.all(b"supported") == [b"timer"]
    assert invite.headers.lines(b"session-expires") == [b"1800"]
    assert invite.headers.lines(b"min-se") == [b"90"]
    answer = caller.last(200).headers
    assert answer.lines(b"session-expires") == [b"1200;refresher=uas"]
    assert answer.all(b"require") == [b"timer"]


def test_422_is_repaired_on_the_same_target_and_is_no_attempt() -> None:
    """RFC 4028 §7.3: one CSeq higher, the same Call-ID, From and To."""
    world = World(policy())
    phone = Refusing(world, LONG)
    west = Callee(world, WEST, (0, 200))
    Caller(world).call(supported="timer", session_expires="600")
    world.run(3)
    first, second = phone.requests("INVITE")
    assert (first.call_id, first.from_, first.to) == (second.call_id, second.from_, second.to)
    assert (first.cseq.number, second.cseq.number) == (1, 2)
    assert second.headers.lines(b"session-expires") == [b"1800;refresher=uac"]
    assert second.headers.lines(b"min-se") == [b"1800"]
    assert world.attempts == [("us.primary", "pbx-east", "200")]
    assert west.requests("INVITE") == []


def test_after_a_repair_each_side_has_its_own_interval() -> None:
    """RFC 4028 §9: an answer "MUST NOT increase" what was asked for."""
    world = World(policy())
    phone = Refusing(world, LONG)
    caller = Caller(world)
    caller.call(supported="timer", session_expires="600")
    world.run(3)
    assert caller.last(200).headers.lines(b"session-expires") == [b"600;refresher=uac"]
    phone.script = ((0.1, 200, LONG),)
    caller.say(
        "UPDATE", caller.last(200), 2, supported="timer", session_expires="600;refresher=uac"
    )
    world.run(5)
    (refresh,) = phone.requests("UPDATE")
    assert refresh.headers.lines(b"session-expires") == [b"1800;refresher=uac"]
    assert refresh.headers.lines(b"min-se") == [b"1800"]


def test_422_is_repaired_once_only() -> None:
    world = World(policy())
    phone = Phone(world, EAST, TOO_SHORT)
    phone.request = lambda request, source: (  # type: ignore[method-assign]  # refuses every INVITE
        phone.reply(request, source, 422, min_se=str(1800 * len(phone.requests("INVITE"))))
        if request.method == "INVITE"
        else None
    )
    caller = Caller(world)
    caller.call(supported="timer", session_expires="600")
    world.run(3)
    assert len(phone.requests("INVITE")) == 2
    assert caller.last(422).headers.lines(b"min-se") == [b"3600"]
    assert world.attempts == [("us.primary", "pbx-east", "422")]


def test_422_goes_to_a_caller_that_lets_the_other_side_refresh() -> None:
    world = World(policy())
    phone = Refusing(world, LONG)
    caller = Caller(world)
    caller.call(supported="timer", session_expires="600;refresher=uas")
    world.run(3)
    assert len(phone.requests("INVITE")) == 1
    assert caller.last(422).headers.lines(b"min-se") == [b"1800"]


def test_422_is_repaired_for_a_caller_that_knows_no_timers() -> None:
    """RFC 4028 §8.1: only proxies asked; refusing would fail the call."""
    world = World(policy())
    phone = Refusing(world, {"session_expires": "1800;refresher=uas"})
    caller = Caller(world)
    caller.call(session_expires="600")
    world.run(3)
    assert phone.requests("INVITE")[1].headers.lines(b"session-expires") == [b"1800"]
    assert caller.last(200).headers.lines(b"session-expires") == [b"1800;refresher=uas"]


def test_caller_that_leaves_during_a_repair_leaves_no_invite_behind() -> None:
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 180), (1.0, 422, {"min_se": "1800"}))
    caller = Caller(world)
    caller.call(supported="timer", session_expires="600")
    world.after(0.99, caller.cancel)
    world.run(40)
    assert len(phone.requests("INVITE")) == 1
    assert caller.statuses()[-1] == 487


def test_session_that_nobody_refreshes_is_ended_on_both_sides() -> None:
    """RFC 4028 §10."""
    world, caller, phone = call_with("120;refresher=uac")
    world.run(115)
    assert world.engine.calls_alive == 1
    world.run(125)
    for end in (caller, phone):
        (bye,) = end.requests("BYE")
        assert bye.headers.lines(b"reason") == [b'SIP;cause=408;text="Session expired"']
    assert [one.by for one in world.records if isinstance(one, EndRecord)] == ["sipfo"]
    assert any(isinstance(one, Notice) and "session expired" in one.text for one in world.records)


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_refresh_of_either_side_extends_the_session(method: str) -> None:
    world, caller, phone = call_with("120;refresher=uac")
    plain = phone.make
    phone.script = ((0.1, 200, {"session_expires": "120;refresher=uac"}),)
    if method == "UPDATE":
        phone.request = lambda request, source: world.deliver(  # type: ignore[method-assign]  # refreshed
            plain(request, 200, session_expires="120;refresher=uac"), EAST, source
        )
    world.run(60)
    caller.say(method, caller.last(200), 2, supported="timer", session_expires="120;refresher=uac")
    world.run(175)
    assert world.engine.calls_alive == 1
    world.run(185)
    assert world.engine.calls_alive == 0


def test_refusal_of_a_refresh_crosses_and_extends_nothing() -> None:
    """RFC 4028 §10: only a 2xx does."""
    world, caller, phone = call_with("120;refresher=uac")
    phone.script = ((0.1, 422, {"min_se": "600"}),)
    world.run(60)
    caller.say("INVITE", caller.last(200), 2, supported="timer", session_expires="120")
    world.run(65)
    assert caller.last(422).headers.lines(b"min-se") == [b"600"]
    assert len(phone.requests("INVITE")) == 2
    world.run(125)
    assert world.engine.calls_alive == 0


def test_answer_without_an_interval_turns_the_timer_off() -> None:
    """RFC 4028 §7.2."""
    world, caller, phone = call_with("120;refresher=uac")
    phone.script = ((0.1, 200),)
    caller.say("INVITE", caller.last(200), 2, supported="timer")
    world.run(2)
    caller.ack(caller.last(200))
    world.run(1000)
    assert world.engine.calls_alive == 1


def test_no_session_is_watched_for_less_than_90_seconds() -> None:
    """RFC 4028 §4: no interval is shorter; a peer that says one second would end the call."""
    world, _, _ = call_with("1")
    world.run(80)
    assert world.engine.calls_alive == 1


def test_bye_before_the_end_leaves_no_timer() -> None:
    world, caller, phone = call_with("120;refresher=uac")
    caller.say("BYE", caller.last(200), 2)
    world.run(200)
    assert len(phone.requests("BYE")) == 1 and caller.requests("BYE") == []


@pytest.mark.parametrize("least", ["600", "90000", "soon", ""])
def test_422_that_asks_for_nothing_longer_or_for_too_much_is_not_met(least: str) -> None:
    refusal = Response(422, b"", fields(min_se=least))
    assert meets(fields(supported="timer", session_expires="600"), refusal) is None


def test_422_to_an_invite_without_an_interval_is_not_met() -> None:
    assert meets(fields(supported="timer"), Response(422, b"", fields(min_se="1800"))) is None


def test_lengthen_keeps_a_larger_least_and_leaves_a_longer_interval() -> None:
    headers = fields(session_expires="600;refresher=uas", min_se="2000")
    lengthen(headers, 1800)
    assert headers.lines(b"min-se") == [b"2000"]
    longer = fields(session_expires="3600")
    lengthen(longer, 1800)
    assert longer == fields(session_expires="3600")


def test_not_longer_leaves_what_is_not_longer() -> None:
    back = fields(session_expires="600;refresher=uac")
    not_longer(back, fields(supported="timer", session_expires="600"))
    assert back == fields(session_expires="600;refresher=uac")
