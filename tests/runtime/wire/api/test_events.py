"""Events for many clients from one ring: nobody is waited for, and who missed some is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from sipfo.runtime.record import Notice, Record
from sipfo.runtime.wire.api.events import KEPT, Events, Told


def told(record: Record) -> tuple[str, Told]:
    assert isinstance(record, Notice)
    return "notice", {"text": record.text}


def everything(kind: str, told: Told) -> bool:
    return True


def read(event: bytes) -> dict[str, Any]:
    lines = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    return {"id": int(lines["id"]), "kind": lines["event"], **json.loads(lines["data"])}


async def some(stream: AsyncIterator[bytes], count: int) -> list[dict[str, Any]]:
    return [read(await anext(stream)) for _ in range(count)]


def test_a_client_hears_what_comes_after_it() -> None:
    async def play() -> None:
        events = Events(asyncio.get_running_loop(), told)
        events.take(Notice("-", "before"))
        stream = events.follow(None, everything)
        assert await anext(stream) == b": sipfo\n\n"
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        events.take(Notice("-", "after\nit"))
        found = read(await waiting)
        assert (found["id"], found["kind"], found["text"]) == (2, "notice", "after\nit")
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        assert events.clients == 0

    asyncio.run(play())


def test_a_client_that_is_too_slow_is_told_how_much_it_missed() -> None:
    async def play() -> None:
        events = Events(asyncio.get_running_loop(), told)
        stream = events.follow(0, everything)
        await anext(stream)
        for number in range(KEPT + 5):
            events.take(Notice("-", str(number)))
        lost, first = await some(stream, 2)
        assert (lost["kind"], lost["count"]) == ("lost", 5)
        assert first["text"] == "5"
        assert [one["text"] for one in await some(stream, KEPT - 1)][-1] == str(KEPT + 4)

    asyncio.run(play())


def test_a_client_that_comes_again_goes_on_where_it_was() -> None:
    async def play() -> None:
        events = Events(asyncio.get_running_loop(), told)
        for text in ("one", "two", "three"):
            events.take(Notice("-", text))
        stream = events.follow(1, everything)
        await anext(stream)
        assert [one["text"] for one in await some(stream, 2)] == ["two", "three"]

    asyncio.run(play())


def test_health_is_an_event_of_its_own() -> None:
    async def play() -> None:
        events = Events(asyncio.get_running_loop(), told)
        events.take(
            Notice("-", "us.primary to east at udp:192.0.2.1:5060 is down: 3 failures in a row")
        )
        stream = events.follow(0, lambda kind, told: kind == "health")
        await anext(stream)
        (found,) = await some(stream, 1)
        assert {
            name: found[name] for name in ("egress", "destination", "target", "state", "why")
        } == {
            "egress": "us.primary",
            "destination": "east",
            "target": "udp:192.0.2.1:5060",
            "state": "down",
            "why": "3 failures in a row",
        }

    asyncio.run(play())
