"""What crosses from one side to the other."""

from __future__ import annotations

import pytest

from sipfo.runtime.headers import (
    copy_end_to_end,
    q850_causes,
    reasons,
    retry_after,
    unsupported_tags,
)
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response, parse


def crossed(*fields: tuple[str, str]) -> list[tuple[bytes, bytes]]:
    source = Headers([(name.encode(), value.encode()) for name, value in fields])
    to = Headers()
    copy_end_to_end(source, to)
    return list(to)


def test_order_and_repetition_are_kept() -> None:
    fields = (("reason", "SIP;cause=200"), ("x-a", "1"), ("reason", "Q.850;cause=16"))
    assert crossed(*fields) == [(name.encode(), value.encode()) for name, value in fields]


@pytest.mark.parametrize(
    "name",
    ["via", "route", "record-route", "contact", "call-id", "cseq", "from", "to", "max-forwards"],
)
def test_what_belongs_to_a_hop_or_a_dialog_stays(name: str) -> None:
    assert crossed((name, "x")) == []


def test_an_unknown_field_ends_here() -> None:
    assert crossed(("proxy-require", "x"), ("unheard-of", "x")) == []


def test_option_tags_are_filtered() -> None:
    assert crossed(("supported", "100rel,OUTBOUND , timer")) == [(b"supported", b"100rel, timer")]
    assert crossed(("require", "path")) == []


def test_a_smuggled_field_name_is_seen_under_its_one_name() -> None:
    message = parse(
        b"INVITE sip:a@b SIP/2.0\r\nRecord-Route : <sip:evil>\r\nX-Fine: 1\r\nv: SIP/2.0/UDP h\r\n\r\n"
    )
    to = Headers()
    copy_end_to_end(message.headers, to)
    assert list(to) == [(b"x-fine", b"1")]


def test_required_tags_that_do_not_cross() -> None:
    headers = Headers([(b"require", b"100rel, foo"), (b"require", b"bar")])
    assert unsupported_tags(Request("INVITE", b"sip:a@b", headers)) == [b"foo", b"bar"]


@pytest.mark.parametrize(
    ("value", "causes"),
    [
        ('Q.850;cause=34;text="no circuit"', (34,)),
        ("q.850 ; cause = 17", (17,)),
        ("Q.850;location=LN;cause=41", (41,)),
        ("SIP;cause=503", ()),
        ("Q.850;cause=1x", ()),
        ("Q.850", ()),
    ],
)
def test_q850_causes(value: str, causes: tuple[int, ...]) -> None:
    assert q850_causes((value,)) == causes


def test_reasons_of_a_response() -> None:
    headers = Headers([(b"reason", b'SIP;cause=1;text="a, b", Q.850;cause=2')])
    response = Response(503, b"", headers)
    assert reasons(response) == ('SIP;cause=1;text="a, b"', "Q.850;cause=2")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30),
        ("18000;duration=3600", 18000),
        ("120 (in a meeting)", 120),
        ("-1", None),
        ("soon", None),
        ("12345678901", None),
        ("\u0663", None),
    ],
)
def test_retry_after(value: str, seconds: int | None) -> None:
    headers = Headers([(b"retry-after", value.encode())])
    assert retry_after(Response(503, b"", headers)) == seconds


def test_no_retry_after() -> None:
    assert retry_after(Response(503, b"", Headers())) is None
