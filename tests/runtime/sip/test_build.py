"""Responses, the ACK of a refusal and CANCEL: which fields they take from the request."""

from __future__ import annotations

import pytest

from runtime.sip.samples import FIELDS, answer, as_request, replaced, request, wire
from sipfo.runtime.sip.build import REASON_PHRASES, make_ack, make_cancel, make_response
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.message import Request, check, parse, serialize


def routed() -> Request:
    return as_request(
        wire(
            b"Via: SIP/2.0/UDP a;branch=z9hG4bK-1, SIP/2.0/UDP b;branch=z9hG4bK-0",
            *FIELDS[1:],
            b"Route: <sip:p1;lr>, <sip:p2;lr>",
            b"Route: <sip:p3;lr>",
            b"Subject: x",
        )
    )


def test_a_response_has_the_requests_vias_from_to_call_id_and_cseq() -> None:
    response = make_response(routed(), 486, to_tag=b"t")
    assert list(response.headers) == [
        (b"via", b"SIP/2.0/UDP a;branch=z9hG4bK-1, SIP/2.0/UDP b;branch=z9hG4bK-0"),
        (b"from", b'"Alice" <sip:alice@192.0.2.10>;tag=from-1'),
        (b"to", b"<sip:bob@198.51.100.20>;tag=t"),
        (b"call-id", b"call-1"),
        (b"cseq", b"7 INVITE"),
    ]
    assert (response.status, response.phrase) == (486, b"Busy Here")


def test_a_tag_that_is_there_is_not_replaced() -> None:
    assert make_response(request(to_tag=b"old"), 200, to_tag=b"new").to.tag == b"old"


def test_without_a_tag_to_stays_as_it_was() -> None:
    assert make_response(request(), 100).headers.first(b"to") == b"<sip:bob@198.51.100.20>"


def test_a_timestamp_goes_back_in_a_100_only() -> None:
    asked = as_request(wire(*FIELDS, b"Timestamp: 54"))
    assert make_response(asked, 100).headers.first(b"timestamp") == b"54"
    assert make_response(asked, 180).headers.first(b"timestamp") is None


def test_a_phrase_of_ones_own_and_an_unknown_code() -> None:
    assert make_response(request(), 403, b"Go away").phrase == b"Go away"
    assert make_response(request(), 499).phrase == b"Unknown"


@pytest.mark.parametrize("status", REASON_PHRASES)
def test_every_known_code_makes_a_response_that_parses(status: int) -> None:
    response = answer(request(), status)
    assert serialize(parse(serialize(response))) == serialize(response)


@pytest.mark.parametrize("name", [b"From", b"To", b"Call-ID", b"CSeq", b"Via"])
def test_a_request_that_lacks_a_field_can_still_be_refused(name: bytes) -> None:
    response = make_response(as_request(replaced(name)), 400, to_tag=b"t")
    assert response.headers.first(name.lower()) is None
    assert len(response.headers) == 4


def test_a_to_that_cannot_be_read_goes_back_as_it_came() -> None:
    bad = as_request(replaced(b"To", b'To: "never closed <sip:b@h>'))
    assert make_response(bad, 400, to_tag=b"t").headers.first(b"to") == b'"never closed <sip:b@h>'


def test_the_ack_of_a_refusal() -> None:
    invite = routed()
    ack = make_ack(invite, answer(invite, 503, b"theirs"))
    check(ack)
    assert (ack.method, ack.uri, ack.body) == ("ACK", invite.uri, b"")
    assert ack.headers.all(b"via") == [b"SIP/2.0/UDP a;branch=z9hG4bK-1"]
    assert ack.to.tag == b"theirs"
    assert ack.cseq == CSeq(7, "ACK")
    assert ack.headers.all(b"route") == [b"<sip:p1;lr>", b"<sip:p2;lr>", b"<sip:p3;lr>"]
    assert ack.headers.first(b"subject") is None


def test_a_cancel_repeats_the_request_without_its_require() -> None:
    invite = routed()
    invite.headers.add(b"require", b"100rel")
    cancel = make_cancel(invite)
    check(cancel)
    assert (cancel.method, cancel.uri, cancel.cseq) == ("CANCEL", invite.uri, CSeq(7, "CANCEL"))
    assert cancel.via == invite.via
    assert cancel.headers.first(b"to") == invite.headers.first(b"to")
    assert cancel.headers.all(b"route") == invite.headers.all(b"route")
    assert cancel.headers.first(b"require") is None
