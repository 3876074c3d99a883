"""STUN on the port of SIP: RFC 5769's own vectors, and what is none of our business."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.registrar.telephones import PHONE, Telephone, world
from runtime.world import SIPFO
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.stun import answer

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
REQUEST = bytes.fromhex("000100002112a442") + TRANSACTION

# The XOR-MAPPED-ADDRESS of RFC 5769 §2.2 (192.0.2.1 port 32853) and §2.3 (IPv6).
VECTORS = [
    (("192.0.2.1", 32853), "002000080001a147e112a643"),
    (
        ("2001:db8:1234:5678:11:2233:4455:6677", 32853),
        "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9",
    ),
]


@pytest.mark.parametrize(("source", "attribute"), VECTORS)
def test_rfc5769_the_address_that_it_came_from(source: tuple[str, int], attribute: str) -> None:
    said = answer(REQUEST, source)
    assert said is not None
    length = len(attribute) // 2
    assert said == bytes.fromhex(f"0101{length:04x}2112a442") + TRANSACTION + bytes.fromhex(
        attribute
    )


@given(st.binary(max_size=300))
def test_nothing_else_is_answered(data: bytes) -> None:
    if not data.startswith(REQUEST[:8]):
        assert answer(data, ("192.0.2.1", 1)) is None


@pytest.mark.parametrize(
    "data", [REQUEST[:19], REQUEST + b"x", b"\x01\x01" + REQUEST[2:], REQUEST + bytes(400)]
)
def test_what_is_cut_off_or_too_long_is_no_request(data: bytes) -> None:
    assert answer(data, ("192.0.2.1", 1)) is None


def test_rfc5626_8_who_has_registered_is_told_that_its_flow_is_alive() -> None:
    there = world()
    Telephone(there).register("<sip:alice@198.51.100.77>")
    there.engine.core.sends.clear()
    there.engine.receive(REQUEST, Flow("udp", SIPFO, PHONE), there.now)
    ((flow, said),) = there.engine.core.sends
    assert (flow.remote, said) == (PHONE, answer(REQUEST, PHONE))


def test_a_stranger_is_told_nothing() -> None:
    there = world()
    there.engine.receive(REQUEST, Flow("udp", SIPFO, ("198.51.100.99", 5060)), there.now)
    assert not there.engine.core.sends
