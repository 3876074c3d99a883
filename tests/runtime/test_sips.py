"""SIPS URIs: RFC 3261 §12.1.1 and RFC 5630."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import CALLER, EAST, SIPFO, World, policy
from sipfo.plan.model import Listen
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response

TLS = Listen(transport="tls", host=SIPFO[0], port=5071, certificate="/x.pem")
OVER_TLS = Flow("tls", (SIPFO[0], 5071), CALLER, connection=1)
OVER_UDP = Flow("udp", SIPFO, CALLER)
OURS = b"<sips:192.0.2.10:5071>"


def invite(uri: str, contact: str = "sip:ann@192.0.2.200", more: str = "") -> bytes:
    return (
        f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.200;branch=z9hG4bKs\r\n{more}"
        f"From: <{contact}>;tag=1\r\nTo: <{uri}>\r\nCall-ID: s\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <{contact}>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def called(data: bytes, flow: Flow, *listen: Listen) -> World:
    """What comes of an INVITE that arrives on a flow."""
    plan = policy(routes={"pbx": (f"sip:{EAST[0]}",)}, egress=("us.primary",))
    world = World(plan.model_copy(update={"listen": (*plan.listen, *listen)}))
    Phone(world, EAST, (0.1, 200))
    world.engine.receive(data, flow, world.now)
    world.run(1)
    return world


def answer(world: World) -> Response:
    return next(one for _, _, one in world.sent if isinstance(one, Response) and one.status >= 200)


@pytest.mark.parametrize(
    ("uri", "contact", "more"),
    [
        ("sips:+13125550123@192.0.2.10", "sips:ann@192.0.2.200", ""),
        ("sips:+13125550123@192.0.2.10", "sip:ann@192.0.2.200", ""),
        ("SIPS:+13125550123@192.0.2.10", "sips:ann@192.0.2.200", ""),
        ("sip:+13125550123@192.0.2.10", "sips:ann@192.0.2.200", ""),
        (
            "sip:+13125550123@192.0.2.10",
            "sip:ann@192.0.2.200",
            "Record-Route: <sips:192.0.2.201;lr>, <sip:192.0.2.202;lr>\r\n",
        ),
    ],
)
@pytest.mark.parametrize("flow", [OVER_TLS, OVER_UDP])
def test_whoever_says_sips_is_told_a_sips_contact(
    uri: str, contact: str, more: str, flow: Flow
) -> None:
    world = called(invite(uri, contact, more), flow, TLS)
    assert answer(world).headers.lines(b"contact") == [OURS]


@pytest.mark.parametrize(
    "more", ["", "Record-Route: <sip:192.0.2.201;lr>, <sips:192.0.2.202;lr>\r\n"]
)
def test_nobody_else_is(more: str) -> None:
    """RFC 5630 §5.1.1.2, though it came over TLS."""
    data = invite("sip:+13125550123@192.0.2.10", more=more)
    heard = answer(called(data, OVER_TLS, TLS))
    assert heard.headers.lines(b"contact") == [b"<sip:192.0.2.10:5071;transport=tls>"]


def test_where_nothing_listens_on_tls_sips_is_not_allowed() -> None:
    """RFC 5630 §5.1.2."""
    world = called(invite("sips:+13125550123@192.0.2.10"), OVER_UDP)
    refused = answer(world)
    assert refused.status == 480
    assert refused.headers.lines(b"warning") == [b'380 192.0.2.10:5060 "SIPS Not Allowed"']
    assert world.sent_to(EAST, "INVITE") == []


def test_requests_in_the_call_say_the_same_contact() -> None:
    """RFC 3261 §12.2.1.1: "If the 'secure' flag is true, that URI MUST be a SIPS URI"."""
    world = called(invite("sips:+13125550123@192.0.2.10", "sips:ann@192.0.2.200"), OVER_TLS, TLS)
    east = world.peers[EAST]
    assert isinstance(east, Phone)
    east.say("UPDATE", 1)
    world.run(2)
    (update,) = (
        message
        for _, flow, message in world.sent
        if isinstance(message, Request)
        and message.method == "UPDATE"
        and flow.remote[0] == CALLER[0]
    )
    assert update.headers.lines(b"contact") == [OURS]
