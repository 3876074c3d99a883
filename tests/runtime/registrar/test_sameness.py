"""RFC 3261 §19.1.4: its own examples, and that sameness is what it should be."""

from __future__ import annotations

import pytest

from sipfo.runtime.registrar.sameness import same
from sipfo.runtime.sip.uri import parse_uri

SAME = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
    ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
    ),
    (
        "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
        "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
    ),
]
OTHERS = [
    ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
    ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
    ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
    ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
    ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
    ("sip:a@b.example", "sips:a@b.example"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_19_1_4_these_are_the_same(one: str, other: str) -> None:
    assert same(parse_uri(one), parse_uri(other))
    assert same(parse_uri(other), parse_uri(one))


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_19_1_4_these_are_not(one: str, other: str) -> None:
    assert not same(parse_uri(one), parse_uri(other))
    assert not same(parse_uri(other), parse_uri(one))


@pytest.mark.parametrize("one", [uri for pair in SAME + OTHERS for uri in pair])
def test_each_is_the_same_as_itself(one: str) -> None:
    assert same(parse_uri(one), parse_uri(one))
