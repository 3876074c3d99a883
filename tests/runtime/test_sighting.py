"""What a watcher is shown of a message, and what it is not."""

from __future__ import annotations

import pytest

from sipfo.runtime.sighting import call_id_of, is_message, masked

INVITE = b"INVITE sip:a SIP/2.0\r\nVia: x\r\n%s: %s\r\nCSeq: 1 INVITE\r\n\r\nCall-ID: body\r\n"


@pytest.mark.parametrize("name", [b"Call-ID", b"call-id", b"i", b"I", b"CALL-ID \t"])
def test_the_call_id_is_found_under_every_spelling(name: bytes) -> None:
    assert call_id_of(INVITE % (name, b" one@host ")) == b"one@host"


def test_a_message_without_call_id_has_none_whatever_its_body_says() -> None:
    assert call_id_of(INVITE % (b"X", b"Call-ID: no")) == b""


def test_a_digest_response_is_blotted_out_and_nothing_else_is() -> None:
    line = b'Authorization: Digest username="a", nonce="ab12", response="%s", qop=auth\r\n'
    shown = masked(line % b"0a4f113b0a4f113b0a4f113b0a4f113b")
    assert shown == line % (b"0" * 32)
    assert masked(line.replace(b"response", b"RESPONSE") % b"AB")[-16:-11] == b'"00",'


def test_an_srtp_key_is_blotted_out_with_its_length_kept() -> None:
    line = (
        b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20"
    )
    shown = masked(line)
    assert len(shown) == len(line)
    assert b"WVNf" not in shown
    assert shown.endswith(b"A|2^20")


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0", b"\0\0\0\0"])
def test_a_keep_alive_is_no_message(data: bytes) -> None:
    assert not is_message(data)


def test_a_long_line_of_blanks_costs_no_more_than_its_length() -> None:
    # Linear in a fraction of a second; a pattern that backtracks would take minutes.
    assert call_id_of(b"\r\nCall-ID:" + b" " * 4_000_000 + b"x") == b"x"
