"""The state of anything as a digest that is the same for states from which the same must follow.

It walks all that can be reached, what timers will call included. What is different only by how a
state came about is left out or renamed: tokens are numbered in the order in which they are met,
moments are counted from now, and what is only remembered for the record is not looked at.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from pydantic import BaseModel

from sipfo.plan.order import Order
from sipfo.plan.outcome import Judge
from sipfo.runtime.admission import Admission
from sipfo.runtime.callname import CallNames
from sipfo.runtime.reach import Nearby
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.timer import Handle, Timer, Timers
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.stateless import Stateless

_TOKEN = re.compile(rb"t[0-9]{7}")

CONSTANT = (BaseModel, Order, Judge, Admission, Nearby, TimerValues, CallNames, Stateless)
"""What no call changes, or what only strangers do."""

DURATIONS = frozenset({"_interval", "opened_within"})
"""Numbers that are no moments."""

HISTORY = frozenset(
    {"_started", "started", "_rang", "_rungs", "record", "results", "ends", "numbers", "_seen"}
    | {"itinerary", "_placement", "now", "_lookup"}
)
"""What is kept for the record, or never changes, or only counts."""


class _Walk:
    """One state on its way to a digest."""

    __slots__ = ("kept", "now", "out", "seen", "tokens")

    def __init__(self, now: float) -> None:
        self.now = now
        self.out: list[bytes] = []
        self.seen: dict[int, int] = {}
        self.kept: list[object] = []  # so that no other value gets the same id meanwhile
        self.tokens: dict[bytes, bytes] = {}

    def visit(self, value: Any, name: str = "") -> None:
        kind = type(value)
        if kind is float:
            self.out.append(b"%.4f" % (value if name in DURATIONS else value - self.now))
            return
        write = _WRITERS.get(kind)
        if write is None:
            write = _WRITERS[kind] = _writer(kind)
        if kind in _PLAIN or write is _Walk.constant:
            write(self, value)
            return
        known = self.seen.get(id(value))
        if known is not None:
            self.out.append(b"@%d" % known)
            return
        self.seen[id(value)] = len(self.seen)
        self.kept.append(value)
        write(self, value)

    def number(self, value: int | None) -> None:
        self.out.append(b"-" if value is None else b"%d" % value)

    def octets(self, value: bytes) -> None:
        self.out.append(_TOKEN.sub(self._rename, value))

    def _rename(self, found: re.Match[bytes]) -> bytes:
        return self.tokens.setdefault(found[0], b"<%d>" % len(self.tokens))

    def string(self, value: str) -> None:
        self.octets(value.encode())

    def enum(self, value: Enum) -> None:
        self.out.append(value.name.encode())

    def constant(self, value: object) -> None:
        self.out.append(type(value).__name__.encode())

    def request(self, value: Request) -> None:
        branch = b"" if value.is_outline else value.via.branch
        self.octets(b"%s %d " % (value.method.encode(), value.cseq.number) + branch)
        self.octets(value.call_id + (value.from_.tag or b""))

    def response(self, value: Response) -> None:
        self.octets(b"%d " % value.status + (value.to.tag or b"") + value.body)

    def items(self, values: Iterable[object]) -> None:
        self.out.append(b"(")
        for one in values:
            self.visit(one)
        self.out.append(b")")

    def members(self, values: AbstractSet[object]) -> None:
        self.items(sorted(values, key=self._place))

    def _place(self, value: object) -> tuple[int, str]:
        """Where a member of a set stands: first those met before, then by number or text."""
        known = self.seen.get(id(value), len(self.seen))
        return known, str(getattr(value, "number", value))

    def pairs(self, values: Mapping[object, object]) -> None:
        self.out.append(b"{")
        for key, one in values.items():
            self.visit(key)
            self.visit(one)
        self.out.append(b"}")

    def function(self, value: FunctionType) -> None:
        self.out.append(value.__qualname__.encode())
        for cell in value.__closure__ or ():
            self.visit(cell.cell_contents)

    def method(self, value: MethodType) -> None:
        self.out.append(value.__func__.__qualname__.encode())
        self.visit(value.__self__)

    def timers(self, timers: Timers) -> None:
        """What is armed, in the order in which it will be called."""
        armed = [entry[2] for entry in timers._odd._sorted]
        for queue in timers._queues.values():
            one = queue.first
            while one is not None:
                armed.append(one)
                one = one.after
        for timer in sorted(armed, key=lambda one: (one.when, one.order)):
            self.out.append(b"%.4f" % (timer.when - self.now))
            self.visit(timer)

    def handle(self, value: Handle) -> None:
        self.out.append(b"timer")
        self.visit(value.callback)

    def attributes(self, value: object) -> None:
        kind = type(value)
        self.out.append(kind.__name__.encode())
        names = _SLOTS.get(kind)
        if names is None:
            names = _SLOTS[kind] = _slots(kind)
        for name in names:
            self.visit(getattr(value, name, None), name)
        for name, one in getattr(value, "__dict__", {}).items():
            if name not in HISTORY:
                self.out.append(name.encode())
                self.visit(one, name)


_PLAIN = frozenset({int, bool, type(None), bytes, str})
_SLOTS: dict[type, tuple[str, ...]] = {}
_WRITERS: dict[type, Callable[[_Walk, Any], None]] = {}
_KINDS: tuple[tuple[tuple[type, ...], Callable[[_Walk, Any], None]], ...] = (
    ((int, type(None)), _Walk.number),
    ((bytes,), _Walk.octets),
    ((str,), _Walk.string),
    ((Enum,), _Walk.enum),
    ((*CONSTANT, type, BuiltinFunctionType, re.Pattern, itertools.count), _Walk.constant),
    ((Request,), _Walk.request),
    ((Response,), _Walk.response),
    ((Timers,), _Walk.timers),
    ((Handle,), _Walk.handle),
    ((dict,), _Walk.pairs),
    ((set, frozenset), _Walk.members),
    ((list, tuple, deque), _Walk.items),
    ((FunctionType,), _Walk.function),
    ((MethodType,), _Walk.method),
)


def _writer(kind: type) -> Callable[[_Walk, Any], None]:
    """How values of a type are written."""
    return next((write for kinds, write in _KINDS if issubclass(kind, kinds)), _Walk.attributes)


def _slots(kind: type) -> tuple[str, ...]:
    """The slots of a type that are looked at."""
    found: list[str] = []
    for base in kind.__mro__:
        # A compiled class has no slots; it knows its attributes, and those of its bases.
        if base is Timer:
            continue  # `timers` writes what is armed
        own = base.__dict__.get("__slots__") or base.__dict__.get("__mypyc_attrs__", ())
        found += (own,) if isinstance(own, str) else own
    found = list(dict.fromkeys(found))
    return tuple(one for one in found if one not in HISTORY | {"__weakref__", "__dict__"})


def fingerprint(now: float, *roots: object) -> bytes:
    """The digest of all that can be reached from `roots`, at the moment `now`."""
    walk = _Walk(now)
    for root in roots:
        walk.visit(root)
    return hashlib.blake2b(b"\x00".join(walk.out), digest_size=16).digest()
