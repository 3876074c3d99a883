"""The callees of a soak: each INVITE draws a habit, and what became of it is written down.

A habit is what a phone or a broken carrier does: answer, refuse, ring and refuse, say nothing, answer
when nobody waits any more, cross a CANCEL. What would surprise: what a leg is `due` is decided by
the callee alone, from what it has said and heard; sipfo's own view is compared with it at the end.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from soak_message import Message, answer, write
from soak_wire import Datagrams, Repeated, Send, Streams

MARK = "x-soak"
"""The field with the caller's Call-ID; it crosses, since its name begins with X-."""

Habits = dict[str, float]
"""A habit and how often it is drawn."""

STEPS: dict[str, list[tuple[float, int]]] = {
    "answers": [(0.0, 100), (0.1, 180), (0.3, 200)],
    "answers at once": [(0.0, 200)],
    "refuses": [(0.0, 503)],
    "rings, refuses": [(0.0, 100), (0.05, 180), (0.4, 503)],
    "busy": [(0.0, 100), (0.1, 180), (0.2, 486)],
    "silent": [],
    "answers late": [(4.0, 200)],
    "rings late": [(3.0, 180)],
    "tries for ever": [(0.0, 100)],
    "rings for ever": [(0.0, 100), (0.1, 180)],
    "answers the CANCEL": [(0.0, 180)],
    "cancels like RFC 2543": [(0.0, 180)],
    "resets": [],
    "tries, resets": [(0.0, 100)],
}
"""What it says when, in seconds after the INVITE; the rest is in `Callee`."""


@dataclass
class Leg:
    """One INVITE as its callee saw it."""

    call: str
    callee: str
    habit: str
    invite: Message
    send: Send
    tag: str
    at: float
    said: list[int] = field(default_factory=list)
    acknowledged: bool = False
    cancelled: bool = False
    cancelled_unheard: bool = False
    """A CANCEL came before we had said anything (RFC 3261 §9.1 forbids it)."""
    they_hung_up: bool = False
    we_hung_up: bool = False
    repeated: Repeated | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    @property
    def final(self) -> int:
        """What it ended with; 0 when it has not."""
        return self.said[-1] if self.said and self.said[-1] >= 200 else 0

    @property
    def due(self) -> str:
        """What nobody has done about it; empty if all is well."""
        if self.final == 200:
            if not self.acknowledged:
                return "answered, and never acknowledged"
            if not (self.they_hung_up or self.we_hung_up):
                return "answered, and never hung up"
        elif self.final:
            return "" if self.acknowledged else f"{self.final} was never acknowledged"
        elif max(self.said, default=0) > 100 and not self.cancelled:
            return "left ringing"
        return ""


class Callee:
    """One callee at one address."""

    def __init__(
        self, name: str, wire: type[Datagrams | Streams], host: str, habits: Habits, seed: int
    ) -> None:
        self.name = name
        self.legs: dict[str, Leg] = {}
        """By the Call-ID of the leg."""
        self.faults: list[str] = []
        self._habits = habits
        self._random = random.Random(seed)
        self._tags = count(1)
        self._byes: dict[str, Repeated] = {}
        self.wire = wire(host, self._heard, self.faults)
        self._contact = f"sip:{host}:5060" + (";transport=tcp" if wire is Streams else "")

    def _heard(self, message: Message, send: Send) -> None:
        if message.status:
            if message.status >= 200 and message.method == "BYE":
                self._byes.pop(message.call_id).stop() if message.call_id in self._byes else None
            return
        leg = self.legs.get(message.call_id)
        match message.method:
            case "INVITE" if leg is None:
                self._invited(message, send)
            case "INVITE" if leg is not None and message.number > leg.invite.number:
                leg.invite, leg.send = message, send
                self._say(leg, 200)  # a re-INVITE
            case "ACK" if leg is not None:
                leg.acknowledged = True
                if leg.repeated is not None:
                    leg.repeated.stop()
                if leg.final == 200 and self._random.random() < 0.3 and not leg.timers:
                    self._later(leg, self._random.uniform(1, 5), lambda: self._hang_up(leg))
            case "CANCEL" if leg is not None:
                send(answer(message, 200, leg.tag, self._contact))
                self._cancelled(leg)
            case "BYE" if leg is not None:
                leg.they_hung_up = True
                send(answer(message, 200, leg.tag, self._contact))
            case "OPTIONS":
                if self._random.random() < 0.98:
                    send(answer(message, 200, "o", self._contact))
            case "INVITE" | "ACK":
                pass  # repeated
            case method:
                self.faults.append(f"{method} for nobody at {self.name}")

    def _invited(self, invite: Message, send: Send) -> None:
        habit = self._random.choices(list(self._habits), list(self._habits.values()))[0]
        loop = asyncio.get_running_loop()
        leg = Leg(
            *(invite.one(MARK), self.name, habit, invite, send),
            *(f"{self.name}{next(self._tags)}", loop.time()),
        )
        self.legs[invite.call_id] = leg
        for after, status in STEPS[habit]:
            if after:
                self._later(leg, after, lambda status=status: self._step(leg, status))
            else:
                self._step(leg, status)
        if habit.endswith("resets"):
            self.wire.cut_off()

    def _later(self, leg: Leg, after: float, work: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        leg.timers.append(loop.call_later(after, work))

    def _step(self, leg: Leg, status: int) -> None:
        if not leg.final:
            self._say(leg, status)
        if leg.final:
            leg.timers = []

    def _say(self, leg: Leg, status: int) -> None:
        leg.said.append(status)
        data = answer(leg.invite, status, leg.tag, self._contact)
        if status < 200:
            self._reply(leg, data)
            return
        leg.acknowledged = False
        if leg.repeated is not None:
            leg.repeated.stop()
        leg.repeated = Repeated(lambda: self._reply(leg, data))

    def _reply(self, leg: Leg, data: bytes) -> None:
        """Where the INVITE came from, or to its Via when that connection is gone (§18.2.2)."""
        if not leg.send(data):
            self.wire.send(data, leg.invite.one("via").split()[1].partition(":")[0])

    def _cancelled(self, leg: Leg) -> None:
        leg.cancelled = True
        leg.cancelled_unheard = leg.cancelled_unheard or not leg.said
        if leg.final or leg.habit == "cancels like RFC 2543":
            return
        self._say(leg, 200 if leg.habit == "answers the CANCEL" else 487)

    def _hang_up(self, leg: Leg) -> None:
        if leg.they_hung_up:
            return
        leg.we_hung_up = True
        number = leg.invite.number
        to = leg.invite.one("to")
        fields = [
            ("Via", f"SIP/2.0/{self.wire.scheme} {self.wire.host}:5060;branch=z9hG4bKb{leg.tag}"),
            ("From", to if ";tag=" in to else f"{to};tag={leg.tag}"),
            ("To", leg.invite.one("from")),
            ("Call-ID", leg.invite.call_id),
            ("CSeq", f"{number + 1} BYE"),
            ("Max-Forwards", "70"),
        ]
        contact = leg.invite.contact
        data = write(f"BYE {contact} SIP/2.0", fields)
        host = contact.removeprefix("sip:").partition(":")[0]
        self._byes[leg.invite.call_id] = Repeated(
            lambda: self.wire.send(data, host),
            lambda: self.faults.append(f"nobody answered the BYE of {self.name} in {leg.call}"),
        )
