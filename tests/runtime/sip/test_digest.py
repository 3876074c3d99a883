"""Digest answers to known vectors, both ways for any text, and what hostile fields come to."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.runtime.sip.digest import (
    MAX_PARAMETERS,
    MAX_VALUE,
    MD5,
    SHA_256,
    SHA_512_256,
    Challenge,
    Credentials,
    answer,
    parse_challenge,
    parse_credentials,
    realm_of,
    strongest,
)
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, parse, serialize

MUFASA = Challenge(
    b"http-auth@example.org",
    b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    opaque=b"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
)
MUFASA_CNONCE = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
JASON = "J\N{LATIN SMALL LETTER A WITH DIAERESIS}s\N{LATIN SMALL LETTER O WITH STROKE}n Doe"

values = st.binary(max_size=40).filter(lambda one: not set(one) & set(b"\r\n\x00"))
algorithms = st.sampled_from([None, MD5, SHA_256, SHA_512_256])
challenges = st.builds(
    Challenge, values, values, algorithms, st.booleans(), st.none() | values, st.booleans()
)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


# Known answers.


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (MD5, b"8ca523f5e9506fed4657c9700eebdbec"),
        (SHA_256, b"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_first_example_of_rfc_7616(algorithm: bytes, response: bytes) -> None:
    """RFC 7616 §3.9.1."""
    challenge = replace(MUFASA, algorithm=algorithm)
    sent = answer(challenge, b"Mufasa", b"Circle of Life", "GET", b"/dir/index.html", MUFASA_CNONCE)
    assert sent.response == response
    assert sent.is_right(b"Circle of Life", "GET")
    assert not sent.is_right(b"Circle of Strife", "GET")
    assert not sent.is_right(b"Circle of Life", "INVITE")


def test_the_second_example_of_rfc_7616() -> None:
    """RFC 7616 §3.9.2, with the response that its erratum 4897 gives."""
    challenge = Challenge(
        b"api@example.org",
        b"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        SHA_512_256,
        opaque=b"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS",
    )
    cnonce = b"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"
    sent = answer(challenge, JASON.encode(), b"Secret, or not?", "GET", b"/doe.json", cnonce)
    assert sent.response == b"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


def test_an_answer_without_qop_is_that_of_rfc_2069() -> None:
    challenge = Challenge(b"atlanta.example", b"84f1", qop=False)
    sent = answer(challenge, b"bob", b"zanzibar", "INVITE", b"sip:x@y", b"unused")
    expected = md5(f"{md5('bob:atlanta.example:zanzibar')}:84f1:{md5('INVITE:sip:x@y')}")
    assert sent.response == expected.encode()
    assert (sent.count, sent.cnonce) == (None, None)  # "MUST NOT be sent" (RFC 3261 §22.4)
    assert b"cnonce" not in sent.encode() and b"qop" not in sent.encode()


def test_an_answer_with_qop_counts_from_one_and_quotes_what_rfc_3261_quotes() -> None:
    challenge = parse_challenge(b'Digest realm="r", nonce="n", qop="auth-int,auth", opaque="o"')
    sent = answer(challenge, b"u", b"p", "INVITE", b"sip:x@y", b"c")
    shown = re.sub(rb'response="[0-9a-f]{32}"', b"response", sent.encode())
    assert shown == (
        b'Digest username="u", realm="r", nonce="n", uri="sip:x@y", response,'
        b' qop=auth, nc=00000001, cnonce="c", opaque="o"'
    )


# Both ways.


@given(challenges)
def test_a_challenge_is_read_as_it_was_written(challenge: Challenge) -> None:
    assert parse_challenge(challenge.encode()) == challenge


@given(challenges, values, values, values, values)
def test_an_answer_is_read_as_it_was_written_and_is_right_for_one_password_only(
    challenge: Challenge, user: bytes, password: bytes, uri: bytes, cnonce: bytes
) -> None:
    sent = answer(challenge, user, password, "INVITE", uri, cnonce)
    read = parse_credentials(sent.encode())
    assert read == sent
    assert read.is_right(password, "INVITE")
    assert not read.is_right(password + b"x", "INVITE")
    assert not read.is_right(password, "BYE")
    assert realm_of(sent.encode()) == challenge.realm


@given(challenges)
def test_a_challenge_crosses_a_message_in_one_piece(challenge: Challenge) -> None:
    text = b"OPTIONS sip:x SIP/2.0\r\nProxy-Authenticate: " + challenge.encode() + b"\r\n\r\n"
    message = parse(serialize(parse(text)))
    assert isinstance(message, Request)
    (value,) = message.headers.lines(b"proxy-authenticate")
    assert parse_challenge(value) == challenge


# Which challenge is answered (RFC 8760 §2.4).


def offer(algorithm: str, realm: str = "r", nonce: str = "n") -> bytes:
    return f'Digest realm="{realm}", nonce="{nonce}", algorithm={algorithm}, qop="auth"'.encode()


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (["MD5"], MD5),
        (["MD5", "SHA-256"], SHA_256),
        (["SHA-256", "MD5", "SHA-512-256"], SHA_512_256),
        (["SHA3-512", "MD5-sess", "sha-256"], SHA_256),
    ],
)
def test_the_strongest_known_algorithm_is_taken_wherever_it_stands(
    offered: list[str], taken: bytes
) -> None:
    found = strongest([offer(one) for one in offered])
    assert found is not None and found.algorithm == taken


def test_of_equals_the_topmost_is_taken() -> None:
    found = strongest([offer("MD5", nonce="1"), offer("MD5", nonce="2")])
    assert found is not None and found.nonce == b"1"


def test_no_algorithm_means_md5() -> None:
    plain = b'Digest realm="r", nonce="plain"'
    found = strongest([plain, offer("MD5", nonce="named")])
    assert found is not None and (found.nonce, found.algorithm) == (b"plain", None)


def test_of_a_realm_no_other_is_taken() -> None:
    values = [offer("SHA-256", realm="theirs"), offer("MD5", realm="ours")]
    found = strongest(values, b"ours")
    assert found is not None and found.algorithm == MD5
    assert strongest(values, b"nobody's") is None


def test_a_challenge_that_is_not_understood_is_ignored() -> None:
    """ "MUST ignore any challenge it does not understand", "MUST NOT accept ... Basic" """
    assert strongest([b'Basic realm="r"', offer("SHA3-512"), b'Digest realm="r"']) is None


# What peers write, and what they should not.


@pytest.mark.parametrize(
    ("value", "challenge"),
    [
        (b"digest realm=r, nonce=a/b+c==", Challenge(b"r", b"a/b+c==", qop=False)),
        (
            b'DIGEST\tREALM = "r" ,\tNonce="n",STALE=True',
            Challenge(b"r", b"n", qop=False, stale=True),
        ),
        (b'Digest realm="r",, nonce="n",', Challenge(b"r", b"n", qop=False)),
        (b'Digest realm="a \\"b\\" \\\\", nonce=""', Challenge(b'a "b" \\', b"", qop=False)),
        (b'Digest realm="r", nonce="n", qop=auth, x=y', Challenge(b"r", b"n")),
        (b'Digest realm="r", nonce="n", stale="false"', Challenge(b"r", b"n", qop=False)),
    ],
)
def test_a_loosely_written_challenge_is_read(value: bytes, challenge: Challenge) -> None:
    assert parse_challenge(value) == challenge


RIGHT = (
    b'Digest username="u", realm="r", nonce="n", uri="sip:x",'
    b' response="00000000000000000000000000000000"'
)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Digest",
        b"Digest u",
        b"Digest ,,,,",
        b'Digestrealm="r", nonce="n"',
        b'Digest realm="r", nonce="n',
        b'Digest realm="r" nonce="n"',
        b'Digest realm="r", nonce="n", nonce="m"',
        b'Digest realm="r", nonce="n", algorithm=',
        b'Digest realm="r", nonce="n", algorithm=MD5-sess',
        b'Digest realm="r", nonce="n", qop="auth-int"',
        b'Digest realm="r", nonce="n", qop=""',
        b'Digest realm="r", nonce="n", =x',
        b'Digest realm="r", nonce="n\\"',
        b'Digest realm="r", nonce="' + b"n" * (MAX_VALUE + 1) + b'"',
        b'Digest realm="r", nonce="n"' + b"".join(b", x%d=y" % n for n in range(MAX_PARAMETERS)),
    ],
)
def test_what_is_no_challenge_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        parse_challenge(value)


@pytest.mark.parametrize(
    "value",
    [
        b"Digest u",
        b'Digest username="u"',
        RIGHT.replace(b"0" * 32, b"0" * 31),
        RIGHT.replace(b"0" * 32, b"x" * 32),
        RIGHT + b", qop=auth",
        RIGHT + b', qop=auth, nc=00000001, cnonce="c", nc=00000002',
        RIGHT + b', qop=auth, nc=1, cnonce="c"',
        RIGHT + b', qop=auth, nc=0000000x, cnonce="c"',
        RIGHT + b', qop=auth-int, nc=00000001, cnonce="c"',
        RIGHT + b", algorithm=NULL",
    ],
)
def test_what_is_no_set_of_credentials_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        parse_credentials(value)
    parse_credentials(RIGHT)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_do_more_than_be_refused(text: bytes, dressed: bool) -> None:
    value = b"Digest " + text if dressed else text
    realm = realm_of(value)
    assert realm is None or isinstance(realm, bytes)
    for read in (parse_challenge, parse_credentials):
        try:
            read(value)
        except Malformed as error:
            assert error.status == 400


@given(
    st.lists(st.sampled_from([b'realm="', b'"', b"\\", b",", b" realm=", b"=", b"\t"]), max_size=60)
)
def test_pieces_of_a_field_do_no_more_either(pieces: list[bytes]) -> None:
    value = b"Digest " + b"".join(pieces)
    assert strongest([value]) is None
    found = realm_of(value)
    assert found is None or set(found) <= set(value)


def test_the_response_is_not_shown() -> None:
    read = parse_credentials(RIGHT)
    assert isinstance(read, Credentials)
    assert "00000000" not in repr(read)


# Whose a field is.


@pytest.mark.parametrize(
    ("value", "realm"),
    [
        (RIGHT, b"r"),
        (b"Digest username=u, realm=bare", b"bare"),
        (b'Digest username="a, realm=\\"x\\"", realm="r"', b"r"),
        (b'Basic realm="r"', b"r"),
        (b'Digest realm="r", realm="s"', b"r"),
        (b"Digest username=u", None),
        (b"Basic dTpw", None),
    ],
)
def test_the_realm_of_a_field(value: bytes, realm: bytes | None) -> None:
    assert realm_of(value) == realm
