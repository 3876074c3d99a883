"""Telnyx's JSON to records: connections, their routes, and numbers, whatever form they came in.

Read are the requests that `sipfo compile --target telnyx` writes (or any list of method, path and
body), responses of the API (`data`), and bodies alone, also the one on Telnyx's own page about
failover, which has its fields in other places than the schema. What would surprise: later records
change earlier ones, as the requests would.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote

from sipfo.compiler.importing.imported import NotImportable, Remark
from sipfo.compiler.importing.json_text import BadJson, Value, read_json

Kind = Literal["ip", "fqdn"]

BY_HAND: Final = "a credential connection: write it by hand, as a `registrar` and `to registered`"

_PATH: Final = re.compile(r"(?:https?://[^/]+)?/v2/([a-z_]+)(?:/([^/?]+))?(/voice)?/?(?:\?(.*))?")
_SEARCH: Final = re.compile(r"filter\[phone_number\]=([^&]*)")

ELSEWHERE: Final = (
    "stands in `inbound` in the API's schema (telnyx-python, inbound_ip.py), and on the connection on"
    " Telnyx's page about failover and retries: read as if it were in `inbound`"
)


@dataclass(slots=True)
class Connection:
    """A connection as its requests left it; `fields` by their names, those of `inbound` with
    `inbound.` before them."""

    id: str
    line: int
    kind: Kind = "ip"
    fields: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """An address or a name that a connection sends calls to."""

    id: str
    connection: str
    host: str
    port: Value | None
    record: str
    line: int


@dataclass(slots=True)
class NumberRecord:
    """A telephone number, the connection that it is on, and where it is forwarded."""

    number: str
    line: int
    connection: str = ""
    forwarding: Value | None = None


@dataclass(slots=True)
class Records:
    """All that a file holds, and what was not understood."""

    connections: dict[str, Connection] = field(default_factory=dict)
    routes: dict[str, RouteRecord] = field(default_factory=dict)
    numbers: dict[str, NumberRecord] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def read_records(data: bytes) -> Records:
    """The records of a file. Raises NotImportable."""
    try:
        documents = read_json(data)
    except BadJson as error:
        raise NotImportable(f"no JSON: {error}") from None
    reading = _Reading()
    for document in documents:
        reading.document(document)
    found = reading.records
    if not (found.connections or found.routes or found.numbers):
        by_hand = [one for one in found.remarks if one.text == BY_HAND]
        if by_hand:
            raise NotImportable(f"line {by_hand[0].line}: {BY_HAND}; nothing else is in the file")
        raise NotImportable(
            "nothing in it is a connection, a route or a number of Telnyx's: give the requests that"
            " `sipfo compile --target telnyx` writes, or what GET /v2/ip_connections, /v2/ips,"
            " /v2/fqdn_connections, /v2/fqdns and /v2/phone_numbers/voice give"
        )
    return found


class _Reading:
    def __init__(self) -> None:
        self.records = Records()
        self._ids: dict[str, str] = {}
        """Of a number's id its number."""

    def document(self, value: Value) -> None:
        """One document, or a part of one."""
        if isinstance(value.it, list):
            for one in value.it:
                self.document(one)
        elif value.get("requests") is not None:
            self.document(value.it["requests"])
        elif value.get("path") is not None and value.get("method") is not None:
            self._request(value)
        elif value.get("data") is not None:
            self.document(value.it["data"])
        elif isinstance(value.it, dict):
            self._record(value)
        else:
            self._remark(value.line, "no record of Telnyx's: left out")

    def _request(self, request: Value) -> None:
        path = request.it["path"].text
        found = _PATH.fullmatch(path)
        what, called = (found[1], found[2] or "") if found is not None else ("", "")
        called = called or f"${{{_text(request, 'name')}}}"
        body = request.get("body") or Value({}, request.line)
        if what in ("ip_connections", "fqdn_connections"):
            self._connection(body, "ip" if what[0] == "i" else "fqdn", called)
        elif what in ("ips", "fqdns"):
            self._route(body, called)
        elif what == "phone_numbers" and found is not None:
            search = _SEARCH.search(unquote(found[4] or ""))
            if search is not None:
                self._ids[called] = search[1]
            elif body.items:
                self._number(body, self._ids.get(called, called))
        else:
            self._remark(request.line, f"a request that a policy does not say: {path[:80]}")

    def _record(self, value: Value) -> None:
        kind, called = _text(value, "record_type"), _text(value, "id")
        keys = {key for key, _ in value.items}
        if kind.startswith("credential_connection") or "user_name" in keys:
            self._remark(value.line, BY_HAND)
        elif kind == "ip" or "ip_address" in keys or kind == "fqdn" or "fqdn" in keys:
            self._route(value, called)
        elif "phone_number" in keys:
            self._ids[called] = _text(value, "phone_number")
            self._number(value, _text(value, "phone_number"))
        elif kind.endswith(("ip_connection", "fqdn_connection")) or keys & _OF_CONNECTION:
            is_named = "fqdn" in kind or any("fqdn_id" in key for key, _ in _inbound(value))
            self._connection(value, "fqdn" if is_named else "ip", called)
        else:
            self._remark(value.line, "no connection, route or number of Telnyx's: left out")

    def _connection(self, body: Value, kind: Kind, called: str) -> None:
        called = called or _text(body, "connection_name") or f"connection {body.line}"
        connection = self.records.connections.setdefault(
            called, Connection(called, body.line, kind)
        )
        connection.kind = kind
        for key, value in body.items:
            if key == "inbound":
                connection.fields |= {f"inbound.{inner}": one for inner, one in value.items}
            elif key == "default_routing_method":
                self._remark(value.line, f"`default_routing_method` {ELSEWHERE}")
                connection.fields[f"inbound.{key}"] = value
            else:
                connection.fields[key] = value

    def _route(self, body: Value, called: str) -> None:
        host = _text(body, "ip_address") or _text(body, "fqdn")
        called = called or f"{host} {body.line}"
        connection = _text(body, "connection_id")
        record = _text(body, "dns_record_type")
        made = RouteRecord(called, connection, host, body.get("port"), record, body.line)
        self.records.routes[called] = made

    def _number(self, body: Value, number: str) -> None:
        one = self.records.numbers.setdefault(number, NumberRecord(number, body.line))
        one.connection = _text(body, "connection_id") or one.connection
        one.forwarding = body.get("call_forwarding") or one.forwarding

    def _remark(self, line: int, text: str) -> None:
        self.records.remarks.append(Remark(line, text))


_OF_CONNECTION: Final = frozenset(
    {
        "connection_name",
        "inbound",
        "default_routing_method",
        "transport_protocol",
        "call_forwarding",
    }
)


def _text(value: Value, key: str) -> str:
    found = value.get(key)
    if found is None or isinstance(found.it, dict | list | bool):
        return ""
    return str(found.it)


def _inbound(value: Value) -> Iterator[tuple[str, Value]]:
    inbound = value.get("inbound")
    return iter(inbound.items if inbound is not None else [])
