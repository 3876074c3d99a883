"""A plan to the requests that make Telnyx do it, in their order, as one JSON file.

A connection is made before its routes, and prefers them only then: their ids do not exist earlier.
What would surprise: an id that a request needs from the response of an earlier one stands as
`${name}`; the earlier one has that `name`, and `take` says where in its response the id is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, Literal
from urllib.parse import quote

from sipfo.compiler.targets.folder import File
from sipfo.compiler.targets.places import Destination
from sipfo.compiler.targets.source import NOWHERE, Source
from sipfo.compiler.targets.telnyx import shape
from sipfo.compiler.targets.telnyx.facts import ANSWER, MOST_ROUTES, region_of
from sipfo.plan.model import Plan, Trunk

NAME: Final = "requests.json"
BASE: Final = "https://api.telnyx.com"

FORMAT: Final = "sipfo telnyx requests 1"
"""What tells such a file from any other JSON."""

CREATED: Final = "data.id"
FOUND: Final = "data.0.id"
"""Where a response has the id of what was made, or of the first thing found."""

_PLACES: Final = ("primary", "secondary", "tertiary")

Request = dict[str, Any]


def render(plan: Plan, source: Source = NOWHERE) -> dict[str, File]:
    """The file by its name. `plan` says nothing that `capabilities` refuses. Raises CannotSay."""
    document = {
        "format": FORMAT,
        "written": source.headline,
        "base": BASE,
        "requests": list(requests(plan, source)),
    }
    return {NAME: File(json.dumps(document, indent=2, ensure_ascii=False) + "\n")}


def requests(plan: Plan, source: Source = NOWHERE) -> Iterator[Request]:
    """Every request, in the order in which they are sent."""
    for trunk in plan.trunks:
        yield from _connection(plan, trunk, source)
        for number in shape.numbers_of(trunk):
            yield from _number(trunk, number)


def _connection(plan: Plan, trunk: Trunk, source: Source) -> Iterator[Request]:
    places = shape.destinations_of(plan, trunk)
    kind: Literal["ip", "fqdn"] = "ip" if places[0].is_numeric else "fqdn"
    connections = f"/v2/{kind}_connections"
    body = {
        "connection_name": trunk.name,
        "transport_protocol": (places[0].transport or "udp").upper(),
        "inbound": _inbound(plan, trunk),
    }
    yield _request("POST", connections, body, trunk.name, CREATED, source.trunk(trunk.name))
    for name, place in zip(trunk.routes, places, strict=True):
        route = _address(place) if kind == "ip" else _name(place)
        body = {"connection_id": _taken(trunk.name), **route}
        whence = source.destination(name)
        yield _request("POST", f"/v2/{kind}s", body, f"{trunk.name}/{name}", CREATED, whence)
    preferred = {
        f"default_{which}_{kind}_id": _taken(f"{trunk.name}/{name}")
        for which, name in zip(_PLACES, trunk.routes[:MOST_ROUTES], strict=False)
    }
    yield _request("PATCH", f"{connections}/{_taken(trunk.name)}", {"inbound": preferred})


def _inbound(plan: Plan, trunk: Trunk) -> dict[str, Any]:
    retry = shape.retry_of(plan, trunk)
    inbound: dict[str, Any] = {
        "default_routing_method": trunk.method,
        "sip_region": region_of(shape.hosts_of(plan, trunk)),
        "timeout_2xx_secs": shape.whole_seconds(retry.no_answer, ANSWER),
    }
    if (ringback := shape.ringback(retry)) is not None:
        inbound["timeout_1xx_secs"] = ringback
    if trunk.limit is not None and trunk.limit.calls is not None:
        inbound["channel_limit"] = trunk.limit.calls
    return inbound


def _address(place: Destination) -> dict[str, Any]:
    return {"ip_address": place.host, "port": place.port or _default_port(place)}


def _name(place: Destination) -> dict[str, Any]:
    # "port unset: dns_record_type must be srv; port set: must be a"
    kind = "srv" if place.port is None else "a"
    return {"fqdn": place.host, "dns_record_type": kind, "port": place.port}


def _default_port(place: Destination) -> int:
    return 5061 if place.transport == "tls" else 5060


def _number(trunk: Trunk, number: str) -> Iterator[Request]:
    """A number is looked up, put on the connection, and told where its failed calls go."""
    search = f"/v2/phone_numbers?filter[phone_number]={quote(number)}"
    yield _request("GET", search, name=number, take=FOUND)
    where = f"/v2/phone_numbers/{_taken(number)}"
    yield _request("PATCH", where, {"connection_id": _taken(trunk.name)})
    forwarding: dict[str, Any] = {"call_forwarding_enabled": False}
    if trunk.forward is not None:
        forwarding = {
            "call_forwarding_enabled": True,
            "forwards_to": trunk.forward.number,
            "forwarding_type": "always" if trunk.forward.always else "on-failure",
        }
    yield _request("PATCH", f"{where}/voice", {"call_forwarding": forwarding})


def _request(
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    name: str = "",
    take: str = "",
    whence: str = "",
) -> Request:
    parts = {"name": name, "method": method, "path": path, "take": take, "body": body}
    made = {key: value for key, value in parts.items() if value}
    return made | ({"source": whence} if whence else {})


def _taken(name: str) -> str:
    return f"${{{name}}}"
