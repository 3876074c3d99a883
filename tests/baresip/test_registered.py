"""A real telephone that registers, is called, and is called again when its instance is dead."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from baresip.phone import Phone
from cli.command import sipfo
from registered.office import DOMAIN, PASSWORD, Office
from runtime.wire.papers import Authority
from sipp.process import wait_for


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    if shutil.which("baresip") is None:
        pytest.skip("baresip is not installed (Debian package baresip-core)")
    # baresip 1.0 gives up at a challenge for SHA-256, whatever stands beside it.
    made = Office(tmp_path, str(tmp_path / "bindings.db"), "--digest=md5")
    try:
        yield made
    finally:
        made.close()


def telephone(office: Office, instance: str, transport: str, more: str = "") -> Phone:
    """One that registers at an instance, and has."""
    login = f';outbound="sip:{office.of(instance)}:5060;transport={transport}"'
    login += f';auth_user=alice;auth_pass="{PASSWORD}"{more}'
    phone = Phone(office, "desk-1", "alice", Authority(office.folder), login, DOMAIN)
    # Its event may come before anybody listens.
    wait_for(lambda: "OK " in phone.do("reginfo"), office.report)
    return phone


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_it_is_called_where_it_registered(office: Office, transport: str) -> None:
    office.start("kss-a", "kss-b")
    phone = telephone(office, "kss-a", transport)
    for instance in ("kss-a", "kss-b"):
        assert rings(office, phone, instance) == "answered"
    phone.close()


def test_it_is_called_again_when_its_instance_is_dead(office: Office) -> None:
    office.start("kss-a", "kss-b", "kss-c")
    phone = telephone(office, "kss-a", "udp")
    assert rings(office, phone, "kss-b") == "answered"
    office.kill("kss-a")
    assert rings(office, phone, "kss-b") == "answered"
    assert rings(office, phone, "kss-c") == "answered"
    phone.close()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_rfc5626_it_keeps_a_flow_and_is_called_on_it(office: Office, transport: str) -> None:
    office.start("kss-a")
    phone = telephone(office, "kss-a", transport, ";sipnat=outbound")
    shown = sipfo("show", "registrations", "--format=json", f"--control={office.folder}/kss-a.sock")
    (one,) = json.loads(shown.stdout)
    assert (one["reg_id"], one["user"]) == (1, "alice")
    assert rings(office, phone, "kss-a") == "answered"
    phone.close()


def test_it_is_remembered_by_an_instance_that_was_killed_and_is_back(office: Office) -> None:
    office.start("kss-a")
    phone = telephone(office, "kss-a", "udp")
    office.kill("kss-a")
    office.start("kss-a")
    assert rings(office, phone, "kss-a") == "answered"
    phone.close()


def test_it_is_not_called_once_it_has_left(office: Office) -> None:
    office.start("kss-a")
    phone = telephone(office, "kss-a", "udp")
    phone.do("quit")
    wait_for(lambda: asyncio.run(office.call("kss-a")).status == 480, office.report)
    phone.close()


def rings(office: Office, phone: Phone, instance: str) -> str:
    """Place a call at an instance, pick up at the telephone, and say what came of it."""

    async def both() -> str:
        call = asyncio.create_task(office.call(instance))
        await asyncio.to_thread(phone.hears, "CALL_INCOMING")
        await asyncio.to_thread(phone.do, "accept")
        received = await call
        await asyncio.to_thread(phone.hears, "CALL_CLOSED")
        return "answered" if received.status == 200 else str(received.status)

    return asyncio.run(both())
