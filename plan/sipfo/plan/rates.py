"""A rate deck: prefixes with what each costs and when, packed into one text, and looked up in it.

A plan holds no object for each prefix: the table is a few arrays in one piece of bytes, and stays
that way in memory. Looking a number up takes at most one step for each of its digits, however many
prefixes there are: the table is a hash table with open addressing, at most half full. What would
surprise: a row that is not valid at the moment in question is as if it were not there, so that a
shorter prefix counts then.
"""

from __future__ import annotations

import re
import sys
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from sipfo.plan.model import Deck

FOR_EVER: Final = 2**62
"""The end of what has no end, in Unix seconds."""

STOP: Final = 2**63
"""The price of a row that says: nothing that begins so goes to this carrier."""

SCALE: Final = Decimal(10**9)
"""Prices are whole billionths: an amount has at most nine decimals."""

MOST_ROWS: Final = 4_000_000
"""Rows of one deck."""

_MAGIC: Final = b"SFR1"
_HEAD: Final = Struct("<4sBHII")  # magic, bits of a slot's number, lengths there are, rows, terms
_MOST_BITS: Final = 24
_NUMBER: Final = re.compile(r"\+[0-9]{1,15}")
_MIXED: Final = 0x9E3779B97F4A7C15
_MASK: Final = 2**64 - 1
_POWERS: Final = tuple(10**n for n in range(16))
_PLAIN: Final = 64 * 1024
_MOST_BYTES: Final = 512 * 1024 * 1024


class Term(NamedTuple):
    """What a row says of its prefix: `price` in billionths or STOP, from a moment to the one before
    which it ends, both in Unix seconds."""

    price: int
    begins: int = 0
    ends: int = FOR_EVER


class Rate(NamedTuple):
    """The row that counts for a number: its prefix, with the plus, and the price or STOP."""

    prefix: str
    price: int

    @property
    def amount(self) -> str:
        """The price as people write it."""
        return amount(self.price)


class Asked:
    """A number that decks are asked about. What it is to a table depends on its size and on the
    lengths of its prefixes, which decks have in common: it is worked out once for all of these."""

    __slots__ = ("_looks", "number")

    def __init__(self, number: str) -> None:
        self.number = number
        self._looks: dict[tuple[int, int], tuple[tuple[int, int, int], ...]] = {}

    def looks(self, lengths: int, shift: int) -> tuple[tuple[int, int, int], ...]:
        """Where to look in a table: for each prefix of the number that has one of the lengths, the
        longest first, the length, its `key_of` and the slot that it would have."""
        found = self._looks.get((lengths, shift))
        if found is None:
            whole, have = int(self.number[1:]), len(self.number) - 1
            looks = []
            for length in range(have, 0, -1):
                if lengths >> length & 1:
                    key = _POWERS[length] + whole // _POWERS[have - length]  # `key_of` its digits
                    looks.append((length, key, (key * _MIXED & _MASK) >> shift))
            found = tuple(looks)
            self._looks[lengths, shift] = found
        return found


class BadDeck(ValueError):
    """A table that nobody packed."""


@lru_cache(maxsize=4096)
def price(text: str) -> int:
    """An amount of the policy, in billionths."""
    return int(Decimal(text) * SCALE)


def amount(of: int) -> str:
    """Billionths as people write them: at least two decimals, no more zeros than those."""
    whole, part = divmod(of, int(SCALE))
    digits = f"{part:09d}".rstrip("0")
    return f"{whole}.{digits.ljust(2, '0')}"


def key_of(digits: str) -> int:
    """A prefix as a number; the 1 before it keeps its length."""
    return int("1" + digits)


def asked_of(number: str) -> Asked | None:
    """What decks are asked about an E.164 number; None for what is none."""
    return Asked(number) if _NUMBER.fullmatch(number) else None


def pack(rows: Iterable[tuple[int, Term]]) -> str:
    """The table of these rows, each a `key_of` its prefix and what it says; the same rows are the
    same text."""
    keys, terms, known = array("Q"), array("I"), dict[Term, int]()
    for key, term in rows:
        keys.append(key)
        terms.append(known.setdefault(term, len(known)))
    return pack_arrays(keys, terms, known)


