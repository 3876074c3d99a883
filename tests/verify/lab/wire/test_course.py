"""What was said becomes the course of one call: tries by their branch, and when everything was."""

from __future__ import annotations

from sipfo.verify.lab.wire.course import branches, trace
from sipfo.verify.lab.wire.heard import Refused
from verify.lab.wire.messages import (
    CALLER,
    DOOR,
    EAST,
    PRIMARY,
    WEST,
    placed,
    request,
    response,
    said,
    told,
)

FIRST = said(0.1, PRIMARY, EAST, request("INVITE", "z9hG4bK.0"))


def test_a_try_for_each_branch_with_what_was_answered() -> None:
    again = said(0.6, PRIMARY, EAST, request("INVITE", "z9hG4bK.0"))
    ringing = said(0.7, EAST, PRIMARY, response(180, "z9hG4bK.0"))
    failed = said(0.8, EAST, PRIMARY, response(503, "z9hG4bK.0"))
    failed_again = said(0.9, EAST, PRIMARY, response(486, "z9hG4bK.0"))
    second = said(1.0, PRIMARY, WEST, request("INVITE", "z9hG4bK.1"))
    course = trace(
        [placed(), FIRST, again, ringing, failed, failed_again, second], CALLER[0], {DOOR}
    )
    assert [(one.at, one.destination) for one in course.tries] == [(0.1, EAST), (1.0, WEST)]
    east = course.tries[0]
    assert east.provisionals == [(0.7, 180)]
    assert east.final is not None
    assert (east.final[0], east.final[1].status) == (0.8, 503)


def test_the_call_is_placed_given_up_and_told() -> None:
    gave_up = said(1.0, CALLER, DOOR, request("CANCEL", "z9hG4bKcaller"))
    cancelled = said(1.1, PRIMARY, EAST, request("CANCEL", "z9hG4bK.0"))
    course = trace([placed(), FIRST, gave_up, cancelled, told(1.2, 487)], CALLER[0], {DOOR})
    assert (course.placed, course.gave_up) == (0.0, 1.0)
    assert course.told is not None
    assert (course.told[0], course.told[1].status) == (1.2, 487)
    assert course.tries[0].cancelled == 1.1


def test_a_challenged_caller_is_counted_from_its_second_invite() -> None:
    again = said(0.4, CALLER, DOOR, request("INVITE", "z9hG4bKproven"))
    answer = said(0.9, DOOR, CALLER, response(200, "z9hG4bKproven"))
    course = trace([placed(), told(0.1, 407), again, answer], CALLER[0], {DOOR})
    assert course.placed == 0.4
    assert course.told is not None
    assert course.told[1].status == 200


def test_what_belongs_to_an_earlier_call_is_no_try() -> None:
    known = branches([FIRST])
    late = said(0.2, PRIMARY, EAST, request("INVITE", "z9hG4bK.0"))
    assert trace([placed(), late], CALLER[0], {DOOR}, known).tries == []


def test_an_invite_within_the_dialog_is_no_try() -> None:
    again = said(0.2, PRIMARY, EAST, request("INVITE", "z9hG4bK.9", tag="callee"))
    assert trace([placed(), again], CALLER[0], {DOOR}).tries == []


def test_a_refused_datagram_belongs_to_its_try() -> None:
    (one,) = trace([placed(), FIRST, Refused(0.11, "udp", PRIMARY, EAST)], CALLER[0], {DOOR}).tries
    assert one.refused == 0.11


def test_a_refused_connection_is_a_try_of_its_own() -> None:
    refused = Refused(0.2, "tcp", (PRIMARY[0], 40001), WEST)
    (one,) = trace([placed(), refused], CALLER[0], {DOOR}).tries
    assert (one.invite, one.refused, one.destination) == (None, 0.2, WEST)


def test_an_error_about_anything_else_is_nothing() -> None:
    assert trace([placed(), Refused(0.2, "udp", EAST, PRIMARY)], CALLER[0], {DOOR}).tries == []


def test_events_are_taken_by_their_time() -> None:
    failed = said(0.8, EAST, PRIMARY, response(503, "z9hG4bK.0"))
    (one,) = trace([failed, FIRST, placed()], CALLER[0], {DOOR}).tries
    assert one.final is not None
