"""FreeSWITCH's gateways, as XML, to a draft: a route for each, and a trunk that tries them in order.

What would surprise: a password is never copied. The route names a secret, and the remark says of
which line its value is. A document type, and with it every entity, is refused unread.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from sipfo.compiler.importing.first import First, place_of, secret_of
from sipfo.compiler.importing.imported import Imported, NotImportable

_AROUND: Final = frozenset(
    {"include", "gateways", "profile", "profiles", "configuration", "document", "section", "params"}
)
_ITSELF: Final = frozenset({"username", "password", "auth-username", "realm", "proxy", "ping"})
_USED: Final = frozenset({*_ITSELF, "ping-min", "ping-max", "register", "register-transport"})
_SHOWN: Final = 60


@dataclass(slots=True)
class _Gateway:
    name: str
    line: int
    params: dict[str, tuple[str, int]] = field(default_factory=dict)

    def said(self, key: str) -> str:
        return self.params.get(key, ("", 0))[0]

    def line_of(self, key: str) -> int:
        return self.params.get(key, ("", self.line))[1]


def read(data: bytes, called: str) -> Imported:
    """The draft of a file of gateways. Raises NotImportable."""
    return _Importing(called).imported(data)


class _Importing:
    def __init__(self, called: str) -> None:
        self._first = First(called, "The gateways of a FreeSWITCH")
        self._gateways: list[_Gateway] = []
        self._inside: _Gateway | None = None
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype

    def imported(self, data: bytes) -> Imported:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            raise NotImportable(f"line {error.lineno} is no XML: {text}") from None
        except (ValueError, LookupError) as error:
            raise NotImportable(f"no XML: {error}") from None
        names = [name for one in self._gateways if (name := self._route(one)) is not None]
        if not names:
            raise NotImportable('no gateway with a host: `<gateway name="…">` with a `proxy`')
        self._first.trunk("outbound", names)
        return self._first.imported(
            {
                "where calls arrive": "192.0.2.10 is an example, the profile says where",
                "who may call": "203.0.113.0/24 is an example, the dialplan says who",
                "which numbers": "any, in one trunk over all gateways: the dialplan says which",
                "which codes fail over": "an example: the dialplan says which (continue_on_fail)",
            }
        )

    def _doctype(self, *_: object) -> None:
        raise NotImportable("it has a document type, and perhaps entities: remove it")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        if name == "gateway":
            self._inside = _Gateway(attributes.get("name", ""), line)
            self._gateways.append(self._inside)
        elif name in ("param", "variable") and self._inside is not None:
            key, value = attributes.get("name", ""), attributes.get("value", "")
            if name == "variable":
                self._first.remark(line, f"a variable of a gateway: {key[:_SHOWN]!r}")
            elif key in self._inside.params:
                self._first.remark(line, f"{key[:_SHOWN]!r} is given again: the first is taken")
            else:
                self._inside.params[key] = (value.strip(), line)
        elif name not in _AROUND and name != "variables":
            self._first.remark(line, f"not understood: <{name[:_SHOWN]}>")

    def _end(self, name: str) -> None:
        if name == "gateway":
            self._inside = None

    def _route(self, gateway: _Gateway) -> str | None:
        """The name of a gateway's route, if it leads anywhere."""
        for key, (value, line) in gateway.params.items():
            if key not in _USED:
                self._first.remark(line, f"nothing that a policy says: {key[:_SHOWN]!r}")
            elif "$" in value:
                self._first.remark(line, f"{key}: a variable is not known here: {value[:_SHOWN]!r}")
        host = gateway.said("proxy") or gateway.said("realm") or gateway.name
        line = gateway.line_of("proxy" if gateway.said("proxy") else "realm")
        transport = gateway.said("register-transport").lower()
        if transport and ";" not in host:
            host = f"{host};transport={transport}"
        place = place_of(host)
        if place.uri is None:
            self._first.remark(line, f"gateway {gateway.name[:40]!r} is left out: {place.why}")
            return None
        if place.why:
            self._first.remark(line, place.why)
        realm = gateway.said("realm")
        if gateway.said("proxy") and realm:
            text = f"the realm {realm[:40]!r} is left out: the first that is asked for is answered"
            self._first.remark(gateway.line_of("realm"), text)
        more: dict[str, object] = {}
        user = gateway.said("auth-username") or gateway.said("username")
        if user and "$" not in user and gateway.said("password"):
            secret = secret_of(gateway.name)
            at = gateway.line_of("password")
            self._first.remark(at, f"the password is not copied: give it as secret {secret}")
            if re.fullmatch(r'[^\x00-\x1f\x7f"]{1,64}', user):
                more["auth"] = {"user": user, "secret": secret}
            else:
                self._first.remark(gateway.line_of("username"), f"no user: {user[:40]!r}")
        if user and "auth" not in more:
            at = gateway.line_of("username")
            self._first.remark(at, "left out, for want of a user and a password that are known")
        if gateway.said("register") != "false":
            text = "it registers at the gateway, which a policy does not: have calls sent here"
            self._first.remark(gateway.line_of("register"), text)
        probe = self._probe(gateway)
        if probe is not None:
            more["probe"] = probe
        return self._first.route(gateway.name, place.uri, **more)

    def _probe(self, gateway: _Gateway) -> dict[str, object] | None:
        """`ping` in seconds; `ping-max` and `ping-min` are how often it may fail and must answer."""
        figures = {}
        for key in ("ping", "ping-max", "ping-min"):
            value = gateway.said(key)
            if not value:
                continue
            if not re.fullmatch(r"[0-9]{1,5}", value) or not 0 < int(value) <= 86400:
                self._first.remark(gateway.line_of(key), f"no figure for {key}: {value[:20]!r}")
                continue
            figures[key] = int(value)
        if "ping" not in figures:
            return None
        return {
            "every": float(figures["ping"]),
            "down_after": figures.get("ping-max", 3),
            "up_after": figures.get("ping-min", 2),
        }
