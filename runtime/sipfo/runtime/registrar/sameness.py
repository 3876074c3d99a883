"""Whether two SIP URIs are the same (RFC 3261 §19.1.4), which decides what a REGISTER replaces."""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.uri import SipUri

_MUST_MATCH: Final = ("transport", "user", "ttl", "method", "maddr")
"""Parameters that, in one URI only, make it another one."""

_ESCAPED = re.compile(r"%([0-9A-Fa-f]{2})")
_ALWAYS_SAFE = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/]")


def same(one: SipUri, other: SipUri) -> bool:
    """RFC 3261 §19.1.4: the user with its case, everything else without; a port that is not said is
    not the default one."""
    if (one.scheme, one.host, one.port) != (other.scheme, other.host, other.port):
        return False
    if _plain(one.user) != _plain(other.user):
        return False
    ours, theirs = _read(one), _read(other)
    if any((name in ours) != (name in theirs) for name in _MUST_MATCH):
        return False
    if any(ours[name] != theirs[name] for name in ours.keys() & theirs.keys()):
        return False
    return _headers(one.headers) == _headers(other.headers)


def _plain(text: str | None) -> str | None:
    """A user part with every character unescaped that need not be."""
    if text is None:
        return None

    def unescape(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if _ALWAYS_SAFE.fullmatch(character) else found[0].upper()

    return _ESCAPED.sub(unescape, text)


def _read(uri: SipUri) -> dict[str, str]:
    return {name: (value or "").lower() for name, value in uri.params}


def _headers(text: str) -> list[str]:
    return sorted(one.lower() for one in text.removeprefix("?").split("&"))
