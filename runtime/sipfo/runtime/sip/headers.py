"""Header fields in the order they came, under lower-case long names.

Names are normalised once, when a field enters, so that what is stripped and what is forwarded
are seen under the same name. Values stay bytes, unfolded, without surrounding blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sipfo.runtime.sip.remembered import remember

# RFC 3261 §20 (table 2) and the registrations since.
COMPACT = {
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

_SPELLED = {
    b"call-id": b"Call-ID",
    b"cseq": b"CSeq",
    b"mime-version": b"MIME-Version",
    b"min-se": b"Min-SE",
    b"rack": b"RAck",
    b"rseq": b"RSeq",
    b"www-authenticate": b"WWW-Authenticate",
}

_TOKEN = re.compile(rb"[A-Za-z0-9\-.!%*_+`'~]+")


def normal(name: bytes) -> bytes:
    """A field name as it is looked up: lower case, long form."""
    lower = name.lower()
    return COMPACT.get(lower, lower) if len(lower) == 1 else lower


def spelled(name: bytes) -> bytes:
    """A normal name as it is written: `call-id` to `Call-ID`."""
    found = _SPELLED.get(name)
    return found or b"-".join([part.capitalize() for part in name.split(b"-")])


_STARTS: Final[dict[bytes, bytes]] = {}


def line_start(name: bytes) -> bytes:
    """What stands before a field's value on the wire: the end of the line before, the name, `: `."""
    known = _STARTS.get(name)
    if known is not None:
        return known
    return remember(_STARTS, name, b"\r\n" + spelled(name) + b": ")


FIELD_NAMES: Final[dict[bytes, bytes]] = {}
"""Spellings that were read before, each to its normal name: what messages say most often of all."""


def field_name(text: bytes) -> bytes | None:
    """What stands before a field's colon as its normal name; None for what is no name."""
    known = FIELD_NAMES.get(text)
    if known is not None:
        return known
    name = text.rstrip(b" \t")
    return remember(FIELD_NAMES, text, normal(name)) if is_token(name) else None


def is_token(text: bytes) -> bool:
    """Whether text is an RFC 3261 §25.1 token."""
    return _TOKEN.fullmatch(text) is not None


def split_list(value: bytes) -> list[bytes]:
    """The items of a comma-separated value; quoted strings and angle brackets hide commas."""
    if value.find(b",") < 0:  # not `in`, which tries its bytes as a number first
        return [value] if value else []
    items: list[bytes] = []
    start = 0
    quoted = False
    angle = False
    skip = False
    for place, octet in enumerate(value):
        if skip:
            skip = False
        elif quoted:
            if octet == 0x5C:  # backslash
                skip = True
            elif octet == 0x22:  # quote
                quoted = False
        elif octet == 0x22:
            quoted = True
        elif octet == 0x3C:
            angle = True
        elif octet == 0x3E:
            angle = False
        elif octet == 0x2C and not angle:
            items.append(value[start:place].strip(b" \t"))
            start = place + 1
    items.append(value[start:].strip(b" \t"))
    return [item for item in items if item]


class Headers:
    """An ordered list of (name, value).

    What is asked for is mostly not there, or there once: the first value of each name is in a
    dictionary as well, made when first asked for.
    """

    __slots__ = ("_fields", "_first")

    def __init__(self, fields: list[tuple[bytes, bytes]] | None = None) -> None:
        self._fields = fields if fields is not None else []
        self._first: dict[bytes, bytes] | None = None

    def _index(self) -> dict[bytes, bytes]:
        first = self._first
        if first is None:
            first = self._first = dict(reversed(self._fields))
        return first

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter(self._fields)

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """The list itself, to be read."""
        return self._fields

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"

    __hash__ = None  # type: ignore[assignment]  # mutable, and equal by content

    def first(self, name: bytes) -> bytes | None:
        """The value of the first field of that name."""
        return self._index().get(name)

    def lines(self, name: bytes) -> list[bytes]:
        """The values of every field of that name, as they stand."""
        if name not in self._index():
            return []
        return [value for field, value in self._fields if field == name]

    def all(self, name: bytes) -> list[bytes]:
        """The items of every field of that name, comma-separated lists taken apart."""
        if name not in self._index():
            return []
        found = [value for field, value in self._fields if field == name]
        if len(found) == 1:
            return split_list(found[0])
        return [item for value in found for item in split_list(value)]

    def add(self, name: bytes, value: bytes) -> None:
        """Append a field."""
        if self._first is not None:
            self._first.setdefault(name, value)
        self._fields.append((name, value))

    def prepend(self, name: bytes, value: bytes) -> None:
        """Put a field before all others, as a Via goes (RFC 3261 §16.6)."""
        if self._first is not None:
            self._first[name] = value
        self._fields.insert(0, (name, value))

    def set(self, name: bytes, value: bytes) -> None:
        """Make this the only field of its name, in the place of the first."""
        if self._first is not None:
            self._first[name] = value
        for place, (field, _) in enumerate(self._fields):
            if field == name:
                self._fields[place] = (name, value)
                self._fields[place + 1 :] = [
                    one for one in self._fields[place + 1 :] if one[0] != name
                ]
                return
        self._fields.append((name, value))

    def remove(self, name: bytes) -> None:
        """Take out every field of that name."""
        self._first = None
        self._fields = [one for one in self._fields if one[0] != name]

    def replace_at(self, place: int, value: bytes) -> None:
        """Give the field at a place another value."""
        self._first = None
        self._fields[place] = (self._fields[place][0], value)
