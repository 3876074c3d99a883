"""Which of several engines at the same addresses a message is for: by what is written in it, never
by chance.

Every tag, branch and Call-ID that an engine makes begins with its mark. So a response is known by
its branch, a request in a dialog by its To tag. A request that belongs to nothing yet goes by its
Call-ID, which its repetitions, its CANCEL and the ACK of its refusal share; from a stranger by its
address, so that one engine counts all that it tries. What would surprise: an INVITE that replaces a
call goes to where that call is (RFC 3891), and what follows it is remembered for as long.
"""

from __future__ import annotations

import re
from binascii import crc32
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Final

from sipfo.runtime.dialogname import Replaces, parse_replaces, referred
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, parse
from sipfo.runtime.sip.via import MAGIC

LEADER: Final = 0
"""The number of the engine that leads: it has no calls, and takes what no other can use."""

MOST_ENGINES: Final = 32

GENERATION: Final = 4
"""Letters that all engines of one server have in common in their marks; the first is none that
hexadecimal has, so that no token of an engine by itself looks like them."""

_NUMBERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_FIRST: Final = _NUMBERS[16:]

MOST_STRAYS: Final = 4096
"""Calls remembered that are not where their Call-ID says; the oldest goes first."""


# Of a message that is written as nearly all are, these find what its parser would. The first field
# of its name counts; a body that looks like one comes later.
_VIA: Final = re.compile(
    rb"\A[^\r\n]*\r\n(?:(?!(?i:via|v)[ \t]*:)[^\r\n]+\r\n)*?"
    rb"(?i:via|v)[ \t]*:[^\r\n,\"]*?;(?i:branch)=z9hG4bK([^;, \t\r\n]+)"
)
_TO: Final = re.compile(rb"\r\n(?i:to|t)[ \t]*:([^\r\n]*)")
_TAG: Final = re.compile(rb";[ \t]*(?i:tag)[ \t]*=[ \t]*([^;, \t]+)")
_CALL_ID: Final = re.compile(rb"\r\n(?i:call-id|i)[ \t]*:[ \t]*([^ \t\r\n]+)\r\n(?![ \t])")
_REPLACES: Final = re.compile(rb"\r\n(?i:replaces)[ \t]*:")
_FOLDED: Final = (b" ", b"\t")


class Marks:
    """The marks of the engines of one server: their number is 0 for the one that leads."""

    __slots__ = ("_numbers", "generation")

    def __init__(self, generation: str) -> None:
        """`generation` is what `a_generation` made."""
        self.generation = generation
        start = generation.encode("ascii")
        self._numbers = {
            start + letter.encode("ascii"): number for number, letter in enumerate(_NUMBERS)
        }

    def of(self, number: int) -> str:
        """What every name that an engine makes begins with."""
        return self.generation + _NUMBERS[number]

    def entropy(self, number: int, entropy: Callable[[], str]) -> Callable[[], str]:
        """Fresh tokens of an engine's own."""
        mark = self.of(number)
        return lambda: mark + entropy()

    def number(self, token: bytes) -> int | None:
        """Whose token it is; None for what nobody here made."""
        return self._numbers.get(token[: GENERATION + 1])

    def is_written(self, data: bytes, number: int) -> bool:
        """Whether a message is surely for this engine, by the mark in it. What a REFER names may be
        at another."""
        if data.startswith(b"SIP/2.0 "):
            via = _VIA.search(data)
            return via is not None and self.number(via[1]) == number
        tag = _to_tag(data)
        return bool(tag and self.number(tag) == number and not data.startswith(b"REFER "))


def _to_tag(data: bytes) -> bytes | None:
    """The To tag of a request, empty if it has none; None if it takes a parser to tell."""
    to = _TO.search(data)
    if to is None or b'"' in to[1] or data[to.end() + 2 : to.end() + 3] in _FOLDED:
        return None
    tag = _TAG.search(to[1], to[1].rfind(b">") + 1)
    return b"" if tag is None else tag[1]


def a_generation(upto: Callable[[int], int]) -> str:
    """Letters that no other server at these addresses has; `upto(n)` draws from 0 to n."""
    rest = (_NUMBERS[upto(len(_NUMBERS) - 1)] for _ in range(GENERATION - 1))
    return _FIRST[upto(len(_FIRST) - 1)] + "".join(rest)


