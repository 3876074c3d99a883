"""SIP URIs: every part, and what is refused as 400 or 416."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sip.strategies import tokens
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.uri import SipUri, parse_uri

hosts = st.sampled_from(["example.com", "192.0.2.1", "2001:db8::1", "a-b.c_d"])
words = tokens.map(str.lower)
uris = st.builds(
    SipUri,
    st.sampled_from(["sip", "sips"]),
    st.none() | st.text("abcXYZ019-_.!~*'()%&=+$,;?/#", min_size=1, max_size=20),
    hosts,
    st.none() | st.integers(1, 65535),
    st.lists(st.tuples(words, st.none() | words), max_size=4).map(tuple),
    st.sampled_from(["", "?Subject=x", "?a=1&b=2"]),
)


@given(uris)
def test_a_uri_is_read_back(uri: SipUri) -> None:
    assert parse_uri(str(uri)) == uri
    assert parse_uri(uri.encode()) == uri


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        (b"sip:h", SipUri("sip", None, "h")),
        (b"SIPS:Bob@EXAMPLE.com:5061", SipUri("sips", "Bob", "example.com", 5061)),
        (b"sip:a:secret@h", SipUri("sip", "a", "h")),
        (b"sip:+1312;phone-context=+1@h", SipUri("sip", "+1312;phone-context=+1", "h")),
        (b"sip:a;b?c=d/e#f@h", SipUri("sip", "a;b?c=d/e#f", "h")),
        (b"sip:null-%00-null@h", SipUri("sip", "null-%00-null", "h")),
        (b"sip:[2001:db8::10]", SipUri("sip", None, "2001:db8::10")),
        (
            b"sip:a@[2001:DB8::10]:5070;lr",
            SipUri("sip", "a", "2001:db8::10", 5070, (("lr", None),)),
        ),
        (
            b"sip:h;Transport=TCP;x=?Subject=a@b",
            SipUri("sip", "h;Transport=TCP;x=?Subject=a", "b"),
        ),
        (
            b"sip:a@h;Transport=TCP;x=?Subject=b",
            SipUri("sip", "a", "h", None, (("transport", "TCP"), ("x", "")), "?Subject=b"),
        ),
    ],
)
def test_a_uri_is_taken_apart(text: bytes, uri: SipUri) -> None:
    assert parse_uri(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"sip:",
        b"sip:@h",
        b"sip:a@",
        b"sip:a@h:0",
        b"sip:a@h:70000",
        b"sip:a@h:x",
        b"sip:a@.1",
        b"sip:a@[.1]",
        b"sip:a@256.0.0.1",
        b"sip:a@2001:db8::10",
        b"sip:a@[2001:db8::10",
        b"sip:a@[::1%lo]",
        b"sip:a@b@c",
        b"sip:a b@h",
        b"sip:a@h\n",
        b"sip:a@h;x=\r\ny",
        b"sip:\xc3\xa9@h",
        b"<sip:a@h>",
        b'sip:a@h;x="',
        b"sip:a@h;x=><sip:evil@h",
        b"sip:" + b"a" * 256 + b"@h",
        b"nonsense",
        b":a@h",
        b"1sip:a@h",
    ],
)
def test_what_is_no_uri_is_400(text: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_uri(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "text",
    [b"tel:+13125550100", b"urn:service:sos", b"soap.beep://192.0.2.1", b"sipx:a@h", b"h:a@b"],
)
def test_another_scheme_is_416(text: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_uri(text)
    assert caught.value.status == 416


def test_a_parameters_value_is_found_by_name() -> None:
    uri = parse_uri(b"sip:a@h;LR;transport=TCP;x=")
    assert (uri.param("lr"), uri.param("transport"), uri.param("x")) == ("", "tcp", "")
    assert uri.param("maddr") is None


def test_another_user_and_the_bare_uri() -> None:
    uri = parse_uri(b"sip:a@h:5070;lr?x=y")
    assert str(uri.with_user("+1312")) == "sip:+1312@h:5070;lr?x=y"
    assert str(uri.with_user(None)) == "sip:h:5070;lr?x=y"
    assert str(uri.bare()) == "sip:a@h:5070"
