"""JSON text to values that know their lines: one document, or several, one after the other.

Python's own reader knows no places. What would surprise: the same key twice in an object is an
error, because a file in which one of two values holds means something else to each reader.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

MOST_DEEP: Final = 64
"""Objects and lists inside one another; nobody's API goes deeper."""

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_OTHER: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,40})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?|true|false|null"
)


class BadJson(ValueError):
    """What is wrong with the text, and its line."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value and the line that it begins on. Of an object `it` is a dictionary of text to Value, of
    a list a list of Value; else it is what it is in Python."""

    it: Any
    line: int

    def get(self, *path: str) -> Value | None:
        """What an object has under a path of keys; None where it has nothing, or null."""
        found: Value | None = self
        for key in path:
            if found is None or not isinstance(found.it, dict):
                return None
            found = found.it.get(key)
        return None if found is None or found.it is None else found

    @property
    def items(self) -> list[tuple[str, Value]]:
        """The keys and values of an object; nothing of anything else."""
        return list(self.it.items()) if isinstance(self.it, dict) else []

    @property
    def text(self) -> str:
        """A text; "" for anything else."""
        return self.it if isinstance(self.it, str) else ""


def read_json(data: bytes) -> list[Value]:
    """The documents of a text. Raises BadJson."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadJson(f"line {line}: not UTF-8") from None
    return _Reader(text).documents()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def documents(self) -> list[Value]:
        found = []
        while self._peek():
            found.append(self._value(0))
        return found

    def _value(self, depth: int) -> Value:
        sign, line = self._peek(), self._line
        if depth > MOST_DEEP:
            raise self._wrong(f"more than {MOST_DEEP} levels")
        if sign == "{":
            return Value(self._object(depth), line)
        if sign == "[":
            return Value(self._list(depth), line)
        if sign == '"':
            return Value(self._string(), line)
        found = _OTHER.match(self._text, self._at)
        if found is None or ((end := self._text[found.end() : found.end() + 1]) and end.isalnum()):
            raise self._wrong("no JSON here")
        self._at = found.end()
        return Value(json.loads(found[0]), line)

    def _object(self, depth: int) -> dict[str, Value]:
        made: dict[str, Value] = {}
        self._take("{")
        while self._peek() != "}":
            if made:
                self._take(",")
                self._peek()
            key = self._string()
            if key in made:
                raise self._wrong(f"`{key[:40]}` is there twice")
            self._take(":")
            made[key] = self._value(depth + 1)
        self._take("}")
        return made

    def _list(self, depth: int) -> list[Value]:
        made: list[Value] = []
        self._take("[")
        while self._peek() != "]":
            if made:
                self._take(",")
            made.append(self._value(depth + 1))
        self._take("]")
        return made

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        try:
            if found is None:
                raise ValueError
            read: str = json.loads(found[0])
        except ValueError:
            raise self._wrong("a string is expected here") from None
        self._at = found.end()
        return read

    def _take(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._wrong(f"`{sign}` is expected here")
        self._at += 1

    def _peek(self) -> str:
        """The next sign; "" at the end."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space is not None else self._at
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._text[self._at : self._at + 1]

    def _wrong(self, what: str) -> BadJson:
        return BadJson(f"line {self._line}: {what}")
