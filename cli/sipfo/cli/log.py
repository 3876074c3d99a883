"""What `sipfo run` says on standard output: a line for a person and for grep, or JSON for a program.

Both are told of the same things. What would surprise: JSON names things as the files of `--records`
do, and says when an answered call is over, which the text leaves to those files.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Final, Literal, Protocol

import click

from sipfo.runtime.record import (
    AttemptRecord,
    CallRecord,
    EndRecord,
    Notice,
    Record,
    RegisterRecord,
)
from sipfo.runtime.row import moment, row_of
from sipfo.runtime.stateless import STRANGER

Form = Literal["text", "json"]

Write = Callable[[str], None]
"""Takes a line, without its end."""

NO_CALL: Final = "-"
"""What a notice that is about no call has for its call."""


class Log(Protocol):
    """Where a running server's doings are told."""

    def ready(self, places: Sequence[str], trunks: int) -> None:
        """It takes calls."""

    def draining(self, calls: int, grace: float) -> None:
        """It takes no more, and waits `grace` seconds at most."""

    def stopped(self) -> None:
        """It is gone."""

    def record(self, record: Record) -> None:
        """Something was reported."""


class TextLog:
    """Lines for people."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._second, self._stamp = 0, ("", "")

    def ready(self, places: Sequence[str], trunks: int) -> None:
        """See Log."""
        self._say(f"ready  {', '.join(places)}  {_count(trunks, 'trunk')}")

    def draining(self, calls: int, grace: float) -> None:
        """See Log."""
        self._say(f"draining  {calls} under way, {grace:g} s at most")

    def stopped(self) -> None:
        """See Log."""
        self._say("stopped")

    def record(self, record: Record) -> None:
        """See Log."""
        match record:
            case AttemptRecord():
                self._say(attempt_line(record))
            case CallRecord():
                self._say(call_line(record))
            case RegisterRecord():
                if record.user:
                    self._say(register_line(record))
            case Notice():
                self._say(f"call {record.call}  {record.text}")
            case EndRecord():
                return

    def _say(self, line: str) -> None:
        """Control characters of a peer's text never reach a terminal."""
        printable = line
        if not line.isprintable():
            printable = "".join(letter if letter.isprintable() else "?" for letter in line)
        second, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
        if second != self._second:  # the zone is asked for once a second
            text = datetime.fromtimestamp(second).astimezone().isoformat()
            self._second, self._stamp = second, (text[:19], text[19:])
        start, zone = self._stamp
        self._write(f"{start}.{milliseconds:03}{zone}  {printable}")


class JsonLog:
    """One object a line: `time`, `event`, and what the event has."""

    def __init__(self, clock: Callable[[float], float], write: Write) -> None:
        """`clock` turns the engine's moments into Unix seconds."""
        self._clock = clock
        self._write = write

    def ready(self, places: Sequence[str], trunks: int) -> None:
        """See Log."""
        self._say("ready", listen=list(places), trunks=trunks)

    def draining(self, calls: int, grace: float) -> None:
        """See Log."""
        self._say("draining", calls=calls, grace=grace)

    def stopped(self) -> None:
        """See Log."""
        self._say("stopped")

    def record(self, record: Record) -> None:
        """See Log."""
        event, said = told(record, self._clock)
        if event is not None:
            self._say(event, **said)

    def _say(self, event: str, **said: object) -> None:
        self._write(json.dumps({"time": moment(time.time()), "event": event, **said}))


def told(record: Record, clock: Callable[[float], float]) -> tuple[str | None, dict[str, object]]:
    """What a program is told of a record: the event, and what it has; no event for nothing."""
    match record:
        case AttemptRecord():
            one = record.attempt
            return "attempt", {
                "call": record.call,
                "trunk": record.trunk,
                "attempt": record.number,
                "egress": one.egress,
                "route": one.route,
                "level": one.level,
                "carrier": record.carrier,
                "target": one.target,
                "outcome": one.outcome,
                "phrase": one.phrase,
                "reasons": list(one.reasons),
                "at": round(one.at, 3),
                "took": round(one.took, 3),
            }
        case CallRecord() | EndRecord():
            row = row_of(record, clock)
            known = row._asdict()
            known["attempts"] = len(row.attempts)
            return "end" if isinstance(record, EndRecord) else "call", known
        case RegisterRecord():
            said = {one.name: getattr(record, one.name) for one in fields(record)}
            return "register" if record.user else None, said
        case Notice(call=call, text=text):
            stranger = STRANGER.fullmatch(text)
            if stranger is not None:
                host, sent, answer = stranger.group("host", "what", "answer")
                return "stranger", {"source": host, "sent": sent, "answer": answer}
            return "notice", {"call": None if call == NO_CALL else call, "text": text}


def open_log(form: Form, clock: Callable[[float], float], write: Write = click.echo) -> Log:
    """The log of this form; `write` takes its lines."""
    return JsonLog(clock, write) if form == "json" else TextLog(write)


def attempt_line(record: AttemptRecord) -> str:
    """One ended attempt."""
    one = record.attempt
    outcome = f"{one.outcome} {one.phrase}".rstrip()
    return (
        f"call {record.call}  attempt {record.number}  {one.egress} to {one.route}"
        f"  {one.target or 'unresolved'}  {outcome}  {one.took:.3f} s"
    )


def call_line(record: CallRecord) -> str:
    """One call whose set-up is over."""
    result = record.ladder.result
    by = f" by {result.by}" if result.by is not None else ""
    return (
        f"call {record.call}  {record.trunk}  {record.source} to {record.number}"
        f"  {result.kind} {result.code}{by}  {record.ladder.elapsed:.3f} s"
        f"  {_count(len(record.ladder.attempts), 'attempt')}"
    )


def register_line(record: RegisterRecord) -> str:
    """One REGISTER of a user that has shown its password."""
    who = f"register {record.user} at {record.registrar}  from {record.source}"
    if record.status != 200:
        return f"{who}  refused {record.status}: {record.reason}"
    at = f" by {record.instance}" if record.instance else ""
    return f"{who}  {record.status}{at}  {_count(record.contacts, 'contact')}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
