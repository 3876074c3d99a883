"""The servers of a name (RFC 2782), as a real Asterisk tries them: in their order, by the policy alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from sipfo.plan.model import OnLocal, Plan, Rule
from sipfo.verify.lab.dns import DnsServer
from sipfo.verify.lab.engines.asterisk import Asterisk
from sipfo.verify.lab.space.enter import FILES, NAME_SERVER, asks_our_name_server
from sipfo.verify.lab.space.interface import add_addresses
from verify.lab.engines.console import asterisk, free_port
from verify.lab.engines.test_asterisk_reads import HERE, THERE, Callee, called, small
from verify.lab.space.insides import found_inside

ZONE = """\
_sip._udp.pbx.example. 60 IN SRV 30 1 {last} last.example.
_sip._udp.pbx.example. 60 IN SRV 10 1 {silent} first.example.
_sip._udp.pbx.example. 60 IN SRV 20 1 {refuses} second.example.
first.example. 60 IN A 127.0.0.42
second.example. 60 IN A 127.0.0.42
last.example. 60 IN A 127.0.0.42
"""


def to_the_name() -> Plan:
    """The small plan, with a route to a name."""
    plan = small(5060)
    route = plan.routes[0].model_copy(update={"destinations": ("sip:pbx.example",), "auth": None})
    trunk = plan.trunks[0].model_copy(update={"forward": None})
    rule = Rule(match=OnLocal(outcome="no-response"), verdict="failover")
    retry = plan.retries[0].model_copy(update={"rules": (*plan.retries[0].rules, rule)})
    return plan.model_copy(update={"routes": (route,), "trunks": (trunk,), "retries": (retry,)})


async def placed(refusal: bytes) -> list[object]:
    """What a caller gets, and what the second and the last server were asked for, when the first is
    silent and the second refuses."""
    add_addresses([HERE, THERE])
    assert asks_our_name_server()
    second, last = Callee(refuses=refusal), Callee()
    silent = free_port(THERE)
    zone = ZONE.format(last=last.port, silent=silent, refuses=second.port)
    server = await DnsServer.start(zone, NAME_SERVER, 53)
    plan = to_the_name()

    def call() -> int:
        folder = Path(FILES) / "asterisk"
        folder.mkdir()
        with asterisk(folder, plan):
            return called(plan, "+1312")

    try:
        status = await asyncio.to_thread(call)
        return [status, second.asked, last.asked]
    finally:
        server.close()
        second.close()
        last.close()


@pytest.mark.parametrize(
    ("refusal", "status", "goes_on"),
    [(b"503 Full", 486, True), (b"404 Nobody", 404, False)],
)
def test_servers_are_tried_in_their_order_as_far_as_the_policy_goes(
    refusal: bytes, status: int, goes_on: bool
) -> None:
    lacks = Asterisk().missing()
    if lacks is not None:
        pytest.skip(lacks)
    found = found_inside(lambda: asyncio.run(placed(refusal)))
    assert isinstance(found, list)
    got, second, last = found
    assert got == status
    assert [one.partition("@")[2].partition(":")[0] for one in second] == ["second.example"]
    assert [one.partition("@")[2].partition(":")[0] for one in last] == ["last.example"] * goes_on
