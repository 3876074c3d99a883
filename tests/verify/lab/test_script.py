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
