"""The classes of input that broke SIP servers before this one: each has a test here, or one that
`docs/hostile.md` names.

Somebody whose calls are accepted sends it, so that it gets as far as it can.
"""

from __future__ import annotations

import pytest

import sipfo.runtime.engine
import sipfo.runtime.headers
import sipfo.runtime.stateless
from runtime.fuzz.ongoing import STRANGER
from runtime.sip.steps import counting
from runtime.sip.test_hostile import READING
from runtime.world import CALLER, EAST, SIPFO, Callee, Caller, World, policy
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Response

UDP = Flow("udp", SIPFO, CALLER)


def invite(**fields: bytes | None) -> bytes:
    """A sound INVITE with some fields replaced, or, None, left out."""
    lines: dict[bytes, bytes | None] = {
        b"Via": b"SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKhostile;rport",
        b"Max-Forwards": b"70",
        b"From": b"<sip:a@192.0.2.200>;tag=a",
        b"To": b"<sip:+13125550123@192.0.2.10>",
        b"Call-ID": b"hostile",
        b"CSeq": b"1 INVITE",
        b"Contact": b"<sip:a@192.0.2.200>",
        b"Content-Length": b"0",
    }
    uri = fields.pop("uri", None) or b"sip:+13125550123@192.0.2.10"
    for name, value in fields.items():
        lines[name.replace("_", "-").encode()] = value
    text = b"".join(b"%s: %s\r\n" % (name, value) for name, value in lines.items() if value)
    return b"INVITE " + uri + b" SIP/2.0\r\n" + text + b"\r\n"


def answers(data: bytes, source: tuple[str, int] = CALLER) -> list[int]:
    """What is answered; whatever it is, nothing is left in the end."""
    world = World(policy())
    world.engine.receive(data, Flow("udp", SIPFO, source), world.now)
    world.run(600)
    assert len(world.engine.core.transactions) == 0 and not world.engine.calls
    return [
        message.status
        for _, flow, message in world.sent
        if isinstance(message, Response) and flow.remote == source
    ]


def refused(data: bytes) -> bool:
    """Whether it is answered 400 or another refusal, or dropped, and starts no call."""
    return all(status >= 400 for status in answers(data))


# Too long, too many, too large.


@pytest.mark.parametrize("size", [65, 1000, 7000])
def test_a_method_in_cseq_as_long_as_a_page_is_refused(size: int) -> None:
    """CVE-2017-9372: no branch either."""
    assert answers(invite(CSeq=b"0 " + b"A" * size, Via=b"SIP/2.0/UDP 192.0.2.200")) == [400]


@pytest.mark.parametrize("size", [500, 4000])
@pytest.mark.parametrize("field", ["From", "Via"])
def test_a_tag_or_branch_as_long_as_a_page_is_a_tag_or_branch(field: str, size: int) -> None:
    """CVE-2018-8828."""
    long = {
        "From": b"<sip:a@192.0.2.200>;tag=" + b"t" * size,
        "Via": b"SIP/2.0/UDP 192.0.2.200;branch=z9hG4bK" + b"b" * size,
    }
    statuses = answers(invite(**{field: long[field]}))
    assert statuses[0] == 100 and statuses[-1] == 500  # nobody is there


def test_a_content_type_as_long_as_a_page_crosses_and_a_longer_one_is_refused() -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 486))
    fields = {"Content-Type": b"a/" + b"b" * 2000}
    world.engine.receive(invite(**fields), UDP, world.now)
    world.run(5)
    assert east.requests("INVITE")[0].headers.first(b"content-type") == fields["Content-Type"]
    assert refused(invite(**{"Content-Type": b"a/" + b"b" * 9000}))


@pytest.mark.parametrize("count", [1000, 20_000])
def test_a_bomb_of_fields_is_refused(count: int) -> None:
    assert refused(invite().replace(b"\r\n\r\n", b"\r\nX: y" * count + b"\r\n\r\n"))


@pytest.mark.parametrize("count", [129, 400])
def test_more_hops_than_there_can_be_are_refused(count: int) -> None:
    via = b", ".join(b"SIP/2.0/UDP h%d;branch=z9hG4bK%d" % (n, n) for n in range(count))
    first = b"SIP/2.0/UDP 192.0.2.200:5060;branch=z9hG4bKfirst, "
    assert refused(invite(Via=first + via))


