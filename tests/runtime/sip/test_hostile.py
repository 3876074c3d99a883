"""Whatever arrives, the only error is Malformed, and its cost grows no faster than its length."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sipfo.runtime.sip.address
import sipfo.runtime.sip.cseq
import sipfo.runtime.sip.framing
import sipfo.runtime.sip.headers
import sipfo.runtime.sip.message
import sipfo.runtime.sip.parameters
import sipfo.runtime.sip.uri
import sipfo.runtime.sip.via
from runtime.sip.samples import FIELDS, replaced, wire
from runtime.sip.steps import counting
from runtime.sip.strategies import mutations, near_messages
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.cseq import parse_cseq, parse_rack
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.framing import Stream
from sipfo.runtime.sip.headers import split_list
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, check, parse, serialize
from sipfo.runtime.sip.parameters import parse_parameters
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.sip.via import parse_via, stamp

rubbish = st.one_of(st.binary(max_size=200), near_messages, mutations())


@given(rubbish)
def test_parsing_and_checking_raise_only_malformed(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        message = parse(data)
        again = parse(serialize(message))
        assert again.headers.all(b"via") == message.headers.all(b"via")
        if isinstance(message, Request):
            make_response(message, 400, to_tag=b"t")
            check(message)


@given(rubbish)
def test_a_request_that_passes_can_be_answered_and_made_a_dialog(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        message = parse(data)
        if isinstance(message, Request):
            check(message)
            stamp(message.headers, message.via, ("192.0.2.1", 5060))
            assert parse(serialize(make_response(message, 486, to_tag=b"t"))).to.tag is not None
            dialog = Dialog.of_server(message, b"t")
            bye = parse(serialize(dialog.request("BYE")))
            assert isinstance(bye, Request)
            assert bye.uri
            assert dialog.next_hop


@given(rubbish)
def test_a_stream_raises_only_malformed(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        Stream().feed(data)


@pytest.mark.parametrize(
    "read", [parse_address, parse_uri, parse_via, parse_parameters, parse_cseq, parse_rack]
)
@given(data=st.one_of(rubbish, st.text('<>"\\;,=:@[] \tsip', max_size=30).map(str.encode)))
def test_every_reader_raises_only_malformed(read: Callable[[bytes], object], data: bytes) -> None:
    with contextlib.suppress(Malformed):
        read(data)


def folded(size: int) -> bytes:
    return wire(*FIELDS, b"X: a" + b"\r\n b" * (size // 4))


HOSTILE: dict[str, tuple[Callable[[bytes], object], Callable[[int], bytes]]] = {
    "quoted backslashes": (parse_address, lambda n: b'"' + b"\\" * n),
    "quoted pairs, never closed": (parse_address, lambda n: b'"' + b"\\a" * (n // 2)),
    "closed, no angle": (parse_address, lambda n: b'"' + b"\\\\" * (n // 2) + b'"'),
    "blanks in a display name": (parse_address, lambda n: b"x" + b" " * n + b"x"),
    "blanks after a quoted name": (parse_address, lambda n: b'"x"' + b" " * n + b"x"),
    "quotes": (parse_address, lambda n: b'"' * n),
    "angles": (parse_address, lambda n: b"<" * n),
    "blanks in an address": (parse_address, lambda n: b"<" + b" " * n + b">x"),
    "parameters": (parse_parameters, lambda n: b";a" * (n // 2) + b"@"),
    "blanks between parameters": (parse_parameters, lambda n: b";a" + b" " * n + b"@"),
    "blanks around an equals sign": (parse_parameters, lambda n: b";a" + b" " * n + b"=@ @"),
    "a quoted value, never closed": (parse_parameters, lambda n: b';a="' + b"\\" * n),
    "blanks before sent-by": (parse_via, lambda n: b"SIP/2.0/UDP" + b" " * n + b"a" * 301),
    "blanks in sent-by": (parse_via, lambda n: b"SIP/2.0/UDP a" + b" " * n + b"a"),
    "blanks in the protocol": (parse_via, lambda n: b"SIP" + b" " * n + b"x"),
    "blanks before the port": (parse_via, lambda n: b"SIP/2.0/UDP a" + b" " * n + b": x"),
    "dots in a host": (parse_via, lambda n: b"SIP/2.0/UDP " + b"a." * (n // 2) + b"@"),
    "at signs": (parse_uri, lambda n: b"sip:" + b"a@" * (n // 2)),
    "colons": (parse_uri, lambda n: b"sip:" + b"a:" * (n // 2)),
    "semicolons": (parse_uri, lambda n: b"sip:h" + b";" * n + b'"'),
    "a long user": (parse_uri, lambda n: b"sip:" + b"a" * n),
    "blanks in a CSeq": (parse_cseq, lambda n: b"1" + b" " * n + b"@"),
    "digits in a CSeq": (parse_cseq, lambda n: b"1" * n),
    "commas in a list": (split_list, lambda n: b"," * n),
    "quotes in a list": (split_list, lambda n: b',"\\' * (n // 3)),
    "folds": (parse, folded),
    "empty lines": (parse, lambda n: b"\r\n" * (n // 2)),
    "blanks in a field": (parse, lambda n: wire(b"X:" + b" " * n + b"x")),
    "colons in a field": (parse, lambda n: wire(b":" * n)),
    "NULs after backslashes": (parse, lambda n: wire(b"X: " + b"\\\x00" * (n // 2))),
    "keepalives": (lambda data: Stream().feed(data), lambda n: b"\r\n" * (n // 2)),
    "lengths": (lambda data: Stream().feed(data), lambda n: wire(b"l: 1\r\n" * (n // 6))),
}
SMALL = 128

READING = [
    sipfo.runtime.sip.address,
    sipfo.runtime.sip.cseq,
    sipfo.runtime.sip.framing,
    sipfo.runtime.sip.headers,
    sipfo.runtime.sip.message,
    sipfo.runtime.sip.parameters,
    sipfo.runtime.sip.uri,
    sipfo.runtime.sip.via,
]


def steps(read: Callable[[bytes], object], data: bytes) -> int:
    """What reading the data takes, whatever comes of it."""

    def work() -> None:
        with contextlib.suppress(Malformed):
            read(data)

    with counting(READING) as cost:
        return cost(work)


@pytest.mark.parametrize("name", HOSTILE)
def test_cost_grows_with_length_and_not_with_its_square(name: str) -> None:
    """Twice the length may cost twice as much; a square would cost four times."""
    read, make = HOSTILE[name]
    once, twice, four = (steps(read, make(SMALL * times)) for times in (1, 2, 4))
    assert twice - once <= 2.1 * once
    assert four - twice <= 2.1 * (twice - once) + 8


def test_the_count_tells_a_square_from_a_line() -> None:
    """What the test above relies on."""
    square = ModuleType("square")
    square.__dict__["pattern"] = re.compile(rb"(?:a*)*b|x*y")
    line = ModuleType("line")
    line.__dict__["pattern"] = re.compile(rb"a*b|[^c]*c")
    for module, least, most in ((square, 3.5, 5.0), (line, 1.8, 2.2)):
        with counting([module]) as cost:
            costs = [
                cost(lambda n=n, m=module: m.pattern.search(b"x" * n))  # type: ignore[misc]  # bound per turn
                if module is square
                else cost(lambda n=n, m=module: m.pattern.match(b"a" * n))  # type: ignore[misc]  # same
                for n in (100, 200)
            ]
        assert least < costs[1] / costs[0] < most


def test_a_stream_that_comes_octet_by_octet_is_searched_once() -> None:
    """The blank line is looked for where the last look ended."""

    def feed(size: int) -> int:
        stream, data = Stream(), wire(*FIELDS, b"l: 0", b"X: " + b"x" * size)

        def work() -> None:
            for octet in data:
                stream.feed(bytes((octet,)))

        with counting(READING) as cost:
            return cost(work)

    once, twice, four = feed(1000), feed(2000), feed(4000)
    assert four - twice <= 2.1 * (twice - once)


@pytest.mark.parametrize(
    "field",
    [
        b'From: "' + b"\\" * 8000,
        b"From: <sip:a@h>;tag=" + b"t" * 500,
        b"CSeq: 0 " + b"A" * 8000,
        b"To: " + b"<" * 8000,
        b"Via: SIP/2.0/UDP " + b"," * 8000,
        b"Max-Forwards: " + b"9" * 8000,
    ],
)
def test_a_field_as_long_as_it_may_be_is_read_or_refused(field: bytes) -> None:
    name = field.partition(b":")[0]
    message = parse(replaced(name, field))
    assert isinstance(message, Request)
    with contextlib.suppress(Malformed):
        check(message)
        assert name == b"From"
