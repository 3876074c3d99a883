"""Requests too large for UDP go over TCP, and back over UDP where nobody takes TCP (RFC 3261
§18.1.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.phones import Phone
from runtime.sip.strategies import messages
from runtime.world import EAST, PRIMARY, SDP, WEST, Callee, Caller, World, policy
from sipfo.runtime.oversize import (
    LARGEST,
    OPENED_WITHIN,
    REMEMBERED,
    UDP_ONLY_FOR,
    Oversize,
    size,
)
from sipfo.runtime.record import AttemptRecord
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Message, Request, serialize

LARGE = SDP + b"a=x:" + b"y" * LARGEST + b"\r\n"
UDP = Flow("udp", PRIMARY, EAST)
TCP = UDP._replace(transport="tcp", opened_within=OPENED_WITHIN)


def request(length: int) -> Request:
    """An INVITE of so many bytes."""
    via = b"SIP/2.0/UDP 192.76.120.10:5060;branch=z9hG4bKx;rport"
    made = Request("INVITE", b"sip:a@b.example", Headers([(b"via", via)]))
    # A body of more than 999 bytes has a Content-Length three digits longer than that of none.
    made.body = b"x" * (length - size(made) - 3)
    assert len(serialize(made)) == length
    return made


def one_route() -> World:
    return World(policy(routes={"pbx": (f"sip:{EAST[0]}",)}, egress=("us.primary",)))


def attempts(world: World) -> list[tuple[str | None, str]]:
    found = [one.attempt for one in world.records if isinstance(one, AttemptRecord)]
    return [(one.target, one.outcome) for one in found]


def transports(world: World, method: str = "INVITE") -> list[tuple[float, str, bytes]]:
    """When, over what, and with which transport in its Via each request went to EAST."""
    return [
        (round(at, 2), flow.transport, message.headers.lines(b"via")[0].split(b" ")[0])
        for at, flow, message in world.sent
        if flow.remote == EAST and isinstance(message, Request) and message.method == method
    ]


@given(messages().filter(lambda one: isinstance(one, Request)))
def test_the_size_of_a_request_is_that_of_what_is_written(message: Message) -> None:
    assert isinstance(message, Request)
    assert size(message) == len(serialize(message))


@pytest.mark.parametrize(("length", "transport"), [(LARGEST, "udp"), (LARGEST + 1, "tcp")])
def test_the_largest_datagram_is_of_1300_bytes(length: int, transport: str) -> None:
    made = request(length)
    fitted, flow = Oversize().fit(made, UDP, 0.0)
    assert flow.transport == fitted.via.transport == transport
    assert fitted.via.branch == made.via.branch
    assert len(serialize(fitted)) == length


@pytest.mark.parametrize("transport", ["tcp", "tls"])
def test_what_goes_over_a_connection_is_left_alone(transport: str) -> None:
    made, flow = request(2000), UDP._replace(transport=transport)
    assert Oversize().fit(made, flow, 0.0) == (made, flow)


def test_a_target_that_did_not_take_tcp_is_remembered_for_a_while() -> None:
    oversize = Oversize()
    oversize.unopened(TCP, 1.0)
    made = request(2000)
    assert oversize.fit(made, UDP, 1.0 + UDP_ONLY_FOR - 0.1)[1] is UDP
    assert oversize.fit(made, UDP, 1.0 + UDP_ONLY_FOR)[1] == TCP
    assert oversize.fit(made, UDP._replace(remote=WEST), 1.0)[1].transport == "tcp"


def test_only_a_request_that_changed_for_its_size_goes_back() -> None:
    oversize = Oversize()
    assert not oversize.goes_back(TCP, 0.0)  # a connection that broke: it may have been read
    oversize.unopened(TCP, 0.0)
    assert oversize.goes_back(TCP, 0.0)
    assert not oversize.goes_back(TCP._replace(opened_within=None), 0.0)


@given(st.integers(1, 3))
def test_what_is_remembered_is_bounded(more: int) -> None:
    oversize = Oversize()
    for n in range(REMEMBERED + more):
        oversize.unopened(TCP._replace(remote=(EAST[0], n)), 0.0)
    made = request(2000)
    first, last = ((EAST[0], n) for n in (0, REMEMBERED + more - 1))
    assert oversize.fit(made, UDP._replace(remote=first), 0.0)[1].transport == "tcp"
    assert oversize.fit(made, UDP._replace(remote=last), 0.0)[1].transport == "udp"


def test_a_small_invite_goes_over_udp() -> None:
    world = one_route()
    Callee(world, EAST, (0.1, 486))
    Caller(world).call()
    world.run(1)
    assert attempts(world) == [(f"udp:{EAST[0]}:5060", "486")]


def test_a_large_invite_goes_over_tcp_to_the_same_target() -> None:
    world = one_route()
    Callee(world, EAST, (0.1, 486))
    Caller(world).call(body=LARGE)
    world.run(1)
    assert attempts(world) == [(f"tcp:{EAST[0]}:5060", "486")]
    assert transports(world) == [(0.01, "tcp", b"SIP/2.0/TCP")]
    assert transports(world, "ACK") == [(0.13, "tcp", b"SIP/2.0/TCP")]


@pytest.mark.parametrize("takes", [0.01, OPENED_WITHIN])
def test_no_tcp_is_no_failure_and_no_attempt_of_its_own(takes: float) -> None:
    world = one_route()
    (world.drops_tcp if takes == OPENED_WITHIN else world.no_tcp).add(EAST)
    Callee(world, EAST, (0.1, 486))
    caller = Caller(world)
    caller.call(body=LARGE)
    world.run(3)
    assert attempts(world) == [(f"udp:{EAST[0]}:5060", "486")]
    assert transports(world) == [
        (0.01, "tcp", b"SIP/2.0/TCP"),
        (round(0.01 + takes, 2), "udp", b"SIP/2.0/UDP"),
    ]
    caller.call(body=LARGE)
    world.run(6)
    assert [transport for _, transport, _ in transports(world)] == ["tcp", "udp", "udp"]
    assert attempts(world) == [(f"udp:{EAST[0]}:5060", "486")] * 2


def test_an_attempt_given_up_meanwhile_is_not_sent_again() -> None:
    world = one_route()
    world.drops_tcp.add(EAST)
    Callee(world, EAST, (0.1, 486))
    caller = Caller(world)
    caller.call(body=LARGE)
    world.run(0.5)
    caller.cancel()
    world.run(40)
    assert attempts(world) == [(f"tcp:{EAST[0]}:5060", "cancelled")]
    assert [transport for _, transport, _ in transports(world)] == ["tcp"]
    assert world.engine.calls_alive == 0


def test_a_connection_that_breaks_is_a_failure() -> None:
    """Whoever closed it may have read the INVITE: a second one would be another call."""
    world = one_route()
    Callee(world, EAST)
    Caller(world).call(body=LARGE)
    world.run(1)
    broken = Flow("tcp", PRIMARY, EAST, 7)
    world.after(0.1, lambda: world.engine.transport_failed(broken, world.now))
    world.run(2)
    assert attempts(world) == [(f"tcp:{EAST[0]}:5060", "transport-error")]


def test_nobody_there_at_all_is_one_transport_error() -> None:
    world = one_route()
    world.no_tcp.add(EAST)
    Caller(world).call(body=LARGE)
    world.run(1)
    assert attempts(world) == [(f"udp:{EAST[0]}:5060", "transport-error")]


def up(world: World) -> tuple[Caller, Phone]:
    """A call answered by EAST, set up over UDP."""
    phone = Phone(world, EAST, (0.1, 200, {"body": "v=0\r\n"}))
    caller = Caller(world)
    caller.call()
    world.run(1)
    assert world.answered
    return caller, phone


@pytest.mark.parametrize("taken", [True, False])
def test_large_requests_within_a_call_are_carried_too(taken: bool) -> None:
    world = one_route()
    if not taken:
        world.no_tcp.add(EAST)
    caller, phone = up(world)
    caller.say("INFO", caller.last(200), 2, LARGE, content_type="text/plain")
    world.run(2)
    caller.say("INVITE", caller.last(200), 3, LARGE, content_type="application/sdp")
    world.run(3)
    assert [one.body for one in phone.requests("INFO")] == [LARGE]
    assert phone.requests("INVITE")[-1].body == LARGE
    # What the INFO found out, the re-INVITE knows.
    expected = ["tcp"] if taken else ["tcp", "udp"]
    assert [one for _, one, _ in transports(world, "INFO")] == expected
    assert [one for _, one, _ in transports(world)] == ["udp", expected[-1]]
    assert [one for _, one, _ in transports(world, "ACK")] == ["udp", "udp"]
    assert caller.statuses().count(200) == 3
