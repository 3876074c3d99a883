"""The callers of a soak: each call draws a habit, and what the caller was told is written down."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from soak_callee import MARK
from soak_message import Message, answer, write
from soak_wire import Datagrams, Repeated, Send, Streams

HABITS = {"hangs up": 0.6, "waits": 0.12, "leaves": 0.2, "asks again": 0.06, "falls silent": 0.02}
"""`leaves`: cancels while it rings; `waits`: for the callee to hang up, 8 s at most; `asks again`:
sends a re-INVITE; `falls silent`: never acknowledges the answer."""


@dataclass
class Placed:
    """One call as its caller saw it."""

    call: str
    habit: str
    invite: list[tuple[str, str]]
    at: float
    finals: set[tuple[int, str]] = field(default_factory=set)
    """Code and To tag of each different final response."""
    provisional: bool = False
    cancelled: bool = False
    answer: Message | None = None
    acknowledged: bool = False
    asked_again: int = 0
    """The final response to its re-INVITE."""
    they_hung_up: bool = False
    we_hung_up: bool = False
    bye_answered: int = 0
    pending: dict[str, Repeated] = field(default_factory=dict)
    """What is repeated until it is answered, by its method."""

    @property
    def code(self) -> int:
        """What it was told in the end; 0 for nothing."""
        return next(iter(self.finals))[0] if self.finals else 0


class Caller:
    """One caller at one address; `sipfo` is where it calls."""

    def __init__(
        self,
        name: str,
        wire: type[Datagrams | Streams],
        host: str,
        sipfo: str,
        seed: int,
        may_fall_silent: bool,
    ) -> None:
        self.name = name
        self._habits = {h: w for h, w in HABITS.items() if may_fall_silent or h != "falls silent"}
        self.calls: dict[str, Placed] = {}
        self.faults: list[str] = []
        self._sipfo = sipfo
        self._random = random.Random(seed)
        self.wire = wire(host, self._heard, self.faults)
        self._contact = f"sip:{host}:5060" + (";transport=tcp" if wire is Streams else "")

    def place(self) -> None:
        """Place one call."""
        number = len(self.calls) + 1
        call = f"{self.name}-{number}"
        user = f"+1312555{number % 10000:04}"
        habit = self._random.choices(list(self._habits), list(self._habits.values()))[0]
        fields = [
            ("From", f"<sip:{self.name}@{self.wire.host}>;tag={number}"),
            ("To", f"<sip:{user}@{self._sipfo}>"),
            ("Call-ID", call),
        ]
        placed = Placed(call, habit, fields, asyncio.get_running_loop().time())
        self.calls[call] = placed
        uri = f"sip:{user}@{self._sipfo}"
        self._ask(placed, "INVITE", 1, uri, fields)
        if habit == "leaves":
            self._after(self._random.uniform(0, 2.5), lambda: self._cancel(placed, uri))

    @property
    def is_quiet(self) -> bool:
        """Whether no request of ours is under way."""
        return not any(one.pending or not one.finals for one in self.calls.values())

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, work)

    def _via(self, placed: Placed, key: str) -> tuple[str, str]:
        branch = f"z9hG4bK{placed.call}{key}"
        return "Via", f"SIP/2.0/{self.wire.scheme} {self.wire.host}:5060;branch={branch}"

    def _ask(
        self, placed: Placed, method: str, number: int, uri: str, dialog: list[tuple[str, str]]
    ) -> None:
        branch = "INVITE1" if method == "CANCEL" else f"{method}{number}"
        fields = [self._via(placed, branch), *dialog, ("CSeq", f"{number} {method}")]
        fields += [("Max-Forwards", "70"), ("Contact", f"<{self._contact}>"), (MARK, placed.call)]
        data = write(f"{method} {uri} SIP/2.0", fields)
        placed.pending[method] = Repeated(
            lambda: self.wire.send(data, self._sipfo),
            lambda: self.faults.append(f"nobody answered {method} of {placed.call}"),
        )

    def _cancel(self, placed: Placed, uri: str) -> None:
        if not placed.finals and placed.provisional:
            placed.cancelled = True
            self._ask(placed, "CANCEL", 1, uri, placed.invite)

    def _dialog(self, placed: Placed) -> tuple[str, list[tuple[str, str]]]:
        assert placed.answer is not None
        ours, _, call_id = placed.invite
        return placed.answer.contact, [ours, ("To", placed.answer.one("to")), call_id]

    def _acknowledge(self, placed: Placed, response: Message) -> None:
        number = response.number
        ours, _, call_id = placed.invite
        dialog = [ours, ("To", response.one("to")), call_id]
        is_up = response.status < 300
        via = self._via(placed, f"ACK{number}" if is_up else f"INVITE{number}")
        uri = response.contact if is_up else f"sip:{self._sipfo}"
        fields = [via, *dialog, ("CSeq", f"{number} ACK"), ("Max-Forwards", "70")]
        self.wire.send(write(f"ACK {uri} SIP/2.0", fields), self._sipfo)

    def _heard(self, message: Message, send: Send) -> None:
        placed = self.calls.get(message.call_id)
        if placed is None:
            self.faults.append(f"{message.first} for nobody at {self.name}: {message.call_id}")
        elif message.status:
            self._told(placed, message)
        elif message.method == "BYE":
            placed.they_hung_up = True
            send(answer(message, 200, "", self._contact))
        elif message.method not in ("ACK",):
            self.faults.append(f"{message.method} to the caller of {placed.call}")
            send(answer(message, 501, "", self._contact))

    def _told(self, placed: Placed, response: Message) -> None:
        method = response.method
        if method in placed.pending and (response.status >= 200 or method == "INVITE"):
            placed.pending.pop(method).stop()
        if response.status < 200:
            placed.provisional = placed.provisional or response.number == 1
        elif method == "BYE":
            # One by TCP that we repeat is a request of its own when Timer J is 0 (§17.2.2).
            placed.bye_answered = placed.bye_answered or response.status
        elif method == "INVITE" and response.number > 1:
            placed.asked_again = response.status
            self._acknowledge(placed, response)
        elif method == "INVITE":
            self._settled(placed, response)

    def _settled(self, placed: Placed, response: Message) -> None:
        is_new = not placed.finals
        placed.finals.add((response.status, response.one("to").partition(";tag=")[2]))
        if placed.habit == "falls silent" and response.status < 300:
            return
        self._acknowledge(placed, response)
        placed.acknowledged = True
        if not is_new or response.status >= 300:
            return
        placed.answer = response
        if placed.habit == "asks again":
            self._after(self._random.uniform(0.2, 1), lambda: self._again(placed))
        wait = 8.0 if placed.habit == "waits" else self._random.uniform(1, 6)
        self._after(wait, lambda: self._hang_up(placed))

    def _again(self, placed: Placed) -> None:
        if not placed.they_hung_up:
            self._ask(placed, "INVITE", 2, *self._dialog(placed))

    def _hang_up(self, placed: Placed) -> None:
        if not placed.they_hung_up:
            placed.we_hung_up = True
            self._ask(placed, "BYE", 3, *self._dialog(placed))
