"""Bytes to messages: what is accepted, what is refused with which status, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given

from runtime.sip.samples import FIELDS, as_request, as_response, replaced, request, wire
from runtime.sip.strategies import messages
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.limits import MAX_FIELDS, MAX_HEADER_SECTION, MAX_LINE, MAX_MESSAGE
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, check, parse, serialize


def refused(data: bytes) -> int:
    """The status that parsing or checking refuses the message with."""
    with pytest.raises(Malformed) as caught:
        check(as_request(data))
    return caught.value.status


@given(messages())
def test_what_is_written_is_read_back(message: Request | Response) -> None:
    assert parse(serialize(message)) == message


def test_the_sample_is_a_good_request() -> None:
    message = as_request(wire(*FIELDS))
    check(message)
    assert (message.method, message.uri, message.body) == ("INVITE", b"sip:bob@198.51.100.20", b"")
    assert (message.call_id, message.cseq, message.max_forwards) == (
        b"call-1",
        CSeq(7, "INVITE"),
        70,
    )
    assert message.from_.tag == b"from-1"
    assert message.to.tag is None
    assert message.via.branch == b"z9hG4bK-1"
    assert message.contact is not None
    assert message.contact.uri == b"sip:alice@192.0.2.10:5060"


def test_compact_names_are_the_long_ones() -> None:
    data = wire(
        b"v: SIP/2.0/UDP h;branch=z9hG4bKx",
        b"f: <sip:a@h>;tag=1",
        b"t: <sip:b@h>",
        b"i: c",
        b"CSEQ: 1 INVITE",
        b"m: <sip:a@h>",
        b"l: 0",
    )
    message = as_request(data)
    check(message)
    assert [name for name, _ in message.headers] == [
        b"via",
        b"from",
        b"to",
        b"call-id",
        b"cseq",
        b"contact",
        b"content-length",
    ]
    assert b"\r\nVia: SIP/2.0/UDP h" in serialize(message)


def test_a_compact_and_a_long_name_are_two_of_a_single_field() -> None:
    assert refused(replaced(b"To", b"To: <sip:b@h>", b"t: <sip:c@h>")) == 400


@pytest.mark.parametrize("name", [b"From", b"To", b"Call-ID", b"CSeq", b"Max-Forwards"])
def test_a_single_field_comes_once(name: bytes) -> None:
    line = next(field for field in FIELDS if field.startswith(name))
    assert refused(replaced(name, line, line)) == 400


@pytest.mark.parametrize("name", [b"Via", b"From", b"To", b"Call-ID", b"CSeq"])
def test_a_compulsory_field_is_there_and_not_empty(name: bytes) -> None:
    assert refused(replaced(name)) == 400
    assert refused(replaced(name, name + b":")) == 400


def test_max_forwards_may_be_missing_but_not_over_255() -> None:
    check(as_request(replaced(b"Max-Forwards")))
    check(as_request(replaced(b"Max-Forwards", b"Max-Forwards: 0255")))
    assert refused(replaced(b"Max-Forwards", b"Max-Forwards: 256")) == 400


@pytest.mark.parametrize(
    "number", ["-1", "+5", "1_0", "１２", "٣", "²", "1 2", "5x", "", "1e1", "9" * 5000]
)
def test_only_ascii_digits_are_a_number(number: str) -> None:
    assert refused(replaced(b"Max-Forwards", b"Max-Forwards: " + number.encode())) == 400
    assert refused(replaced(b"Contact", b"Content-Length: " + number.encode())) == 400


def test_the_cseq_method_is_the_requests() -> None:
    assert refused(replaced(b"CSeq", b"CSeq: 7 OPTIONS")) == 400
    assert refused(replaced(b"CSeq", b"CSeq: 7 invite")) == 400


def test_a_folded_field_is_one_line() -> None:
    data = wire(*FIELDS, b"Subject: one\r\n two\r\n\t three\r\n \r\n\tfour")
    assert as_request(data).headers.first(b"subject") == b"one two three  four"


def test_a_fold_cannot_begin_the_fields() -> None:
    with pytest.raises(Malformed):
        parse(b"INVITE sip:b@h SIP/2.0\r\n folded: yes\r\n\r\n")


@pytest.mark.parametrize("octet", [b"\x0b", b"\x0c", b"\x1c", b"\x85", b"\xe2\x80\xa8"])
def test_only_crlf_ends_a_line(octet: bytes) -> None:
    """What `str.splitlines` takes for a line break is part of a value."""
    message = as_request(wire(*FIELDS, b"Subject: a" + octet + b"X-Evil: b"))
    assert message.headers.first(b"subject") == b"a" + octet + b"X-Evil: b"
    assert message.headers.first(b"x-evil") is None


@pytest.mark.parametrize("octet", [b"\r", b"\n", b"\x00"])
@pytest.mark.parametrize("start", [True, False])
def test_a_bare_control_character_is_refused(octet: bytes, start: bool) -> None:
    bad = b"INVITE sip:b" + octet + b"@h SIP/2.0" if start else b"INVITE sip:b@h SIP/2.0"
    assert (
        refused(wire(*FIELDS, b"Subject: a" + (b"" if start else octet) + b"b", start=bad)) == 400
    )


def test_a_nul_may_stand_in_a_quoted_pair() -> None:
    """RFC 4475 §3.1.1.2."""
    message = as_request(replaced(b"To", b'To: "NUL:\\\x00" <sip:b@h>'))
    check(message)
    assert message.to.display == b'"NUL:\\\x00"'


@pytest.mark.parametrize("name", [b"To\x01", b"T o", b"", b"T\xc3\xb6", b'"To"', b"To;x"])
def test_a_field_name_is_a_token(name: bytes) -> None:
    with pytest.raises(Malformed):
        parse(wire(*FIELDS, name + b": x"))


def test_a_blank_before_the_colon_does_not_hide_a_field() -> None:
    message = as_request(wire(*FIELDS, b"X-Bypass \t : lol"))
    assert message.headers.first(b"x-bypass") == b"lol"


def test_a_line_without_a_colon_is_refused() -> None:
    with pytest.raises(Malformed):
        parse(wire(*FIELDS, b"nonsense"))


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"INVITE",
        b"INVITE sip:b@h",
        b"INVITE  sip:b@h SIP/2.0",
        b"INVITE sip:b@h SIP/2.0 ",
        b"INVITE sip:b@h; lr SIP/2.0",
        b"INVITE sip:b@h SIP/2",
        b"INVITE sip:b@h SIP/2.0.0",
        b"INV@TE sip:b@h SIP/2.0",
        b"INVITE sip:b@h HTTP/1.1",
        b"SIP/2.0 20 OK",
        b"SIP/2.0 2000 OK",
        b"SIP/2.0 4294967301 better not break",
        b"SIP/2.0 099 Low",
        b"SIP/2.0 700 High",
        b"SIP/2.0 +20 OK",
        b"SIP/3.0 200 OK",
        b"SIP/2.0  200 OK",
    ],
)
def test_a_bad_start_line_is_400(start: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse(wire(*FIELDS, start=start))
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("start", "answerable"),
    [
        (b"INVITE  sip:b@h SIP/2.0", True),
        (b"INVITE sip:b@h SIP/7.0", True),
        (b"SIP/2.0 700 High", False),
        (b"sip/2.0 700 High", False),
        (b"ACK sip:b@h SIP/7.0", False),
    ],
)
def test_an_error_brings_the_fields_of_a_request_that_can_be_answered(
    start: bytes, answerable: bool
) -> None:
    with pytest.raises(Malformed) as caught:
        parse(wire(*FIELDS, start=start))
    assert caught.value.headers == (parse(wire(*FIELDS)).headers if answerable else None)


def test_another_version_is_505() -> None:
    assert refused(wire(*FIELDS, start=b"INVITE sip:b@h SIP/7.0")) == 505


def test_the_version_is_read_in_any_case() -> None:
    assert as_request(wire(*FIELDS, start=b"INVITE sip:b@h sip/2.0")).method == "INVITE"
    assert as_response(wire(*FIELDS, start=b"sip/2.0 200 OK")).status == 200


@pytest.mark.parametrize("start", [b"SIP/2.0 200", b"SIP/2.0 200 "])
def test_a_reason_phrase_may_be_empty(start: bytes) -> None:
    response = as_response(wire(*FIELDS, start=start))
    assert (response.status, response.phrase) == (200, b"")


def test_a_reason_phrase_is_any_text() -> None:
    phrase = "= 2**3 * 9 неважно; x".encode()
    assert as_response(wire(*FIELDS, start=b"SIP/2.0 486 " + phrase)).phrase == phrase


def test_bytes_past_content_length_are_dropped() -> None:
    assert parse(wire(*FIELDS, b"Content-Length: 2") + b"abc").body == b"ab"


def test_without_content_length_the_body_is_the_rest() -> None:
    assert parse(wire(*FIELDS) + b"a\r\n\r\nb").body == b"a\r\n\r\nb"


@pytest.mark.parametrize("length", [b"4", b"2147483647", b"9999999999", b"99999999999"])
def test_a_content_length_past_the_end_is_refused(length: bytes) -> None:
    with pytest.raises(Malformed):
        parse(wire(*FIELDS, b"Content-Length: " + length) + b"abc")


def test_leading_empty_lines_are_skipped() -> None:
    assert parse(b"\r\n\r\n" + wire(*FIELDS)) == parse(wire(*FIELDS))


def test_the_last_blank_line_may_be_missing_from_a_datagram() -> None:
    assert parse(wire(*FIELDS).removesuffix(b"\r\n")) == parse(wire(*FIELDS))


def test_too_large_a_message_or_header_section_is_513() -> None:
    for data in (
        wire(*FIELDS) + b"x" * MAX_MESSAGE,
        wire(*FIELDS, *[b"X: " + b"x" * 1000] * (1 + MAX_HEADER_SECTION // 1000)),
    ):
        with pytest.raises(Malformed) as caught:
            parse(data)
        assert caught.value.status == 513


def test_too_long_a_line_is_refused() -> None:
    most = b"X: " + b"x" * (MAX_LINE - 3)
    assert len(parse(wire(most)).headers) == 1
    assert refused(wire(*FIELDS, most + b"x")) == 400


def test_too_many_fields_are_refused() -> None:
    assert len(parse(wire(*[b"X: 1"] * MAX_FIELDS)).headers) == MAX_FIELDS
    with pytest.raises(Malformed):
        parse(wire(*[b"X: 1"] * (MAX_FIELDS + 1)))


def test_the_length_that_is_written_is_the_bodys() -> None:
    message = request()
    message.headers.add(b"content-length", b"99")
    message.body = b"v=0\r\n"
    data = serialize(message)
    assert data.count(b"Content-Length: ") == 1
    assert data.endswith(b"Content-Length: 5\r\n\r\nv=0\r\n")


def test_a_method_of_another_case_is_another_method() -> None:
    message = as_request(wire(*FIELDS, start=b"invite sip:b@h SIP/2.0"))
    assert message.method == "invite"
    with pytest.raises(Malformed):
        check(message)


def test_messages_are_equal_by_content_and_not_hashable() -> None:
    assert request() == request()
    assert request() != request("BYE")
    assert request() != as_response(wire(*FIELDS, start=b"SIP/2.0 200 OK"))
    with pytest.raises(TypeError):
        hash(request())


def test_a_representation_shows_no_header() -> None:
    response = as_response(wire(*FIELDS, start=b"SIP/2.0 200 OK"))
    assert repr(request()) == "<Request INVITE b'sip:bob@198.51.100.20'>"
    assert repr(response) == "<Response 200 b'OK'>"