class Steering:
    """The way of every message."""

    __slots__ = ("_adopted", "_count", "_knows", "_marks", "_strays")

    def __init__(self, marks: Marks, count: int, knows: Callable[[str], bool]) -> None:
        """`count` engines, 1 and up, have calls; `knows` tells whether a trunk accepts an address."""
        self._marks = marks
        self._count = count
        self._knows = knows
        self._strays: dict[bytes, int] = {}
        self._adopted: dict[bytes, int] = {}

    def way(self, data: bytes, source: str) -> int:
        """The number of the engine that a message from `source` is for."""
        if data.startswith(b"SIP/2.0 "):
            via = _VIA.search(data)
            if via is not None:
                number = self._marks.number(via[1])
                return number if number is not None and number <= self._count else LEADER
        else:
            tag = _to_tag(data)
            if tag:
                number = self._marks.number(tag) or self._adopted.get(tag)
                if number is not None and 0 < number <= self._count:
                    return number
            elif tag is not None and _REPLACES.search(data) is None:
                call_id = _CALL_ID.search(data)
                if call_id is not None:
                    return self._of_new(call_id[1], source)
        return self._read(data, source)

    def _read(self, data: bytes, source: str) -> int:
        """The same for a message that is not as nearly all are."""
        try:
            message = parse(data)
            if isinstance(message, Request):
                number = self._of_request(message, source)
            else:
                number = self._marks.number(message.via.branch[len(MAGIC) :])
        except Malformed:
            return LEADER
        return number if number is not None and number <= self._count else LEADER

    def named(self, data: bytes, number: int) -> tuple[int, Replaces] | None:
        """The dialog that a REFER names which is for engine `number`, and the engine that has it,
        where that is another one (an attended transfer of two calls)."""
        try:
            message = parse(data)
            said = referred(message) if isinstance(message, Request) else None
        except Malformed:
            return None
        there = None if said is None else self._marks.number(said.to_tag)
        if said is None or not there or there > self._count or there == number:
            return None
        return there, said

    def is_written(self, data: bytes) -> bool:
        """Whether it is written in a message that it is for one of these engines."""
        try:
            message = parse(data)
            if not isinstance(message, Request):
                return self._marks.number(message.via.branch[len(MAGIC) :]) is not None
            tag = message.to.tag
            return tag is not None and (self._marks.number(tag) is not None or tag in self._adopted)
        except Malformed:
            return True

    def adopt(self, call_id: bytes, tags: Iterable[bytes]) -> int:
        """The engine at which a call of another server goes on; `tags` are ours in its dialogs."""
        number = 1 + crc32(call_id) % self._count
        self._adopted.update(dict.fromkeys(tags, number))
        return number

    def settle(self, call_id: bytes, number: int) -> None:
        """A call with this Call-ID is at an engine, whatever its Call-ID says."""
        if len(self._strays) >= MOST_STRAYS:
            del self._strays[next(iter(self._strays))]
        self._strays[call_id] = number

    def _of_request(self, request: Request, source: str) -> int | None:
        tag = request.to.tag
        call_id = request.call_id
        if tag is not None:
            number = self._marks.number(tag) or self._adopted.get(tag)
            if number:
                return number
        elif request.method == "INVITE":
            replaced = self._replaced(request)
            if replaced:
                self.settle(call_id, replaced)
                return replaced
        return self._of_new(call_id, source)

    def _of_new(self, call_id: bytes, source: str) -> int:
        strayed = self._strays.get(call_id)
        if strayed is not None:
            return strayed
        number = self._marks.number(call_id)  # an INVITE of ours came back (RFC 3261 §16.3)
        if number and number <= self._count:
            return number
        if self._knows(source):
            return 1 + crc32(call_id) % self._count
        return 1 + crc32(_network(source)) % self._count

    def _replaced(self, request: Request) -> int | None:
        values = request.headers.lines(b"replaces")
        return self._marks.number(parse_replaces(values[0]).to_tag) if values else None


def _network(source: str) -> bytes:
    """An address, or an IPv6 /64: who has one of these has all of them."""
    address = ip_address(source)
    return address.packed[:8] if address.version == 6 else address.packed
