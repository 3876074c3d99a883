"""The bounds of CSeq and RAck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.sip.strategies import tokens
from sipfo.runtime.sip.cseq import CSeq, RAck, parse_cseq, parse_rack
from sipfo.runtime.sip.malformed import Malformed


@given(st.integers(0, 2**31 - 1), tokens)
def test_a_cseq_is_read_back(number: int, method: str) -> None:
    assert parse_cseq(CSeq(number, method).encode()) == CSeq(number, method)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**31 - 1), tokens)
def test_a_rack_is_read_back(rseq: int, number: int, method: str) -> None:
    assert parse_rack(RAck(rseq, number, method).encode()) == RAck(rseq, number, method)


def test_leading_zeros_and_blanks_are_the_same_cseq() -> None:
    assert parse_cseq(b"0009 \t INVITE") == CSeq(9, "INVITE")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"1",
        b"INVITE",
        b"1INVITE",
        b"-1 INVITE",
        b"+1 INVITE",
        b"1_0 INVITE",
        b"2147483648 INVITE",
        b"36893488147419103232 REGISTER",
        b"1 INVITE x",
        b"1 INV@TE",
        b"1 INVITE\n",
        b"0 " + b"A" * 4000,
        "١ INVITE".encode(),
    ],
)
def test_a_bad_cseq_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_cseq(value)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"1 INVITE",
        b"4294967296 1 INVITE",
        b"1 2147483648 INVITE",
        b"1 1 INV@TE",
        b"1 1 1 INVITE",
    ],
)
def test_a_bad_rack_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        parse_rack(value)
