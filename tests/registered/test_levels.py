"""Three levels of internal failover, between processes: LANGUAGE rule 10."""

from __future__ import annotations

import asyncio
import json

import pytest

from registered.office import INSTANCES, Office, Telephone
from sipfo.verify.lab.caller import Received

CALLS = 24
EVERY = 0.05
"""Seconds between calls under load."""


def attempts(office: Office, instance: str) -> list[list[str]]:
    """The levels that each call of an instance's trunk went by, from its records."""
    lines = (office.folder / f"{instance}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = {row["call"]: row for row in map(json.loads, lines)}
    return [
        [f"{one['level']} {one['outcome']}" for one in row["attempts"]]
        for row in rows.values()
        if row["trunk"] == "acme"
    ]


def test_a_user_is_called_from_where_it_registered_and_then_from_where_it_is_left(
    office: Office,
) -> None:
    office.start(*INSTANCES)

    async def calls() -> list[str]:
        await office.registration("kss-b").begin()
        telephone = await Telephone.open(office)

        async def called_at(instance: str) -> None:
            assert (await office.call(instance)).status == 200, office.report()
            await telephone.quiet()

        await called_at("kss-b")  # which holds it
        await called_at("kss-a")  # which passes the call on
        office.kill("kss-b")
        await called_at("kss-a")
        await called_at("kss-c")
        office.kill("kss-a")
        await called_at("kss-c")
        await telephone.close()
        return telephone.called_by

    assert asyncio.run(calls()) == ["kss-b", "kss-b", "kss-a", "kss-a", "kss-c"], office.report()
    office.end()
    assert attempts(office, "kss-c") == [
        ["kss-b transport-error", "kss-a 200"],
        ["kss-b transport-error", "kss-a transport-error", "kss-c 200"],
    ]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_nobody_registered_is_480(office: Office) -> None:
    office.start("kss-a", "kss-b")

    async def calls() -> list[int]:
        registration = office.registration("kss-b")
        never = await office.call("kss-a")
        await registration.begin()
        await registration.end()
        no_more = await office.call("kss-a")
        return [never.status, no_more.status]

    assert asyncio.run(calls()) == [480, 480], office.report()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_killing_the_holder_under_load_loses_no_call(office: Office) -> None:
    office.start(*INSTANCES)

    async def calls() -> tuple[list[Received], list[str]]:
        await office.registration("kss-a").begin()
        telephone = await Telephone.open(office, 9, 200)

        async def one(place: int) -> Received:
            await asyncio.sleep(place * EVERY)
            if place == CALLS // 3:
                office.kill("kss-a")
            return await office.call("kss-b")

        received = await asyncio.gather(*(one(place) for place in range(CALLS)))
        await telephone.close()
        return received, telephone.called_by

    received, called_by = asyncio.run(calls())
    assert [one.status for one in received] == [200] * CALLS, office.report()
    assert set(called_by) == {"kss-a", "kss-b"}
    assert called_by.count("kss-b") >= CALLS // 2
