"""A call under way with somebody who asks us for credentials: every request may be challenged."""

from __future__ import annotations

import pytest

from runtime.passwords import Asking, with_auth, world_of
from runtime.world import CALLER, EAST, WEST, Callee, Caller, World, policy
from sipfo.runtime.sip.message import Request, Response

RINGS_AND_ANSWERS = ((0.1, 180), (1.0, 200))


def numbers(requests: list[Request]) -> list[int]:
    return [one.cseq.number for one in requests]


def up() -> tuple[World, Caller, Asking]:
    """A call to somebody who asks every time."""
    world = world_of(with_auth(policy(), "pbx-east"))
    methods = frozenset({"INVITE", "BYE", "UPDATE", "INFO"})
    east = Asking(world, EAST, *RINGS_AND_ANSWERS, methods=methods)
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 180, 200]
    return world, caller, east


def test_the_ack_of_an_answer_has_the_credentials_of_its_invite() -> None:
    """RFC 3261 §13.2.2.4, §22.1."""
    _, _, east = up()
    refused, acknowledged = east.requests("ACK")
    assert refused.cseq.number == 1
    assert east.credentials(acknowledged) == east.credentials(east.requests("INVITE")[1]) != []


def test_a_bye_that_is_challenged_is_sent_again() -> None:
    world, caller, east = up()
    caller.say("BYE", caller.last(200), 2)
    world.run(40)
    assert numbers(east.requests("BYE")) == [3, 4]
    assert [east.is_right(one) for one in east.requests("BYE")] == [False, True]
    assert world.engine.calls_alive == 0
    assert len(world.engine.core.transactions) == 0


@pytest.mark.parametrize("method", ["UPDATE", "INFO"])
def test_a_request_in_the_dialog_that_is_challenged_is_sent_again(method: str) -> None:
    world, caller, east = up()
    caller.say(method, caller.last(200), 2)
    world.run(4)
    assert numbers(east.requests(method)) == [3, 4]
    answers = [
        one.status for _, one in caller.heard if isinstance(one, Response) and one.cseq.number == 2
    ]
    assert answers == [200]


def test_a_reinvite_that_is_challenged_is_sent_again_and_acknowledged_with_credentials() -> None:
    world, caller, east = up()
    caller.say("INVITE", caller.last(200), 2, body=b"v=0\r\n")
    world.run(6)
    first, second, third, fourth = east.requests("INVITE")
    assert numbers([third, fourth]) == [3, 4]
    assert (third.call_id, third.to.tag, third.body) == (fourth.call_id, fourth.to.tag, b"v=0\r\n")
    assert fourth.to.tag == east.tag.encode() and first.to.tag is second.to.tag is None
    assert caller.last(200).cseq.number == 2
    last = east.requests("ACK")[-1]
    assert last.cseq.number == 4 and east.credentials(last) == east.credentials(fourth) != []


def test_what_comes_after_a_challenged_request_goes_on_counting() -> None:
    world, caller, east = up()
    for cseq in (2, 3):
        caller.say("INFO", caller.last(200), cseq)
        world.run(2.0 * cseq)
    assert numbers(east.requests("INFO")) == [3, 4, 5, 6]


def test_a_request_in_the_dialog_is_given_up_after_a_second_challenge() -> None:
    world, caller, east = up()
    east.password = "changed"
    caller.say("INFO", caller.last(200), 2)
    world.run(4)
    assert numbers(east.requests("INFO")) == [3, 4]
    assert caller.statuses()[-1] == 407


def test_in_a_dialog_another_host_is_not_answered() -> None:
    world = world_of(with_auth(policy(), "pbx-east"))
    east = Asking(world, EAST, (0, 200, {"contact": f"<sip:{WEST[0]}>"}))
    thief = Asking(world, WEST, methods=frozenset({"INVITE", "BYE"}))

    def make(request: Request, status: int, **fields: str) -> Response:
        response = Callee.make(east, request, status, **fields)
        response.headers.set(b"contact", f"<sip:{WEST[0]}>".encode())
        return response

    east.make = make  # type: ignore[method-assign]  # one callee whose Contact is elsewhere
    caller = Caller(world)
    caller.call()
    world.run(2)
    caller.say("BYE", caller.last(200), 2)
    world.run(40)
    assert len(thief.requests("BYE")) == 1
    assert thief.credentials(thief.requests("BYE")[0]) == []


def test_the_caller_never_sees_our_credentials() -> None:
    world, caller, _ = up()
    caller.say("BYE", caller.last(200), 2)
    world.run(40)
    to_caller = [message for _, flow, message in world.sent if flow.remote == CALLER]
    assert to_caller and not [
        value
        for message in to_caller
        for field in (b"authorization", b"proxy-authorization")
        for value in message.headers.lines(field)
    ]