@pytest.mark.parametrize("deep", [b"<", b'"', b"(", b"\\", b"[", b";a=<", b'"\\"<'])
def test_nothing_recurses_however_deep_it_nests(deep: bytes) -> None:
    for field in ("From", "To", "Contact", "Via", "Call-ID", "Subject"):
        answers(invite(**{field: deep * (8000 // len(deep))}))


HUGE = [b"-1", b"-999", b"2147483648", b"4294967296", b"4294967301", b"1" + b"0" * 4400]
NOT_DIGITS = ["１２".encode(), "٣".encode(), b"1_0", b"+5", b"0x10", b"1e3", b" ", b"1 2"]


@pytest.mark.parametrize("number", HUGE + NOT_DIGITS)
@pytest.mark.parametrize("field", ["CSeq", "Content_Length", "Max_Forwards", "Expires"])
def test_a_number_out_of_range_is_refused_or_left_alone(field: str, number: bytes) -> None:
    """RFC 4475 §3.1.2.4; an Expires that is none sets no limit."""
    statuses = answers(invite(**{field: number + b" INVITE" if field == "CSeq" else number}))
    if field == "Expires":
        assert statuses[-1] == 500  # the call was tried, and nobody is there
    else:
        assert all(status >= 400 for status in statuses)


@pytest.mark.parametrize("value", [b"-1", b"4294967296", b"9" * 5000, "٣".encode(), b"x"])
def test_a_retry_after_out_of_range_holds_nothing_for_long(value: bytes) -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 503, {"retry_after": value.decode()}))
    caller = Caller(world)
    caller.call()
    world.run(100)
    caller.call()
    world.run(200)
    assert len(east.requests("INVITE")) >= 2


def test_a_flood_of_line_ends_costs_nothing() -> None:
    world = World(policy())
    for data in (
        b"\r\n" * 30_000,
        b"\r\n\r\n",
        b"\n" * 60_000,
        b"\r" * 60_000,
        b"",
        b"\x00" * 60_000,
    ):
        world.engine.receive(data, UDP, world.now)
    assert not world.engine.core.sends and world.engine.next_due() is None


SIZES = (400, 800, 1600)
GROWING = {
    "fields": lambda n: invite().replace(b"\r\n\r\n", b"\r\nX: y" * (n // 8) + b"\r\n\r\n"),
    "vias": lambda n: invite(
        Via=b",".join([b"SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKa"] * (n // 40))
    ),
    "quotes": lambda n: invite(From=b'"' + b"\\" * n + b'" <sip:a@h>;tag=a'),
    "parameters": lambda n: invite(To=b"<sip:+13125550123@192.0.2.10>" + b";a" * (n // 2)),
    "blanks": lambda n: invite(Contact=b"<sip:a@192.0.2.200>" + b" " * n + b";x"),
    "a user": lambda n: invite(uri=b"sip:" + b"1" * n + b"@192.0.2.10"),
    "options": lambda n: invite(Require=b"a," * (n // 2)),
    "reasons": lambda n: invite(Reason=b"Q.850;cause=1," * (n // 14)),
    "privacy": lambda n: invite(Privacy=b"id;" * (n // 3)),
}


@pytest.mark.parametrize("what", GROWING)
def test_what_a_message_costs_grows_with_its_length_and_not_its_square(what: str) -> None:
    """The whole engine, counted in steps; of a stranger's message nothing else is looked at."""
    costs = []
    modules = [sipfo.runtime.engine, sipfo.runtime.headers, sipfo.runtime.stateless, *READING]
    with counting(modules) as cost:
        for size in SIZES:
            world = World(policy())
            data = GROWING[what](size)
            costs.append(cost(lambda w=world, d=data: w.engine.receive(d, UDP, 0.0)))  # type: ignore[misc]  # bound per turn
    once, twice, four = costs
    assert four - twice <= 2.1 * max(0, twice - once) + 400


# What two parsers read differently.


@pytest.mark.parametrize(
    "spelled", [b"To\x01: x", b"To\x00: x", b"To\t\x0b: x", b"T o: x", b"To\xc2\xa0: x"]
)
def test_a_control_character_in_a_name_is_no_blank(spelled: bytes) -> None:
    """CVE-2016-9938."""
    assert refused(invite().replace(b"\r\n\r\n", b"\r\n" + spelled + b"\r\n\r\n"))


@pytest.mark.parametrize(
    "more", [b"To:\r\nTo: <sip:b@h>", b"t: <sip:b@h>", b"f: <sip:b@h>;tag=b", b"i: other", b"To :"]
)
def test_a_second_of_what_comes_once_is_refused_in_any_spelling(more: bytes) -> None:
    """CVE-2018-14767."""
    assert answers(invite().replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n\r\n")) == [400]


@pytest.mark.parametrize("more", [b"l: 5", b"Content-Length: 1", b"CONTENT-LENGTH : 0"])
def test_two_lengths_are_refused(more: bytes) -> None:
    assert answers(invite().replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n\r\nabcde")) == [400]


@pytest.mark.parametrize("branch", [b";branch", b";branch=", b";branch=z9hG4bK", b""])
def test_an_invite_without_a_branch_is_a_call_and_its_repetition_is_none(branch: bytes) -> None:
    """CVE-2018-16657; an RFC 2543 client has none."""
    world = World(policy())
    Callee(world, EAST, (0, 486))
    data = invite(Via=b"SIP/2.0/UDP 192.0.2.200:5060" + branch)
    for _ in range(2):
        world.engine.receive(data, UDP, world.now)
    world.run(3)
    assert len(world.calls) == 1


@pytest.mark.parametrize("uri", [b"tel:+13125550123", b"urn:service:", b"http://h/", b"sip", b":"])
def test_a_request_uri_without_a_host_is_refused(uri: bytes) -> None:
    """CVE-2023-27597."""
    assert answers(invite(uri=uri))[-1] in (400, 416)


@pytest.mark.parametrize("via", [b"SIP/2.0/UDP", b"SIP/2.0/UDP :", b"SIP/2.0/UDP [::", b"X", b";"])
def test_a_via_that_cannot_be_read_starts_no_call(via: bytes) -> None:
    """CVE-2023-27598."""
    assert refused(invite(Via=via))


@pytest.mark.parametrize(
    "credentials", [b"Digest u", b"Digest", b"Digest ,", b'Digest username="', b"Basic", b"\\"]
)
def test_credentials_that_cannot_be_read_are_somebody_else_s(credentials: bytes) -> None:
    """CVE-2023-28098: they cross, as the callee's business."""
    fields = {"Authorization": credentials, "Proxy-Authorization": credentials}
    assert answers(invite(**fields))[-1] == 500  # the call was tried, and nobody is there


@pytest.mark.parametrize(
    "body",
    [
        b"--x\r\n",
        b"--x--\r\n",
        b"\x00\xff\r\n\r\n",
        b"v=0\r\na=fmtp:" + b"9" * 300 + b"\r\nm=audio -1 RTP/AVP 999999\r\n",
    ],
)
def test_a_body_is_octets(body: bytes) -> None:
    """CVE-2017-9359, and whatever else came of reading what only the ends need to read."""
    world = World(policy())
    east = Callee(world, EAST, (0, 486))
    fields = {"Content-Type": b"multipart/mixed;boundary=x", "Content-Length": b"%d" % len(body)}
    world.engine.receive(invite(**fields) + body, UDP, world.now)
    world.run(3)
    assert east.requests("INVITE")[0].body == body


# What ends up where people read.


@pytest.mark.parametrize(
    "text", [b"\x1b[31m", "\x9b31m".encode(), b"\\\x0a", "\u2028".encode(), b"'; DROP TABLE calls"]
)
def test_what_a_caller_writes_is_one_printable_line_in_every_notice(text: bytes) -> None:
    """GHSA-2grh-7mhv-fcfw."""
    world = World(policy())
    for field in ("From", "To", "Contact"):
        data = invite(
            **{
                field: b'"' + text + b'" <sip:a@192.0.2.200>;tag=a',
                "Call-ID": b"x" + field.encode(),
            }
        )
        for source in (STRANGER, CALLER):
            world.engine.receive(data, Flow("udp", SIPFO, source), world.now)
    world.engine.receive(invite(uri=b"sip:" + text + b"@192.0.2.10"), UDP, world.now)
    world.engine.receive(invite(Call_ID=b"plain"), Flow("udp", SIPFO, STRANGER), world.now)
    world.run(100)
    notices = [one.text for one in world.records if isinstance(one, Notice)]
    assert notices and all(text.isascii() and text.isprintable() for text in notices)


# Floods.


def test_a_flood_of_sources_holds_no_more_than_the_bound() -> None:
    """CVE-2021-41145."""
    world = World(policy())
    for n in range(3 * Limits().strangers):
        source = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", 5060)
        world.engine.receive(invite(), Flow("udp", SIPFO, source), world.now)
    engine = world.engine
    assert len(engine.core.transactions) == 0 and engine.next_due() is None
    assert len(engine._stateless._strangers) == Limits().strangers
    assert len(engine.core.sends) <= Limits().all_answers


def test_a_connection_that_starts_many_calls_and_breaks_leaves_nothing() -> None:
    """CVE-2018-7286."""
    world = World(policy())
    Callee(world, EAST, (0.1, 180))
    flow = Flow("tcp", SIPFO, CALLER, 3)
    for n in range(50):
        data = invite(
            **{"Call-ID": b"c%d" % n, "Via": b"SIP/2.0/TCP 192.0.2.200;branch=z9hG4bK%d" % n}
        )
        world.engine.receive(data, flow, world.now)
    world.run(1)
    world.engine.transport_failed(flow, world.now)
    world.run(600)
    assert len(world.calls) == 50
    assert len(world.engine.core.transactions) == 0 and not world.engine.calls


@pytest.mark.parametrize(
    "method", ["MESSAGE", "SUBSCRIBE", "REGISTER", "REFER", "NOTIFY", "PUBLISH"]
)
def test_no_other_method_reaches_a_callee_outside_a_dialog(method: str) -> None:
    """CVE-2021-37624."""
    world = World(policy())
    east = Callee(world, EAST, (0, 200))
    world.engine.receive(invite().replace(b"INVITE", method.encode()), UDP, world.now)
    world.run(40)
    assert east.heard == [] and len(world.engine.core.transactions) == 0
