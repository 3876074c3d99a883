"""What passes the server is shown: all of it, once, in order, and as one call on both legs."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from runtime.wire.watched import (
    CALL_ID,
    CALLER,
    MAPS,
    ROUTES,
    SIPFO,
    TRAFFIC,
    from_caller,
    watched_call,
)
from runtime.world import policy
from sipfo.runtime.sighting import Sighting, call_id_of
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, parse
from sipfo.runtime.wire.server import Server
from sipfo.runtime.wire.tap import Tap

FLOW = Flow("udp", ("192.0.2.10", 5060), ("198.51.100.1", 5060))


class Eyes:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.seen: list[Sighting] = []
        self.closed = False

    def see(self, sighting: Sighting) -> None:
        self.seen.append(sighting)

    async def close(self) -> None:
        self.closed = True


def word(data: bytes) -> str:
    message = parse(data)
    return message.method if isinstance(message, Request) else str(message.status)


def test_every_message_of_a_call_is_shown_once_with_its_real_ends_and_transport() -> None:
    eyes = Eyes()
    before = time.time()
    watched_call([eyes])
    after = time.time()
    shown = [(o.source[0], o.target[0], word(o.data), o.transport) for o in eyes.seen]
    assert sorted(shown) == sorted(TRAFFIC)
    # What one party does is in order; two parties' doings may cross.
    for party in {one[0] for one in TRAFFIC}:
        assert [o for o in shown if o[0] == party] == [o for o in TRAFFIC if o[0] == party]
    assert {one.source[1] for one in eyes.seen} == {5060} | {
        one.source[1] for one in eyes.seen if one.transport == "tcp"
    }
    assert [one.at for one in eyes.seen] == sorted(one.at for one in eyes.seen)
    assert before <= eyes.seen[0].at <= eyes.seen[-1].at <= after
    assert eyes.closed


def test_a_response_on_a_connection_is_shown_to_go_where_the_connection_leads() -> None:
    """Not to the port of its Via, where nobody has to listen."""
    eyes = Eyes()

    async def main() -> tuple[str, int]:
        tap = Tap([eyes])
        server = await Server.start(policy(routes=ROUTES), mapping=MAPS, tap=tap)
        reader, writer = await asyncio.open_connection(SIPFO, 5060, local_addr=(CALLER, 0))
        asked = from_caller("OPTIONS").replace(b"/UDP", b"/TCP")
        writer.write(asked)
        async with asyncio.timeout(20):
            await reader.readuntil(b"\r\n\r\n")
        place = writer.get_extra_info("sockname")
        writer.close()
        await server.close()
        return place[0], place[1]

    place = asyncio.run(main())
    assert place[1] != 5060
    asked, answered = eyes.seen
    assert (asked.source, answered.target) == (place, place)


def test_both_legs_have_the_callers_call_id_though_each_has_its_own() -> None:
    eyes = Eyes()
    watched_call([eyes])
    assert {one.call for one in eyes.seen} == {CALL_ID.encode()}
    assert len({call_id_of(one.data) for one in eyes.seen}) == 3  # the caller's, one per attempt


def test_a_watcher_that_fails_costs_nobody_a_message(caplog: pytest.LogCaptureFixture) -> None:
    class Blind(Eyes):
        def see(self, sighting: Sighting) -> None:
            raise ValueError("cannot see")

    tap = Tap([Blind()])
    with caplog.at_level(logging.ERROR):
        tap.came(b"OPTIONS sip:a SIP/2.0\r\n\r\n", FLOW)
    assert tap.errors == 1
    assert "cannot see" in caplog.text


def test_keep_alives_are_not_shown() -> None:
    eyes = Eyes()
    tap = Tap([eyes])
    tap.came(b"\r\n\r\n", FLOW)
    tap.went(b"\r\n", FLOW)
    assert eyes.seen == []


def test_what_is_no_sip_is_shown_too_for_it_did_arrive() -> None:
    eyes = Eyes()
    Tap([eyes]).came(b"GET / HTTP/1.1\r\n\r\n", FLOW)
    (one,) = eyes.seen
    assert (one.data[:3], one.call, one.source, one.target) == (
        b"GET",
        b"",
        FLOW.remote,
        FLOW.local,
    )
