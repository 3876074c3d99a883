"""The one place that a scenario has for a destination."""

from __future__ import annotations

import pytest

from sipfo.verify.targets import place_of


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("sip:192.0.2.1", "udp:192.0.2.1:5060"),
        ("sip:pbx.example.com;transport=tcp", "tcp:pbx.example.com:5060"),
        ("sip:pbx.example.com;transport=TLS", "tls:pbx.example.com:5061"),
        ("sip:[2001:db8::1]:5060;transport=tls", "tls:[2001:db8::1]:5060"),
    ],
)
def test_a_uri_without_a_port_has_that_of_its_transport(uri: str, place: str) -> None:
    assert str(place_of(uri)) == place
