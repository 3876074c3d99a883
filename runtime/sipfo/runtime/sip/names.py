"""What header fields are called: normal names, and how each is written.

A name is normalised once, when a field enters, so that what is stripped and what is forwarded are
seen under the same name. Each name of the table below is one object, and has one bit: which of them
a message has is a number, and what is not there, as most is not, costs nothing to look for.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.remembered import remember

# RFC 3261 §20 (table 2) and the registrations since.
COMPACT: Final = {
    b"a": b"accept-contact",
    b"b": b"referred-by",
    b"c": b"content-type",
    b"d": b"request-disposition",
    b"e": b"content-encoding",
    b"f": b"from",
    b"i": b"call-id",
    b"j": b"reject-contact",
    b"k": b"supported",
    b"l": b"content-length",
    b"m": b"contact",
    b"n": b"identity-info",
    b"o": b"event",
    b"r": b"refer-to",
    b"s": b"subject",
    b"t": b"to",
    b"u": b"allow-events",
    b"v": b"via",
    b"x": b"session-expires",
    b"y": b"identity",
}

_SPELLED: Final = {
    b"call-id": b"Call-ID",
    b"cseq": b"CSeq",
    b"mime-version": b"MIME-Version",
    b"min-se": b"Min-SE",
    b"rack": b"RAck",
    b"rseq": b"RSeq",
    b"www-authenticate": b"WWW-Authenticate",
}

_TOKEN = re.compile(rb"[A-Za-z0-9\-.!%*_+`'~]+")


def is_token(text: bytes) -> bool:
    """Whether text is an RFC 3261 §25.1 token."""
    return _TOKEN.fullmatch(text) is not None


def normal(name: bytes) -> bytes:
    """A field name as it is looked up: lower case, long form."""
    lower = name.lower()
    return COMPACT.get(lower, lower) if len(lower) == 1 else lower


def spelled(name: bytes) -> bytes:
    """A normal name as it is written: `call-id` to `Call-ID`."""
    found = _SPELLED.get(name)
    return found or b"-".join([part.capitalize() for part in name.split(b"-")])


class FieldName:
    """A normal name, what a line of it begins with, and its bit."""

    __slots__ = ("bit", "normal", "start")

    def __init__(self, normal: bytes, bit: int) -> None:
        self.normal: Final = normal
        self.start: Final = spelled(normal) + b": "
        self.bit: Final = bit

    def __repr__(self) -> str:
        return f"FieldName({self.normal!r})"


_TABLE: Final = (
    *("via", "from", "to", "call-id", "cseq", "max-forwards", "content-length", "contact", "route"),
    *("record-route", "allow", "content-type", "supported", "require", "privacy", "reason"),
    *("retry-after", "expires", "session-expires", "min-se", "rack", "rseq", "timestamp"),
    *("replaces", "refer-to", "event", "diversion", "history-info", "identity", "user-agent"),
    *("p-asserted-identity", "p-preferred-identity", "authorization", "proxy-authorization"),
    *("www-authenticate", "proxy-authenticate", "path"),
)
"""Names that messages are asked for; fewer than the 62 bits of a number that needs no memory."""

_NAMES: Final = {
    name.encode("ascii"): FieldName(name.encode("ascii"), 1 << place)
    for place, name in enumerate(_TABLE)
}
_ANY_OTHER: Final = 1 << len(_TABLE)
_OTHERS: Final[dict[bytes, FieldName]] = {}

VIA: Final = _NAMES[b"via"]
FROM: Final = _NAMES[b"from"]
TO: Final = _NAMES[b"to"]
CALL_ID: Final = _NAMES[b"call-id"]
CSEQ: Final = _NAMES[b"cseq"]
MAX_FORWARDS: Final = _NAMES[b"max-forwards"]
CONTENT_LENGTH: Final = _NAMES[b"content-length"]
CONTACT: Final = _NAMES[b"contact"]
ROUTE: Final = _NAMES[b"route"]
ALLOW: Final = _NAMES[b"allow"]
SUPPORTED: Final = _NAMES[b"supported"]
REQUIRE: Final = _NAMES[b"require"]
PRIVACY: Final = _NAMES[b"privacy"]
REASON: Final = _NAMES[b"reason"]
RETRY_AFTER: Final = _NAMES[b"retry-after"]
EXPIRES: Final = _NAMES[b"expires"]
SESSION_EXPIRES: Final = _NAMES[b"session-expires"]
MIN_SE: Final = _NAMES[b"min-se"]
TIMESTAMP: Final = _NAMES[b"timestamp"]
DIVERSION: Final = _NAMES[b"diversion"]
HISTORY_INFO: Final = _NAMES[b"history-info"]


def named(normal: bytes | FieldName) -> FieldName:
    """A normal name: the one of the table, or one that shares its bit with all others."""
    if isinstance(normal, FieldName):
        return normal
    known = _NAMES.get(normal)
    if known is not None:
        return known
    other = _OTHERS.get(normal)
    return other if other is not None else remember(_OTHERS, normal, FieldName(normal, _ANY_OTHER))


_READ: Final[dict[bytes, FieldName]] = {}
"""Spellings that were read before."""


def read_name(text: bytes) -> FieldName | None:
    """What stands before a field's colon; None for what is no name."""
    known = _READ.get(text)
    if known is not None:
        return known
    name = text.rstrip(b" \t")
    return remember(_READ, text, named(normal(name))) if is_token(name) else None
