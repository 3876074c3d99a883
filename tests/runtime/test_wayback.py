"""Where a response is tried whose connection is gone (RFC 3261 §18.2.2, RFC 3263 §5)."""

from __future__ import annotations

import pytest

from sipfo.runtime.core import Core, Lookup
from sipfo.runtime.locate import Target
from sipfo.runtime.mapping import Mapping
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.wayback import LIFE, REMEMBERED, WayBack

SOURCE = ("192.0.2.200", 5060)
GONE = Flow("tcp", ("192.0.2.10", 5060), SOURCE)


def made(knows: bool = True) -> tuple[Core, WayBack]:
    core = Core(lambda: "token", lambda most: 0, Mapping(), TimerValues())
    return core, WayBack(core, lambda source: knows)


def response(sent_by: str = "caller.example", transport: str = "TCP", call: int = 1) -> bytes:
    via = f"SIP/2.0/{transport} {sent_by};branch=z9hG4bKone;received={SOURCE[0]}"
    return (
        f"SIP/2.0 486 Busy Here\r\nVia: {via}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n"
        f"Call-ID: {call}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def at(host: str, port: int = 5060) -> Target:
    return Target("tcp", host, port, "caller.example")


def uris(core: Core) -> list[str]:
    """What is to be looked up."""
    lookups = [one for one in core.lookups if isinstance(one, Lookup)]
    return [uri.encode().decode() for lookup in lookups for uri in lookup.uris]


def sent(core: Core) -> list[tuple[str, int]]:
    """Where it went, in order."""
    return [flow.remote for flow, _ in core.sends]


def test_a_name_is_located_by_the_transport_of_the_via() -> None:
    core, back = made()
    back.unsent([response()], GONE, 0.0)
    assert uris(core) == ["sip:caller.example;transport=tcp"]
    assert sent(core) == []


def test_a_port_in_the_sent_by_is_kept_so_that_no_srv_record_is_asked_for() -> None:
    core, back = made()
    back.unsent([response("caller.example:5070", "TLS")], GONE._replace(transport="tls"), 0.0)
    assert uris(core) == ["sip:caller.example:5070;transport=tls"]


def test_the_targets_are_tried_one_after_the_other_each_once() -> None:
    core, back = made()
    data = response()
    back.unsent([data], GONE, 0.0)
    core.located(1, (at(SOURCE[0]), at("192.0.2.201"), at("2001:db8::1"), at("192.0.2.202")), 0.1)
    assert sent(core) == [("192.0.2.201", 5060)]  # not again to where nobody was
    back.unsent([data], core.sends[-1][0], 0.2)
    assert sent(core)[1:] == [("192.0.2.202", 5060)]
    back.unsent([data], core.sends[-1][0], 0.3)
    assert len(core.sends) == 2
    assert {content for _, content in core.sends} == {data}


def test_an_address_in_the_sent_by_is_tried_at_once() -> None:
    core, back = made()
    back.unsent([response("192.0.2.203:5070")], GONE, 0.0)
    assert sent(core) == [("192.0.2.203", 5070)]


def test_the_very_address_that_failed_is_not_tried_again() -> None:
    core, back = made()
    back.unsent([response("192.0.2.200")], GONE, 0.0)
    assert (sent(core), uris(core)) == ([], [])


def test_nothing_is_tried_when_nobody_waits_any_more() -> None:
    core, back = made()
    data = response()
    back.unsent([data], GONE, 0.0)
    core.located(1, (at("192.0.2.201"), at("192.0.2.202")), 0.1)
    back.unsent([data], core.sends[-1][0], LIFE + 1)
    assert sent(core) == [("192.0.2.201", 5060)]


def test_a_stranger_s_via_is_not_followed() -> None:
    core, back = made(knows=False)
    back.unsent([response(), response("192.0.2.203")], GONE, 0.0)
    assert (sent(core), uris(core)) == ([], [])


@pytest.mark.parametrize(
    "data",
    [
        b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP caller.example;branch=z9hG4bKx\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: rubbish\r\n\r\n",
        b"SIP/2.0 rubbish",
        b"\r\n",
    ],
)
def test_what_is_no_response_with_a_via_goes_nowhere(data: bytes) -> None:
    core, back = made()
    back.unsent([data], GONE, 0.0)
    assert (sent(core), uris(core)) == ([], [])


def test_however_many_responses_have_no_way_only_so_many_are_remembered() -> None:
    core, back = made()
    for call in range(REMEMBERED + 50):
        back.unsent([response(call=call)], GONE, 0.0)
        core.located(call + 1, (at("192.0.2.201"), at("192.0.2.202")), 0.1)
    core.sends.clear()
    for call in range(REMEMBERED + 50):
        back.unsent([response(call=call)], GONE._replace(remote=("192.0.2.201", 5060)), 0.2)
    assert len(core.sends) == REMEMBERED
