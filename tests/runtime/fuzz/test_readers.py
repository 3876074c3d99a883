"""Each reader of what comes from the network: Malformed or a value, and never the same twice
differently: what is read, written and read again is the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.fuzz.corpus import LARGE_NUMBERS, ODD, SEEDS, fuzz, pieces, spoiled
from runtime.world import policy
from sipfo.runtime.admission import Admission
from sipfo.runtime.headers import q850_causes, reasons, retry_after, unsupported_tags
from sipfo.runtime.mapping import Mapping
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.cseq import parse_cseq, parse_rack
from sipfo.runtime.sip.digest import parse_challenge, parse_credentials, realm_of, strongest
from sipfo.runtime.sip.framing import Keepalive, Stream
from sipfo.runtime.sip.headers import split_list
from sipfo.runtime.sip.limits import MAX_BODY, MAX_HEADER_SECTION
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, check, parse, serialize
from sipfo.runtime.sip.parameters import encode_parameters, parse_parameters
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.sip.via import parse_via

# A whole message.


@fuzz(200)
@given(spoiled())
def test_a_message_is_read_or_malformed_and_reads_the_same_when_written(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        written = serialize(parse(data))
        assert serialize(parse(written)) == written


@fuzz(150)
@given(spoiled())
def test_whatever_is_asked_of_a_message_is_answered_or_malformed(data: bytes) -> None:
    try:
        message = parse(data)
    except Malformed as error:
        assert 400 <= error.status < 600
        return
    asked: list[Callable[[], object]] = [
        lambda: message.via,
        lambda: message.from_,
        lambda: message.to,
        lambda: message.cseq,
        lambda: message.contact,
        lambda: message.call_id,
    ]
    if isinstance(message, Request):
        asked += [lambda: check(message), lambda: unsupported_tags(message)]
        asked += [lambda: parse_uri(message.uri), lambda: message.max_forwards]
    else:
        asked += [lambda: q850_causes(reasons(message)), lambda: retry_after(message)]
        asked.append(lambda: strongest(message.headers.lines(b"proxy-authenticate")))
    for ask in asked:
        with contextlib.suppress(Malformed):
            ask()


# A stream.


def heard(chunks: list[bytes]) -> tuple[list[bytes | Keepalive], bool]:
    """What a stream makes of these, and whether it was closed."""
    stream, found = Stream(), list[bytes | Keepalive]()
    for chunk in chunks:
        try:
            found += stream.feed(chunk)
        except Malformed:
            return found, True
    try:
        stream.feed(b"")
    except Malformed:
        return found, True
    return found, False


@fuzz(150)
@given(st.lists(spoiled(), min_size=1, max_size=3), st.data())
def test_a_stream_is_heard_the_same_in_any_chunks(
    messages: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(messages)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=8).map(sorted))
    chunks = [whole[start:end] for start, end in pairwise((0, *cuts, len(whole)))]
    assert heard(chunks) == heard([whole])


@fuzz(100)
@given(st.lists(spoiled() | st.binary(max_size=400), max_size=6))
def test_a_stream_never_holds_more_than_one_message(chunks: list[bytes]) -> None:
    stream = Stream()
    with contextlib.suppress(Malformed):
        for chunk in chunks:
            stream.feed(chunk)
            assert len(stream._buffer) <= MAX_HEADER_SECTION + MAX_BODY + 4


# A field, or a part of one.

READERS: list[Callable[[bytes], object]] = [
    parse_address,
    parse_cseq,
    parse_rack,
    parse_uri,
    parse_via,
    parse_parameters,
    parse_challenge,
    parse_credentials,
    realm_of,
    split_list,
]
GOOD = {
    "parse_address": b'"A \\" B" <sip:a:b@[2001:db8::1]:5060;lr?x=y>;tag=1;x="a,b"',
    "parse_cseq": b"2147483647 INVITE",
    "parse_rack": b"1 2 INVITE",
    "parse_uri": b"sips:%61;x=y:p@h.example:5061;transport=tcp;maddr=1.2.3.4;lr?Subject=a&b=c",
    "parse_via": b'SIP / 2.0 / UDP [2001:db8::9]:5060;branch=z9hG4bK1;rport;received=::1;x="y"',
    "parse_parameters": b';a;b=c;d="e \\" f";tag=1',
    "parse_challenge": b'Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256, opaque=""',
    "parse_credentials": (
        b'Digest username="u", realm="r", nonce="n", uri="sip:h", response="'
        + b"a" * 32
        + b'", algorithm=MD5, cnonce="c", qop=auth, nc=00000001'
    ),
    "realm_of": b'Digest username="u", realm="r"',
    "split_list": b'"a,b" <sip:x,y>, c',
}


@pytest.mark.parametrize("read", READERS)
def test_what_is_fuzzed_is_good_before(read: Callable[[bytes], object]) -> None:
    assert read(GOOD[read.__name__]) is not None


@pytest.mark.parametrize("read", READERS)
@fuzz(80)
@given(data=st.data())
def test_a_reader_raises_only_malformed(
    read: Callable[[bytes], object], data: st.DataObject
) -> None:
    value = data.draw(spoiled((GOOD[read.__name__],)) | pieces)
    with contextlib.suppress(Malformed):
        read(value)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("odd", (*LARGE_NUMBERS, *ODD))
def test_an_odd_piece_anywhere_raises_only_malformed(
    read: Callable[[bytes], object], odd: bytes
) -> None:
    good = GOOD[read.__name__]
    for place in range(len(good) + 1):
        with contextlib.suppress(Malformed):
            read(good[:place] + odd + good[place:])


@fuzz(150)
@given(spoiled((GOOD["parse_via"],)))
def test_a_via_that_is_read_is_written_so_that_it_reads_the_same(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        via = parse_via(data)
        assert parse_via(via.encode()) == via


@fuzz(150)
@given(spoiled((GOOD["parse_uri"],)))
def test_a_uri_that_is_read_is_written_so_that_it_reads_the_same(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        uri = parse_uri(data)
        assert parse_uri(uri.encode()) == uri


@fuzz(150)
@given(spoiled((GOOD["parse_address"],)))
def test_an_address_that_is_read_is_written_so_that_it_reads_the_same(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        address = parse_address(data)
        assert parse_address(address.encode()) == address


@fuzz(100)
@given(spoiled((GOOD["parse_parameters"],)))
def test_parameters_that_are_read_are_written_so_that_they_read_the_same(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        parameters = parse_parameters(data)
        assert parse_parameters(encode_parameters(parameters)) == parameters


@fuzz(150)
@given(spoiled((GOOD["parse_challenge"],)))
def test_a_challenge_that_is_read_is_written_so_that_it_reads_the_same(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        challenge = parse_challenge(data)
        again = parse_challenge(challenge.encode())
        assert (again.realm, again.nonce) == (challenge.realm, challenge.nonce)


@fuzz(100)
@given(spoiled((b"+13125550123", b"sos", b"%2B1")))
def test_any_user_part_is_admitted_or_refused(user: bytes) -> None:
    admission = Admission(policy(), Mapping())
    at = ("udp", "192.0.2.10", 5060)
    assert admission.admit(user.decode("utf-8", "replace"), "192.0.2.200", at) is not None


def test_the_seeds_are_what_they_should_be() -> None:
    assert len(SEEDS) == 3 + 61
    assert [type(parse(seed)) for seed in SEEDS[:3]] == [Request, Request, Response]
