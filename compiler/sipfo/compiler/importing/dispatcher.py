"""Kamailio's dispatcher list to a draft: a trunk for each set, a route for each destination.

A line is `SET URI [FLAGS [PRIORITY [ATTRIBUTES [DESCRIPTION]]]]`. What would surprise: which
algorithm a set goes by stands in kamailio.cfg, so the order is that of priority, the highest first,
or of the weights where every destination of the set has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sipfo.compiler.importing.first import First, place_of
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.compiler.values.address import parse_ip
from sipfo.plan import model

_MOST_LINES: Final = 20_000
_FIELD: Final = re.compile(r"'[^']*'|\"[^\"]*\"|\S+")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z_0-9]+)=([^;]*)")
_SOCKET: Final = re.compile(r"(?i)(udp|tcp|tls):(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
_FLAGS: Final = {1: "inactive", 2: "trying", 4: "disabled", 16: "not looked up (nodns)"}
_PROBING: Final = 8
_PROBE: Final = model.Probe(every=30.0, down_after=3, up_after=2)
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class _Entry:
    line: int
    route: str
    priority: int
    weight: int | None


def read(data: bytes, called: str) -> Imported:
    """The draft of a list. Raises NotImportable."""
    return _Importing(called).imported(_text(data))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotImportable(f"no text: byte {error.start} is not UTF-8") from None


class _Importing:
    def __init__(self, called: str) -> None:
        self._first = First(called, "The sets of a Kamailio dispatcher")
        self._sets: dict[str, list[_Entry]] = {}
        self._sockets: list[tuple[int, str]] = []

    def imported(self, text: str) -> Imported:
        lines = text.splitlines()
        if len(lines) > _MOST_LINES:
            raise NotImportable(f"more than {_MOST_LINES} lines")
        for number, line in enumerate(lines, 1):
            code = line.partition("#")[0].strip()
            if code:
                self._line(number, code)
        if not self._sets:
            raise NotImportable(
                "no line of a dispatcher list: `SET sip:HOST [FLAGS [PRIORITY [ATTRIBUTES]]]`"
            )
        self._listen()
        for called, entries in self._sets.items():
            self._trunk(called, entries)
        return self._first.imported(
            {
                "who may call": "203.0.113.0/24 is an example, kamailio.cfg says who",
                "which codes fail over": "an example, failure_route in kamailio.cfg says which",
                "which numbers": "the first set has any, kamailio.cfg says which set a call goes to",
            }
        )

    def _line(self, number: int, code: str) -> None:
        fields = _FIELD.findall(code)
        if len(fields) < 2 or not re.fullmatch(r"[0-9]{1,9}", fields[0]):
            self._first.remark(number, f"not understood: {code[:_SHOWN]!r}")
            return
        place = place_of(fields[1])
        if place.uri is None:
            self._first.remark(number, place.why)
            return
        if place.why:
            self._first.remark(number, place.why)
        flags = self._number(number, "flags", fields[2:3], 0)
        priority = self._number(number, "priority", fields[3:4], 0)
        for bit, meaning in _FLAGS.items():
            if flags & bit:
                self._first.remark(number, f"flag {bit}, {meaning}, is nothing that a policy says")
        for rest in fields[5:]:
            self._first.remark(number, f"left out, a description: {rest[:_SHOWN]}")
        weight = self._attributes(number, fields[4].strip("'\"") if len(fields) > 4 else "")
        host = place.uri.removeprefix("sip:").partition(";")[0]
        probe = _PROBE.model_dump() if flags & _PROBING else None
        route = self._first.route(f"set{fields[0]}-{host}", place.uri, probe=probe)
        self._sets.setdefault(fields[0], []).append(_Entry(number, route, priority, weight))
        if probe is not None:
            text = "flag 8, probing: every 30s is an example, modparam `ds_ping_interval` says"
            self._first.remark(number, text)

    def _number(self, line: int, what: str, given: list[str], otherwise: int) -> int:
        if not given:
            return otherwise
        if not re.fullmatch(r"-?[0-9]{1,9}", given[0]):
            self._first.remark(line, f"no {what}: {given[0][:_SHOWN]!r}")
            return otherwise
        return int(given[0])

    def _attributes(self, line: int, text: str) -> int | None:
        """The weight, if there is one; what else is said."""
        weight = None
        for part in filter(None, (one.strip() for one in text.split(";"))):
            found = _ATTRIBUTE.fullmatch(part)
            key, value = (found[1], found[2].strip()) if found is not None else (part, "")
            if key in ("weight", "rweight") and re.fullmatch(r"[0-9]{1,5}", value):
                weight = min(int(value), 65535)
            elif key == "socket":
                self._sockets.append((line, value))
            else:
                self._first.remark(line, f"nothing that a policy says: {part[:_SHOWN]!r}")
        return weight

    def _listen(self) -> None:
        """The first socket is where a policy listens, and sends from."""
        first = None
        for line, text in self._sockets:
            found = _SOCKET.fullmatch(text)
            host = parse_ip(found[2].strip("[]")) if found is not None else None
            if found is None or host is None or found[1].lower() == "tls":
                self._first.remark(line, f"not understood: socket {text[:_SHOWN]!r}")
            elif first is None:
                first = text
                self._first.listen = model.Listen.model_validate(
                    {
                        "transport": found[1].lower(),
                        "host": str(host),
                        "port": int(found[3] or 5060)
                        if 0 < int(found[3] or 5060) < 65536
                        else 5060,
                    }
                )
            elif text != first:
                self._first.remark(line, f"another socket to send from, {text[:40]}: left out")
        if first is None:
            self._first.remark(0, "no socket is named: 192.0.2.10 is an example to listen on")

    def _trunk(self, called: str, entries: list[_Entry]) -> None:
        weights = [one.weight for one in entries if one.weight is not None]
        if len(weights) == len(entries) > 1 and any(weights):
            text = f"set {called} has weights: read as shares of its calls (algorithm 9)"
            self._first.remark(entries[0].line, text)
            self._first.trunk(f"set{called}", [one.route for one in entries], weights=weights)
            return
        for one in entries:
            if one.weight is not None:
                self._first.remark(one.line, "a weight that not all of its set have: left out")
        in_order = sorted(entries, key=lambda one: -one.priority)
        self._first.trunk(f"set{called}", [one.route for one in in_order])
