"""Whose a message is, by what is written in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.sip.build import make_cancel, make_response
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, parse, serialize
from sipfo.runtime.steering import LEADER, Marks, Steering, a_generation

GENERATION = "wabc"
MARKS = Marks(GENERATION)
CALLER, STRANGER = "192.0.2.200", "203.0.113.66"

TOKENS = st.text("0123456789abcdef", min_size=8, max_size=16)
NUMBERS = st.integers(1, 4)


def steering(count: int = 4) -> Steering:
    return Steering(MARKS, count, lambda source: source == CALLER)


def request(
    method: str = "INVITE", call_id: str = "one", tag: str = "", fields: str = "", branch: str = "1"
) -> Request:
    found = parse(
        (
            f"{method} sip:+13125550123@192.0.2.10 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {CALLER}:5060;branch=z9hG4bK{branch}\r\n"
            f"From: <sip:a@{CALLER}>;tag=a\r\nTo: <sip:b@192.0.2.10>{tag and f';tag={tag}'}\r\n"
            f"Call-ID: {call_id}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n{fields}"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    assert isinstance(found, Request)
    return found


def way(at: Steering, message: Request, source: str = CALLER) -> int:
    return at.way(serialize(message), source)


def test_generation_is_none_that_hexadecimal_could_be() -> None:
    for most in (lambda n: 0, lambda n: n, lambda n: n // 2):
        made = a_generation(most)
        assert len(made) == 4
        assert made[0] not in "0123456789abcdef"


@given(NUMBERS, TOKENS)
def test_token_of_an_engine_is_known_by_its_mark(number: int, token: str) -> None:
    made = MARKS.entropy(number, lambda: token)()
    assert MARKS.number(made.encode()) == number
    assert MARKS.number(token.encode()) is None


@given(NUMBERS, TOKENS, st.text("abcXYZ09@.-", min_size=1, max_size=30))
def test_request_in_a_dialog_goes_to_who_made_its_to_tag(
    number: int, token: str, call_id: str
) -> None:
    at = steering()
    tag = MARKS.of(number) + token
    for method in ("ACK", "BYE", "INVITE", "INFO"):
        assert way(at, request(method, call_id, tag)) == number


@given(NUMBERS, TOKENS)
def test_response_goes_to_who_made_its_branch(number: int, token: str) -> None:
    sent = request(branch=MARKS.of(number) + token)
    for status in (100, 180, 200, 503):
        answer = make_response(sent, status, to_tag=b"theirs")
        assert steering().way(serialize(answer), STRANGER) == number


@given(st.text("abcXYZ09@.-", min_size=1, max_size=30), st.sampled_from([CALLER, STRANGER, "::1"]))
def test_what_follows_an_invite_goes_where_it_went(call_id: str, source: str) -> None:
    at = steering()
    invite = request(call_id=call_id)
    first = way(at, invite, source)
    assert 1 <= first <= 4
    assert way(at, invite, source) == first
    assert way(at, make_cancel(invite), source) == first
    # the ACK of a refusal has the To tag of whoever refused, and of nobody else
    assert way(at, request("ACK", call_id, MARKS.of(first) + "0f"), source) == first


def test_calls_spread_over_every_engine_and_a_stranger_does_not() -> None:
    at = steering()
    assert {way(at, request(call_id=str(n))) for n in range(100)} == {1, 2, 3, 4}
    assert len({way(at, request(call_id=str(n)), STRANGER) for n in range(100)}) == 1
    net = {way(at, request(call_id=str(n)), f"2001:db8::{n:x}") for n in range(1, 100)}
    assert len(net) == 1


@given(NUMBERS, TOKENS)
def test_invite_that_replaces_a_call_goes_where_that_is_and_so_does_its_cancel(
    number: int, token: str
) -> None:
    at = steering()
    tag = MARKS.of(number) + token
    invite = request(fields=f"Replaces: other;to-tag={tag};from-tag=x\r\n")
    assert way(at, invite) == number
    assert way(at, make_cancel(invite)) == number


@given(NUMBERS, TOKENS)
def test_invite_of_ours_that_came_back_goes_to_who_sent_it(number: int, token: str) -> None:
    assert way(steering(), request(call_id=MARKS.of(number) + token)) == number


def test_call_of_another_server_goes_where_it_was_taken_in() -> None:
    at = steering()
    assert not at.is_written(serialize(request("BYE", "one", "theirs")))
    number = at.adopt(b"one", [b"theirs"])
    for call_id in ("one", "another"):
        bye = request("BYE", call_id, "theirs")
        assert at.is_written(serialize(bye))
        assert way(at, bye) == number


def test_dialog_that_a_refer_names_elsewhere_is_told() -> None:
    at = steering()
    here, there = MARKS.of(1) + "0", MARKS.of(2) + "0"
    said = f"other%3Bto-tag%3D{there}%3Bfrom-tag%3Dx"
    refer = request("REFER", tag=here, fields=f"Refer-To: <sip:b@192.0.2.10?Replaces={said}>\r\n")
    found = at.named(serialize(refer), 1)
    assert found is not None
    assert (found[0], found[1].call_id) == (2, b"other")
    assert at.named(serialize(refer), 2) is None
    plain = request("REFER", tag=here, fields="Refer-To: <sip:b@192.0.2.10>\r\n")
    assert at.named(serialize(plain), 1) is None


@given(st.binary(max_size=80))
def test_what_cannot_be_read_is_for_the_engine_that_leads(data: bytes) -> None:
    assert steering().way(data, CALLER) == LEADER


@given(NUMBERS)
def test_number_beyond_the_crew_is_nobodys(number: int) -> None:
    sent = request(branch=MARKS.of(number + 4) + "00")
    assert steering().way(serialize(make_response(sent, 200)), CALLER) == LEADER


FIELDS = st.sampled_from(
    [
        "To: <sip:b@h>{tag}",
        "t:<sip:b@h>{tag}",
        'TO : "a;tag=no" <sip:b@h;tag=neither>{tag}',
        "to: sip:b@h{tag};x=y",
        "To: <sip:b@h>\r\n {tag}",
        "Call-ID: one@two",
        "i: another",
        "CALL-ID :\r\n\tfolded",
        "Via: SIP/2.0/UDP h:5060;branch=z9hG4bK{token}",
        "v: SIP/2.0/UDP h;received=1.2.3.4;BRANCH=z9hG4bK{token};rport",
        "Via: SIP/2.0/UDP h",
        "Via: SIP/2.0/UDP h;branch=old, SIP/2.0/UDP g;branch=z9hG4bK{token}",
        "Via: SIP/2.0/UDP h\r\n ;branch=z9hG4bK{token}",
        "Replaces: x;to-tag={token};from-tag=y",
        "From: <sip:a@h>;tag={token}",
        "Subject: To: <sip:b@h>;tag={token}",
        "CSeq: 1 INVITE",
    ]
)


@given(
    st.sampled_from(["INVITE sip:b@h SIP/2.0", "BYE sip:b@h SIP/2.0", "SIP/2.0 200 OK"]),
    st.lists(FIELDS, min_size=3, max_size=8),
    st.sampled_from(["", ";tag={token}", " ; TAG = {token}", ";tag=theirs"]),
    NUMBERS,
    TOKENS,
)
def test_the_short_way_is_the_parsers_way(
    start: str, fields: list[str], tag: str, number: int, token: str
) -> None:
    """What is not read whole is understood as if it were, however it is written."""
    made = MARKS.of(number) + token
    lines = [one.format(tag=tag.format(token=made), token=made) for one in fields]
    data = "\r\n".join([start, *lines, "Content-Length: 0", "", ""]).encode()
    short, long = steering(), steering()
    whole = long._read(data, CALLER)
    try:
        parse(data)
    except Malformed:
        return  # whoever gets it answers that it is malformed
    if whole != LEADER:
        assert short.way(data, CALLER) == whole, data
