"""Header fields in the order they came.

Values stay bytes, unfolded, without surrounding blanks. What would surprise: a field is a value that
messages share. Lines that were read before are read to the same fields (`remembered`), what a field
says is read once for all of them, and what is passed on is the line that came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.names import FieldName, named, read_name

COMMA: Final = 0x2C  # a number: `b"," in value` tries its bytes as one first
_BLANK: Final = 0x20
_CR: Final = 0x0D
_LF: Final = 0x0A
_NUL: Final = 0
_BARE_NUL = re.compile(rb"(?<!\\)\x00")


def split_list(value: bytes) -> list[bytes]:
    """The items of a comma-separated value; quoted strings and angle brackets hide commas."""
    if COMMA not in value:
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
        elif octet == COMMA and not angle:
            items.append(value[start:place].strip(b" \t"))
            start = place + 1
    items.append(value[start:].strip(b" \t"))
    return [item for item in items if item]


class Field:
    """A name, a value, the line that says both, and what the value was read to, once it was."""

    __slots__ = ("line", "name", "read", "value")

    def __init__(self, name: FieldName, value: bytes, line: bytes, read: object = None) -> None:
        self.name: Final = name
        self.value: Final = value
        self.line: Final = line
        self.read = read

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and (
            (self.name.normal, self.value) == (other.name.normal, other.value)
        )

    def __hash__(self) -> int:
        return hash((self.name.normal, self.value))

    def __repr__(self) -> str:
        return f"Field({self.line!r})"


def new_field(name: FieldName, value: bytes, read: object = None) -> Field:
    """A field of our own; `read` is what its value would be read to."""
    return Field(name, value, name.start + value, read)


def without_control(line: bytes) -> bytes:
    """The line: CR and LF stand in CRLF only, NUL in a quoted pair only (RFC 3261 §25.1). Raises
    Malformed."""
    if _CR in line or _LF in line or (_NUL in line and _BARE_NUL.search(line)):
        raise Malformed(400, "control character")
    return line


def read_field(line: bytes) -> Field | None:
    """A line as a field; None for what is none. Raises Malformed."""
    without_control(line)
    text, colon, value = line.partition(b": ")
    name = read_name(text) if colon else None
    if name is not None and value and value[0] > _BLANK and value[-1] > _BLANK:
        if line.startswith(name.start):  # as it is written here: it can be passed on as it is
            return Field(name, value, line)
        return new_field(name, value)
    text, colon, value = line.partition(b":")
    name = read_name(text) if colon else None
    if name is None:
        return None
    return new_field(name, value.strip(b" \t"))


class Headers:
    """An ordered list of fields, asked for by normal name; one of the table is found sooner by its
    constant (`names`)."""

    __slots__ = ("_names", "fields")

    def __init__(
        self,
        pairs: Iterable[tuple[bytes, bytes]] | None = None,
        fields: list[Field] | None = None,
    ) -> None:
        """Of `fields`, which are now its own, or of names and values."""
        self.fields: list[Field] = fields if fields is not None else []
        """The list itself, to be read."""
        names = 0
        if fields is not None:
            for field in fields:
                names |= field.name.bit
        self._names = names
        """The bits of the names that are there, and perhaps of some that were."""
        if pairs is not None:
            for name, value in pairs:
                self.add(name, value)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        return iter([(field.name.normal, field.value) for field in self.fields])

    def __len__(self) -> int:
        return len(self.fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self.fields == other.fields

    def __repr__(self) -> str:
        return f"Headers({list(self)!r})"

    __hash__ = None  # type: ignore[assignment]  # mutable, and equal by content

    def find(self, name: FieldName) -> Field | None:
        """The first field of a name of the table."""
        if self._names & name.bit:
            for field in self.fields:
                if field.name is name:
                    return field
        return None

    def every(self, name: FieldName) -> list[Field]:
        """Every field of a name of the table."""
        if not self._names & name.bit:
            return []
        return [field for field in self.fields if field.name is name]

    def first(self, name: bytes | FieldName) -> bytes | None:
        """The value of the first field of that name."""
        wanted = named(name)
        if self._names & wanted.bit:
            for field in self.fields:
                if field.name.normal == wanted.normal:
                    return field.value
        return None

    def lines(self, name: bytes | FieldName) -> list[bytes]:
        """The values of every field of that name, as they stand."""
        wanted = named(name)
        if not self._names & wanted.bit:
            return []
        return [field.value for field in self.fields if field.name.normal == wanted.normal]

    def all(self, name: bytes | FieldName) -> list[bytes]:
        """The items of every field of that name, comma-separated lists taken apart."""
        found = self.lines(name)
        if not found:
            return found
        if len(found) == 1:
            return split_list(found[0])
        return [item for value in found for item in split_list(value)]

    def append(self, field: Field) -> None:
        """Append a field, as it is in another message."""
        self._names |= field.name.bit
        self.fields.append(field)

    def add(self, name: bytes | FieldName, value: bytes, read: object = None) -> None:
        """Append a field; `read` is what its value would be read to."""
        self.append(new_field(named(name), value, read))

    def prepend(self, name: bytes | FieldName, value: bytes, read: object = None) -> None:
        """Put a field before all others, as a Via goes (RFC 3261 §16.6)."""
        field = new_field(named(name), value, read)
        self._names |= field.name.bit
        self.fields.insert(0, field)

    def set(self, name: bytes, value: bytes) -> None:
        """Make this the only field of its name, in the place of the first."""
        given = new_field(named(name), value)
        places = [n for n, field in enumerate(self.fields) if field.name.normal == name]
        if not places:
            self.append(given)
            return
        self.fields[places[0]] = given
        for place in reversed(places[1:]):
            del self.fields[place]

    def remove(self, name: bytes) -> None:
        """Take out every field of that name."""
        self.fields = [one for one in self.fields if one.name.normal != name]

    def replace_at(self, place: int, value: bytes) -> None:
        """Give the field at a place another value."""
        self.fields[place] = new_field(self.fields[place].name, value)
