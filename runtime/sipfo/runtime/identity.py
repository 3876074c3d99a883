"""A peer's certificate to whether it is for a name, by the rules of SIP (RFC 5922 §7).

What would surprise: a wildcard matches nothing but itself, and one `sip:` URI in the certificate
makes its DNS names count for nothing. Whether the certificate is valid has been settled before.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.uri import parse_uri

Certificate = Mapping[str, object]
"""A certificate as `ssl.SSLObject.getpeercert` gives it."""


def proves(certificate: Certificate, name: str) -> bool:
    """Whether a certificate is for a host name or address."""
    return _comparable(name) in identities(certificate)


def identities(certificate: Certificate) -> frozenset[str]:
    """The domains, in lower case, and addresses that a certificate is for (RFC 5922 §7.1)."""
    alternatives = _pairs(certificate.get("subjectAltName"))
    if not alternatives:
        # "If and only if the subjectAltName does not appear in the certificate"
        return frozenset(_comparable(name) for name in _common_names(certificate.get("subject")))
    by_uri = {_domain_of(value) for kind, value in alternatives if kind == "URI"} - {""}
    addresses = {_comparable(value) for kind, value in alternatives if kind == "IP Address"}
    # A DNS name counts "if and only if no other identity is found that matches the sip URI type".
    names = by_uri or {_comparable(value) for kind, value in alternatives if kind == "DNS"}
    return frozenset(names | addresses)


def _domain_of(uri: str) -> str:
    """The host of a `sip:` URI without a user; empty for any other."""
    try:
        parsed = parse_uri(uri)
    except Malformed:
        return ""
    return _comparable(parsed.host) if parsed.scheme == "sip" and parsed.user is None else ""


def _comparable(name: str) -> str:
    """Host names compare without regard to case (§7.2), addresses by value."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower().removesuffix(".")


def _common_names(subject: object) -> list[str]:
    parts = subject if isinstance(subject, tuple) else ()
    return [value for part in parts for kind, value in _pairs(part) if kind == "commonName"]


def _pairs(values: object) -> list[tuple[str, str]]:
    if not isinstance(values, tuple):
        return []
    return [(str(one[0]), str(one[1])) for one in values if isinstance(one, tuple) and one]
