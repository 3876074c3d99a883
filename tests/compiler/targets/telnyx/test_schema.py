"""Telnyx's own client judges the bodies: its types are made from the API's schema."""

from __future__ import annotations

from functools import cache
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter
from telnyx.types import (
    fqdn_connection_create_params,
    fqdn_connection_update_params,
    fqdn_create_params,
    ip_connection_create_params,
    ip_connection_update_params,
    ip_create_params,
    phone_number_list_params,
    phone_number_update_params,
)
from telnyx.types.phone_numbers import voice_update_params

from compiler.targets.telnyx.sayable import sayable
from sipfo.compiler.targets.telnyx.emit import requests
from sipfo.plan.model import Plan

TYPES: dict[tuple[str, str], Any] = {
    ("POST", "/v2/ip_connections"): ip_connection_create_params.IPConnectionCreateParams,
    ("PATCH", "/v2/ip_connections/"): ip_connection_update_params.IPConnectionUpdateParams,
    ("POST", "/v2/ips"): ip_create_params.IPCreateParams,
    ("POST", "/v2/fqdn_connections"): fqdn_connection_create_params.FqdnConnectionCreateParams,
    ("PATCH", "/v2/fqdn_connections/"): fqdn_connection_update_params.FqdnConnectionUpdateParams,
    ("POST", "/v2/fqdns"): fqdn_create_params.FqdnCreateParams,
    ("PATCH", "/v2/phone_numbers/"): phone_number_update_params.PhoneNumberUpdateParams,
    ("PATCH", "/v2/phone_numbers//voice"): voice_update_params.VoiceUpdateParams,
}
"""The client's type of each body, by method and path without what is in braces."""


def _path(path: str) -> str:
    before, brace, rest = path.partition("${")
    return before + rest.partition("}")[2] if brace else path


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def _unknown(body: dict[str, Any], of: Any) -> list[str]:
    """Keys that the type does not have."""
    hints = get_type_hints(of)
    found = [key for key in body if key not in hints]
    for key, value in body.items():
        if isinstance(value, dict) and key in hints:
            found += [f"{key}.{inner}" for inner in _unknown(value, hints[key])]
    return found


@settings(deadline=None, max_examples=40)
@given(sayable())
def test_every_body_is_of_the_clients_type(plan: Plan) -> None:
    for request in requests(plan):
        if request["method"] == "GET":
            assert "phone_number" in get_type_hints(phone_number_list_params.Filter)
            assert request["path"].startswith("/v2/phone_numbers?filter[phone_number]=%2B")
            continue
        of = TYPES[request["method"], _path(request["path"])]
        _adapter(of).validate_python(request["body"], strict=True)
        assert _unknown(request["body"], of) == []


@pytest.mark.parametrize(
    "inbound", [{"default_routing_method": "weighted"}, {"sip_region": "Canada"}, {"colour": "red"}]
)
def test_the_judge_sees_what_is_wrong(inbound: dict[str, str]) -> None:
    of = ip_connection_create_params.IPConnectionCreateParams
    body = {"connection_name": "acme", "inbound": inbound}
    try:
        TypeAdapter(of).validate_python(body, strict=True)
    except ValueError:
        return
    assert _unknown(body, of) == ["inbound.colour"]
