"""What a scripted destination says to requests that are outside of its script."""

from __future__ import annotations

import asyncio

import pytest

from sipfo.plan.scenario import Behaviour
from sipfo.runtime.sip.message import Response, parse
from sipfo.verify.lab.script import Script, Sighting
from verify.seed import does

US = ("127.0.0.2", 5060)
OPTIONS = (
    b"OPTIONS sip:127.0.0.3 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKprobe\r\n"
    b"From: <sip:127.0.0.2>;tag=1\r\nTo: <sip:127.0.0.3>\r\nCall-ID: probe\r\nCSeq: 1 OPTIONS\r\n"
    b"Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("behaviour", "statuses"),
    [
        (does("pbx-east", 503), [200]),
        (does("pbx-east", 100), [200]),
        (does("pbx-east", reach="silent"), []),
    ],
)
def test_a_probe_is_answered_whatever_the_script_says_unless_it_is_silence(
    behaviour: Behaviour, statuses: list[int]
) -> None:
    sent: list[bytes] = []
    seen: list[Sighting] = []

    async def hear() -> None:
        behaviours = {"us.primary": behaviour}
        script = Script(("127.0.0.3", 5060), "udp", behaviours, lambda source: "us.primary", seen)
        script.receive(OPTIONS, US, sent.append)
        assert script.is_quiet
        assert script.callees == ()

    asyncio.run(hear())
    responses = [parse(data) for data in sent]
    assert [one.status for one in responses if isinstance(one, Response)] == statuses
    assert [one.method for one in seen] == ["OPTIONS"]


def sip(method: str, branch: str, to: str = "<sip:127.0.0.3>", extra: str = "") -> bytes:
    """A request as a proxy sends it: one Call-ID and CSeq for all its attempts."""
    return (
        f"{method} sip:127.0.0.3 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch={branch}\r\n"
        f"From: <sip:127.0.0.2>;tag=1\r\nTo: {to}\r\nCall-ID: call\r\nCSeq: 1 {method}\r\n"
        f"Max-Forwards: 70\r\n{extra}Content-Length: 0\r\n\r\n"
    ).encode()


def played(*heard: bytes, behaviour: Behaviour | None = None) -> tuple[Script, list[Response]]:
    """What a destination that says nothing by itself answers to messages."""
    sent: list[bytes] = []

    async def hear() -> Script:
        behaviours = {"us.primary": behaviour or does("pbx-east", (180, 60.0))}
        script = Script(("127.0.0.3", 5060), "udp", behaviours, lambda source: "us.primary", [])
        for data in heard:
            script.receive(data, US, sent.append)
        while behaviour is not None and not sent:
            await asyncio.sleep(0)
        script.close()
        return script

    script = asyncio.run(hear())
    responses = [parse(data) for data in sent]
    return script, [one for one in responses if isinstance(one, Response)]


FIRST, SECOND = "z9hG4bKcall.0", "z9hG4bKcall.1"


def test_a_second_attempt_of_a_proxy_is_another_call() -> None:
    script, _ = played(sip("INVITE", FIRST), sip("INVITE", FIRST), sip("INVITE", SECOND))
    assert [one.invite.via.branch for one in script.callees] == [FIRST.encode(), SECOND.encode()]


def test_a_cancel_is_for_the_branch_that_it_has() -> None:
    script, said = played(sip("INVITE", FIRST), sip("INVITE", SECOND), sip("CANCEL", FIRST))
    assert [one.final for one in script.callees] == [487, None]
    assert [(one.status, one.cseq.method) for one in said] == [(200, "CANCEL"), (487, "INVITE")]


def test_the_ack_of_a_refusal_is_for_its_branch() -> None:
    script, _ = played(
        sip("INVITE", FIRST), sip("INVITE", SECOND), sip("CANCEL", FIRST), sip("ACK", FIRST)
    )
    assert [one.acknowledged for one in script.callees] == [True, False]


def test_within_a_dialog_it_is_the_tag_that_counts() -> None:
    script, _ = played(sip("INVITE", FIRST), sip("INVITE", SECOND))
    first, second = script.callees
    to = f"<sip:127.0.0.3>;tag={second.to_tag.decode()}"
    again, said = played(
        sip("INVITE", FIRST),
        sip("INVITE", SECOND),
        sip("ACK", "z9hG4bKack", to),
        sip("BYE", "z9hG4bKbye", to),
    )
    assert first.to_tag != second.to_tag
    assert [(one.acknowledged, one.ended) for one in again.callees] == [
        (False, False),
        (True, True),
    ]
    assert (200, "BYE") in [(one.status, one.cseq.method) for one in said]


def test_a_bye_of_no_dialog_is_told_so() -> None:
    _, said = played(sip("INVITE", FIRST), sip("BYE", "z9hG4bKbye", "<sip:127.0.0.3>;tag=nobody"))
    assert [(one.status, one.cseq.method) for one in said] == [(481, "BYE")]


def test_who_stays_on_the_way_is_said_in_what_makes_a_dialog() -> None:
    route = "Record-Route: <sip:127.0.0.2;lr>\r\n"
    answers = does("pbx-east", (200, 0.0))
    _, said = played(sip("INVITE", FIRST, extra=route), behaviour=answers)
    assert [one.headers.lines(b"record-route") for one in said] == [[b"<sip:127.0.0.2;lr>"]]
