"""Declared address to the address really used, so that a policy runs where its addresses are not.

`--map 192.76.120.10=127.0.0.2` gives a whole host another address; `HOST:PORT=HOST:PORT` one
socket. What would surprise: networks in `accept` are not rewritten; a source address is looked
at under every address that maps to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from ipaddress import ip_address

from sipfo.plan.model import Plan
from sipfo.runtime.sip.via import DEFAULT_PORT, TLS_PORT

_BRACKETED_OR_V4 = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9.]+)(?::(?P<port>[0-9]{1,5}))?")
_TLS = re.compile(r"(?i);transport=tls(?![^;?])")
_URI = re.compile(r"(sips?:(?:[^@;?]*@)?)(\[[^\]]+\]|[^:;?\[\]]+)(?::([0-9]+))?(.*)", re.DOTALL)


class BadMapping(ValueError):
    """A `--map` argument that cannot be read; the message says what to write."""


def parse_mapping(arguments: Iterable[str]) -> Mapping:
    """Read `DECLARED=ACTUAL` arguments, each side an address or address:port.

    Raises BadMapping.
    """
    pairs: dict[str, str] = {}
    for argument in arguments:
        declared, equals, actual = argument.partition("=")
        if not equals:
            raise BadMapping(f"`{argument}`: write DECLARED=ACTUAL, as in 192.0.2.10=127.0.0.2")
        if (_read(declared)[1] is None) != (_read(actual)[1] is None):
            raise BadMapping(f"`{argument}`: give a port on both sides or on neither")
        if declared in pairs:
            raise BadMapping(f"`{declared}` is mapped twice")
        pairs[declared] = actual
    return Mapping(pairs)


def _read(text: str) -> tuple[str, int | None]:
    """An address and, if there, a port. Raises BadMapping."""
    found = _BRACKETED_OR_V4.fullmatch(text)
    host, port = (found["host"].strip("[]"), found["port"]) if found else (text, None)
    try:
        number = int(port) if port is not None else None
        if number is not None and not 1 <= number <= 65535:
            raise ValueError
        if "%" in host:
            raise ValueError
        return str(ip_address(host)), number
    except ValueError:
        raise BadMapping(f"`{text}` is no address: write 192.0.2.10 or 192.0.2.10:5060") from None


class Mapping:
    """Both directions of the map. Hosts and sockets that are not in it stay what they are."""

    def __init__(self, pairs: Dictionary[str, str] | None = None) -> None:
        self._hosts: dict[str, str] = {}
        self._sockets: dict[tuple[str, int], tuple[str, int]] = {}
        self._declared: dict[str, list[str]] = {}
        self._sources: dict[tuple[str, int], str] = {}
        for declared, actual in (pairs or {}).items():
            host, port = _read(declared)
            to_host, to_port = _read(actual)
            if port is None or to_port is None:
                self._hosts[host] = to_host
            else:
                self._sockets[host, port] = (to_host, to_port)
                self._sources.setdefault((to_host, to_port), host)
            self._declared.setdefault(to_host, []).append(host)

    def actual(self, host: str, port: int) -> tuple[str, int]:
        """The socket address to use for a declared one."""
        found = self._sockets.get((host, port))
        return found if found is not None else (self._hosts.get(host, host), port)

    def declared(self, host: str) -> tuple[str, ...]:
        """Every declared address that a real one stands for, itself included."""
        return (*self._declared.get(host, ()), host)

    def declared_at(self, host: str, port: int) -> str:
        """The declared address that a real socket stands for; the first, if there are several."""
        return self._sources.get((host, port)) or self.declared(host)[0]

    def plan(self, plan: Plan) -> Plan:
        """The plan with its listening, egress and numeric destination addresses rewritten."""
        if not self._hosts and not self._sockets:
            return plan
        listen = []
        for one in plan.listen:
            host, port = self.actual(one.host, one.port)
            listen.append(one.model_copy(update={"host": host, "port": port}))
        egress = []
        for place in plan.egress:
            host, port = self.actual(place.host, place.port)
            egress.append(place.model_copy(update={"host": host, "port": port}))
        routes = [
            route.model_copy(update={"destinations": tuple(map(self._uri, route.destinations))})
            for route in plan.routes
        ]
        registrars = []
        for registrar in plan.registrars:
            instances = []
            for instance in registrar.instances:
                host, port = self.actual(instance.host, instance.port)
                instances.append(instance.model_copy(update={"host": host, "port": port}))
            registrars.append(registrar.model_copy(update={"instances": tuple(instances)}))
        carriers = [
            carrier.model_copy(update={"destination": self._uri(carrier.destination)})
            for carrier in plan.carriers
        ]
        return plan.model_copy(
            update={
                "listen": tuple(listen),
                "egress": tuple(egress),
                "routes": tuple(routes),
                "registrars": tuple(registrars),
                "carriers": tuple(carriers),
            }
        )

    def _uri(self, uri: str) -> str:
        found = _URI.fullmatch(uri)
        if found is None:
            return uri
        start, host, port, rest = found.groups()
        bare = host.strip("[]")
        default = TLS_PORT if _TLS.search(rest) else DEFAULT_PORT
        declared = (bare, int(port) if port else default)
        actual_host, actual_port = self.actual(*declared)
        if (actual_host, actual_port) == declared:
            return uri
        shown = f"[{actual_host}]" if ":" in actual_host else actual_host
        shown_port = f":{actual_port}" if port or actual_port != default else ""
        return f"{start}{shown}{shown_port}{rest}"
