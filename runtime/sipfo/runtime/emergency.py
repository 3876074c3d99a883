"""Calls to an emergency service by its name, `urn:service:sos` (RFC 5031).

Such a call keeps the name as Request-URI and To, and goes to a route by Route (RFC 3261 §16.6):
the answering point knows the service by it. No limit of a policy and nothing known of a target
keeps it from being tried.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.uri import SipUri, parse_uri

NUMBER: Final = "sos"
"""What stands for the called number, in records and in the routing: only `numbers any` has it."""

_SERVICE = re.compile(
    rb"urn:service:sos(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){0,8}", re.IGNORECASE
)


_URN = (b"u", b"U")
"""How it can begin: most calls are told from one by that."""


def is_emergency(request: Request) -> bool:
    """Whether a request asks for an emergency service by name."""
    uri = request.uri
    return uri[:1] in _URN and _SERVICE.fullmatch(uri) is not None


def called_user(request: Request) -> str:
    """The user that an INVITE calls; empty without one. Raises Malformed."""
    return NUMBER if is_emergency(request) else parse_uri(request.uri).user or ""


def route_to(uri: SipUri) -> bytes:
    """The Route by which a service's name goes to a destination."""
    loose = uri.bare().with_user(None)
    transport = uri.param("transport")
    parameters = f";transport={transport}" if transport else ""
    return f"<{loose}{parameters};lr>".encode("ascii")
