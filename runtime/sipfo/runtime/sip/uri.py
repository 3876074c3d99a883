"""SIP URIs (RFC 3261 §19.1)."""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.parameters import encode_host, parse_host_port
from sipfo.runtime.sip.remembered import remember, remembered

_URI = re.compile(
    r"""(?P<scheme>sips?):
        (?:(?P<user>[A-Za-z0-9\-_.!~*'()%&=+$,;?/\#]{1,255})(?::(?P<password>[^@]{0,128}))?@)?
        (?P<sent_by>\[[^\]]*\](?::[0-9]+)?|[^;?\[\]]+)
        (?P<parameters>(?:;[^;?]*)*)
        (?P<headers>\?.*)?""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
# No blank, no control, and no `"`, `<` or `>`, which would end it where it is quoted.
_GRAPHIC = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x7e]+")


class SipUri:
    """A sip: or sips: URI; `host` is lower case, an IPv6 address without brackets. A value: nobody
    changes one."""

    __slots__ = ("headers", "host", "params", "port", "scheme", "user")

    def __init__(
        self,
        scheme: str,
        user: str | None,
        host: str,
        port: int | None = None,
        params: tuple[tuple[str, str | None], ...] = (),
        headers: str = "",
    ) -> None:
        self.scheme: Final = scheme
        self.user: Final = user
        self.host: Final = host
        self.port: Final = port
        self.params: Final = params
        self.headers: Final = headers

    def _key(self) -> tuple[object, ...]:
        return self.scheme, self.user, self.host, self.port, self.params, self.headers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SipUri) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"SipUri{self._key()!r}"

    def param(self, name: str) -> str | None:
        """A parameter's value in lower case; empty for one without a value; None if absent."""
        for one, value in self.params:
            if one == name:
                return (value or "").lower()
        return None

    def with_user(self, user: str | None) -> SipUri:
        """The same URI for another user."""
        return SipUri(self.scheme, user, self.host, self.port, self.params, self.headers)

    def at(self, host: str, port: int | None) -> SipUri:
        """The same URI at another host and port."""
        return SipUri(self.scheme, self.user, host, port, self.params, self.headers)

    def asking(self, headers: str) -> SipUri:
        """The same URI with other headers."""
        return SipUri(self.scheme, self.user, self.host, self.port, self.params, headers)

    def bare(self) -> SipUri:
        """The URI without parameters and headers, as To and From carry it."""
        return SipUri(self.scheme, self.user, self.host, self.port)

    def __str__(self) -> str:
        text = f"{self.scheme}:" if self.user is None else f"{self.scheme}:{self.user}@"
        text += encode_host(self.host, self.port)
        for name, value in self.params:
            text += f";{name}" if value is None else f";{name}={value}"
        return text + self.headers

    def encode(self) -> bytes:
        return self.__str__().encode("ascii")


_WRITTEN: Final[dict[bytes, SipUri]] = {}


def parse_uri(text: bytes | str) -> SipUri:
    """Raises Malformed: 416 for another scheme than sip and sips, 400 for what is no URI."""
    if isinstance(text, str):
        return _read(text)
    known = _WRITTEN.get(text)
    if known is not None:
        return known
    return remember(_WRITTEN, text, _read(text.decode("ascii", "replace")))


@remembered
def _read(text: str) -> SipUri:
    if not _GRAPHIC.fullmatch(text):
        raise Malformed(400, "bad URI")
    found = _URI.fullmatch(text)
    if found is None:
        scheme = _SCHEME.match(text)
        if scheme and scheme[0].lower() not in ("sip:", "sips:"):
            raise Malformed(416, "unsupported URI scheme")
        raise Malformed(400, "bad URI")
    host, port = parse_host_port(found["sent_by"])
    params = tuple(
        (name.lower(), value if equals else None)
        for name, equals, value in (
            one.partition("=") for one in found["parameters"].split(";") if one
        )
    )
    return SipUri(
        found["scheme"].lower(), found["user"], host, port, params, found["headers"] or ""
    )
