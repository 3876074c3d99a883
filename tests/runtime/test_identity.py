"""For whom a certificate is, by RFC 5922 §7.1 and §7.2."""

from __future__ import annotations

import pytest

from sipfo.runtime.identity import Certificate, identities, proves


def certificate(*alternatives: tuple[str, str], common_name: str = "cn.example") -> Certificate:
    """As `getpeercert` gives it."""
    found: dict[str, object] = {"subject": ((("commonName", common_name),),)}
    if alternatives:
        found["subjectAltName"] = alternatives
    return found


@pytest.mark.parametrize(
    ("alternatives", "expected"),
    [
        ([("DNS", "a.example"), ("DNS", "B.example")], {"a.example", "b.example"}),
        ([("URI", "sip:a.example"), ("DNS", "b.example")], {"a.example"}),
        ([("URI", "SIP:A.example"), ("DNS", "b.example")], {"a.example"}),
        ([("URI", "sips:a.example"), ("DNS", "b.example")], {"b.example"}),
        ([("URI", "https://a.example"), ("DNS", "b.example")], {"b.example"}),
        ([("URI", "sip:ann@a.example"), ("DNS", "b.example")], {"b.example"}),
        ([("URI", "sip:a.example:5061;transport=tls")], {"a.example"}),
        ([("URI", "sip:"), ("DNS", "b.example")], {"b.example"}),
        ([("IP Address", "2001:DB8:0:0:0:0:0:1")], {"2001:db8::1"}),
        ([("URI", "sip:a.example"), ("IP Address", "192.0.2.1")], {"a.example", "192.0.2.1"}),
        ([("email", "ann@a.example")], set()),
        ([], {"cn.example"}),
    ],
)
def test_a_certificate_is_for_its_sip_uris_else_its_dns_names_else_its_common_name(
    alternatives: list[tuple[str, str]], expected: set[str]
) -> None:
    assert identities(certificate(*alternatives)) == expected


@pytest.mark.parametrize(
    ("proven", "name", "does"),
    [
        ("a.example", "A.EXAMPLE", True),
        ("a.example", "a.example.", True),
        ("a.example", "b.a.example", False),
        ("b.a.example", "a.example", False),
        ("*.example", "a.example", False),
        (".example", "a.example", False),
    ],
)
def test_names_are_compared_whole_without_wildcards(proven: str, name: str, does: bool) -> None:
    assert proves(certificate(("DNS", proven)), name) is does


def test_an_address_is_compared_by_value() -> None:
    six = certificate(("IP Address", "2001:DB8:0:0:0:0:0:1"))
    assert proves(six, "2001:db8::1")
    assert not proves(six, "2001:db8::2")


def test_a_certificate_without_any_name_is_for_nobody() -> None:
    assert identities({}) == set()
    assert not proves({}, "a.example")