def pack_arrays(keys: array[int], terms: array[int], known: Iterable[Term]) -> str:
    """The same, from prefixes and the places of their terms, side by side."""
    bits = max(1, (2 * len(keys)).bit_length())
    shift, last = 64 - bits, 2**bits - 1
    slots, says = array("Q", bytes(8 * 2**bits)), array("I", bytes(4 * 2**bits))
    for key, term in zip(keys, terms, strict=True):
        slot = (key * _MIXED & _MASK) >> shift
        while slots[slot]:
            slot = (slot + 1) & last
        slots[slot], says[slot] = key, term
    listed = list(known)
    lengths = 0
    for length in set(map(len, map(str, keys))):
        lengths |= 1 << (length - 1)
    parts = (
        slots,
        says,
        array("Q", (one.price for one in listed)),
        array("Q", (one.begins for one in listed)),
        array("Q", (one.ends for one in listed)),
    )
    if sys.byteorder == "big":
        for part in parts:
            part.byteswap()
    head = _HEAD.pack(_MAGIC, bits, lengths, len(keys), len(listed))
    plain = b"".join((head, *(part.tobytes() for part in parts)))
    # Compressors differ in what they make of one text: what is small is the same text everywhere.
    data = plain if len(plain) <= _PLAIN else zlib.compress(plain, 1)
    return b64encode(data).decode("ascii")


class Rates:
    """One deck, ready to be asked. Nothing of it is a Python object until it is looked at."""

    __slots__ = (
        *("_begins", "_ends", "_lengths", "_prices", "_rows", "_says", "_shift", "_slots"),
    )

    def __init__(self, deck: Deck) -> None:
        """Raises BadDeck."""
        data = _unpacked(deck)
        if len(data) < _HEAD.size:
            raise BadDeck(f"{deck.file}: no table of rates")
        head: tuple[bytes, int, int, int, int] = _HEAD.unpack_from(data)
        magic, bits, lengths, rows, terms = head
        if magic != _MAGIC or not 1 <= bits <= _MOST_BITS or 2 * rows >= 2**bits:
            raise BadDeck(f"{deck.file}: no table of rates")
        sizes = (8 * 2**bits, 4 * 2**bits, 8 * terms, 8 * terms, 8 * terms)
        if len(data) != _HEAD.size + sum(sizes):
            raise BadDeck(f"{deck.file}: the table of rates is not whole")
        parts = _cut(data[_HEAD.size :], sizes)
        self._slots, self._prices, self._begins, self._ends = map(_longs, (parts[0], *parts[2:]))
        self._says = _ints(parts[1])
        self._shift, self._rows = 64 - bits, rows
        self._lengths = lengths
        # A plan may come from a file that somebody edited: a table without a free slot would never
        # end a search.
        if 0 not in self._slots:
            raise BadDeck(f"{deck.file}: the table of rates contradicts itself")
        if terms and max(self._says) >= terms:
            raise BadDeck(f"{deck.file}: the table of rates contradicts itself")

    def __len__(self) -> int:
        return self._rows

    def of(self, number: str, at: float) -> Rate | None:
        """What counts for an E.164 number at a moment, in Unix seconds; None where no prefix that
        is valid then begins it."""
        asked = asked_of(number)
        return None if asked is None else self.find(asked, at)

    def find(self, asked: Asked, at: float) -> Rate | None:
        """The same for a number that other decks are asked about as well."""
        slots = self._slots
        for length, key, slot in asked.looks(self._lengths, self._shift):
            held = slots[slot]
            while held:
                if held == key:
                    term = self._says[slot]
                    if self._begins[term] <= at < self._ends[term]:
                        return Rate(asked.number[: length + 1], self._prices[term])
                slot = (slot + 1) & (len(slots) - 1)
                held = slots[slot]
        return None

    def ever(self, number: str) -> bool:
        """Whether a prefix begins the number at any time."""
        digits, last = number[1:], len(self._slots) - 1
        for length in range(1, len(digits) + 1):
            if not self._lengths >> length & 1:
                continue
            key = int("1" + digits[:length])
            slot = (key * _MIXED & _MASK) >> self._shift
            while (held := self._slots[slot]) != 0:
                if held == key:
                    return True
                slot = (slot + 1) & last
        return False


def _cut(data: bytes, sizes: tuple[int, ...]) -> list[memoryview]:
    view, parts = memoryview(data), list[memoryview]()
    for size in sizes:
        parts.append(view[:size])
        view = view[size:]
    return parts


def _longs(part: memoryview) -> memoryview[int]:
    if sys.byteorder == "little":
        return part.cast("Q")
    swapped = array("Q", part.tobytes())
    swapped.byteswap()
    return memoryview(swapped)


def _ints(part: memoryview) -> memoryview[int]:
    if sys.byteorder == "little":
        return part.cast("I")
    swapped = array("I", part.tobytes())
    swapped.byteswap()
    return memoryview(swapped)


def _unpacked(deck: Deck) -> bytes:
    try:
        packed = b64decode(deck.table, validate=True)
        if packed.startswith(_MAGIC):
            return packed
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(packed, _MOST_BYTES)
    except (ValueError, zlib.error):
        raise BadDeck(f"{deck.file}: no table of rates") from None
    if not unpacking.eof:
        raise BadDeck(f"{deck.file}: the table of rates is not whole")
    return data
