"""Parameters and hosts, what Via and addresses share."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sip.strategies import tokens
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.parameters import (
    Parameters,
    encode_host,
    encode_parameters,
    parse_host_port,
    parse_parameters,
)

quoted = st.text(string.ascii_letters + ' ;,=<>"\\', max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
pairs = st.tuples(
    tokens.map(lambda name: name.lower().encode()),
    st.none() | st.one_of(tokens, quoted).map(str.encode),
)


@given(st.lists(pairs, max_size=6).map(tuple))
def test_parameters_are_read_back(parameters: Parameters) -> None:
    assert parse_parameters(encode_parameters(parameters)) == parameters


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (b"", ()),
        (b"  \t", ()),
        (b";lr", ((b"lr", None),)),
        (b";branch=", ((b"branch", b""),)),
        (b" ; A = b ; c ", ((b"a", b"b"), (b"c", None))),
        (b";received=[2001:db8::1]", ((b"received", b"[2001:db8::1]"),)),
        (b";received=2001:db8::1", ((b"received", b"2001:db8::1"),)),
        (b';x="a\\"b"', ((b"x", b'"a\\"b"'),)),
        (b';x=""', ((b"x", b'""'),)),
    ],
)
def test_parameters_of_every_form(text: bytes, parameters: Parameters) -> None:
    assert parse_parameters(text) == parameters


@pytest.mark.parametrize(
    "text",
    [b";", b";;", b"a", b";a b", b";a=b c", b';a="b', b';a="b\\', b';a="b"c', b";=x"],
)
def test_bad_parameters_are_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse_parameters(text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("example.com", "example.com", None),
        ("Example.COM.", "example.com.", None),
        ("a_b-c.d1:5060", "a_b-c.d1", 5060),
        ("192.0.2.1 : 05060", "192.0.2.1", 5060),
        ("[2001:DB8::1]", "2001:db8::1", None),
        ("[2001:db8:0:0::1]:65535", "2001:db8::1", 65535),
        ("3cx", "3cx", None),
        ("1.2.3.4.example", "1.2.3.4.example", None),
        ("x" * 63 + ".net", "x" * 63 + ".net", None),
    ],
)
def test_a_host_is_a_name_or_an_address(text: str, host: str, port: int | None) -> None:
    assert parse_host_port(text) == (host, port)
    assert parse_host_port(encode_host(host, port)) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".1",
        "[.1]",
        "..",
        "a..b",
        "-",
        "-a.b",
        "a-.b",
        "1.2.3",
        "256.1.1.1",
        "1.2.3.4.5",
        "1.2.3.4.",
        "x" * 64 + ".net",
        "a" * 300,
        "a b",
        "a:0",
        "a:65536",
        "a:999999",
        "a:",
        "a:+1",
        "a:１",
        "2001:db8::1",
        "[2001:db8::1",
        "[:::1]",
        "[fe80::1%eth0]",
        "[fe80::1%x\n[evil]]",
        "[1.2.3.4]",
        "a\n",
        "münchen.example",
    ],
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_host_port(text)
    assert caught.value.status == 400
