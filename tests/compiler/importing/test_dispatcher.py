"""Kamailio's dispatcher lists, good and bad, to policies that compile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.importing.drafts import compiled, said
from sipfo.compiler.importing.dispatcher import read
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.plan.model import AnyNumber, NumberPrefix

LIST = """\
# setid destination flags priority attrs description
1 sip:198.51.100.10:5060 8 10 duid=a;socket=udp:192.0.2.5:5070;maxload=100 'the east'
1 sip:pbx.example.com;transport=tcp 0 20
1 sip:198.51.100.12 1 5
2 sip:198.51.100.30 0 0 weight=70
2 sip:198.51.100.31 0 0 weight=30;socket=udp:192.0.2.6:5060
"""


def of(text: str) -> Imported:
    return read(text.encode(), "dispatcher.list")


def test_a_set_is_a_trunk_in_the_order_of_priority() -> None:
    first, second = compiled(of(LIST)).trunks
    assert (first.name, first.method) == ("set1", "sequential")
    assert first.routes == (
        "set1-pbx-example-com",
        "set1-198-51-100-10-5060",
        "set1-198-51-100-12",
    )
    assert (second.method, second.weights) == ("weighted", (70, 30))
    assert first.numbers == (AnyNumber(),)
    assert second.numbers == (NumberPrefix(prefix="+999000001"),)


def test_a_destination_is_a_route_and_the_first_socket_is_listened_on() -> None:
    plan = compiled(of(LIST))
    routes = {one.name: one for one in plan.routes}
    assert routes["set1-pbx-example-com"].destinations == ("sip:pbx.example.com;transport=tcp",)
    assert routes["set1-198-51-100-10-5060"].probe is not None
    assert routes["set1-198-51-100-12"].probe is None
    assert [(one.host, one.port) for one in plan.listen] == [("192.0.2.5", 5070)]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("x sip:198.51.100.10", "not understood: 'x sip:198.51.100.10'"),
        ("1", "not understood: '1'"),
        ("1 http://a", "no destination that a policy has: 'http://a'"),
        ("1 sips:a.example", "no destination that a policy has: 'sips:a.example'"),
        ("1 sip:a_b!", "no host: 'a_b!'"),
        ("1 sip:a.example:99999", "no port: 99999"),
        ("1 sip:a.example;transport=sctp", "no transport of a policy: 'sctp'"),
        ("1 sip:a.example;lr;x=1", "left out of its URI: lr, x"),
        ("1 sip:a.example zz", "no flags: 'zz'"),
        ("1 sip:a.example 4", "flag 4, disabled, is nothing that a policy says"),
        ("1 sip:a.example 0 0 ping_from=sip:x", "nothing that a policy says: 'ping_from=sip:x'"),
        ("1 sip:a.example 0 0 socket=sctp:x", "not understood: socket 'sctp:x'"),
        ("1 sip:a.example 0 0 '' 'words here'", "left out, a description: 'words here'"),
    ],
)
def test_what_is_not_understood_is_told_by_its_line(line: str, text: str) -> None:
    imported = of(f"1 sip:198.51.100.10\n{line}\n")
    compiled(imported)
    assert f":2: {text}" in said(imported)


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"hello\n", b"\xff\xfe", b"1 sip:\n" * 3])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(NotImportable):
        read(data, "x")


@settings(max_examples=200)
@given(
    st.binary(max_size=200)
    | st.text("0123456789 sip:@;=.-[]#'\"\nudpweightsocket", max_size=300).map(str.encode)
    | st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(["198.51.100.1", "a.example", "[2001:db8::1]", "a b", "0.0.0.0"]),
            st.text("0123456789 weight=;'socketudp:.", max_size=30),
        ).map(lambda one: f"{one[0]} sip:{one[1]} {one[2]}"),
        max_size=8,
    ).map(lambda lines: "\n".join(lines).encode())
)
def test_whatever_is_read_compiles_or_is_refused(data: bytes) -> None:
    try:
        imported = read(data, "x")
    except NotImportable:
        return
    compiled(imported)
