"""Calls that go round: by a proxy (RFC 3261 §16.3), or by others like us."""

from __future__ import annotations

import pytest

from runtime.world import EAST, SIPFO, Address, Caller, Peer, World, policy
from sipfo.plan.model import Accept, Plan
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.layer import TransactionLayer


class SendsBack(Peer):
    """A proxy that routes every INVITE to us again, for `user` if one is given."""

    def __init__(self, world: World, user: str | None = None) -> None:
        super().__init__(world, EAST)
        self.user = user
        self.passed: dict[bytes, tuple[Request, Address]] = {}

    def request(self, request: Request, source: Address) -> None:
        if request.method != "INVITE":
            return
        branch = b"z9hG4bKproxy%d" % len(self.passed)
        self.passed[branch] = (request, source)
        again = Request("INVITE", request.uri, request.headers, request.body)
        if self.user is not None:
            again.uri = f"sip:{self.user}@{SIPFO[0]}".encode()
        again.headers.prepend(b"via", b"SIP/2.0/UDP %s;branch=%s" % (EAST[0].encode(), branch))
        again.headers.set(b"max-forwards", b"%d" % ((request.max_forwards or 0) - 1))
        if len(self.passed) < 3:
            self.world.deliver(again, EAST, SIPFO)

    def response(self, response: Response, source: Address) -> None:
        request, back = self.passed[response.via.branch]
        if response.status > 100:
            request.headers.remove(b"via")
            for via in response.headers.lines(b"via")[1:]:
                request.headers.add(b"via", via)
            answer = make_response(request, response.status, to_tag=b"proxy")
            self.world.deliver(answer, EAST, back)


def open_to_all() -> Plan:
    plan = policy(failover=())
    trunk = plan.trunks[0].model_copy(update={"accept": Accept(anyone=True)})
    return plan.model_copy(update={"trunks": (trunk,)})


def test_invite_of_ours_that_comes_back_for_the_same_number_is_482() -> None:
    world = World(open_to_all())
    proxy = SendsBack(world)
    caller = Caller(world)
    caller.call()
    world.run(5)
    assert len(proxy.passed) == 1
    assert 482 in proxy.statuses()
    assert len(world.calls) == 1
    assert caller.statuses()[-1] == 482


def test_number_is_the_same_however_it_is_written() -> None:
    world = World(open_to_all())
    proxy = SendsBack(world, "1-312-555-0123")
    Caller(world).call()
    world.run(5)
    assert len(proxy.passed) == 1


def test_invite_that_comes_back_for_another_number_is_a_call() -> None:
    """A spiral (RFC 3261 §6): somebody forwards the call elsewhere, by way of us."""
    world = World(open_to_all())
    proxy = SendsBack(world, "+13125550999")
    Caller(world).call()
    world.run(1)
    assert len(proxy.passed) == 2  # the second comes back for its own number
    assert 482 in proxy.statuses()


@pytest.mark.parametrize(("hops", "status"), [("0", 483), ("1", 486)])
def test_max_forwards_goes_down_and_ends_the_round_of_user_agents(hops: str, status: int) -> None:
    """RFC 3261 §16.3: others like us leave no Via."""
    world = World(policy())
    east = Peer(world, EAST)
    east.request = lambda request, source: world.deliver(  # type: ignore[method-assign]  # is busy
        make_response(request, 486, to_tag=b"busy"), EAST, source
    )
    caller = Caller(world)
    caller.call(max_forwards=hops)
    world.run(2)
    assert caller.statuses()[-1] == status
    assert [one.max_forwards for one in east.requests("INVITE")] == ([0] if hops == "1" else [])


def test_via_that_cannot_be_read_is_nobodys() -> None:
    world = World(policy())
    east = Peer(world, EAST)
    caller = Caller(world)
    caller.call(via="SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKone;rport, nonsense")
    world.run(1)
    assert len(east.requests("INVITE")) == 1
    assert isinstance(world.engine.core.transactions, TransactionLayer)


def test_breadth_is_not_divided_by_a_hunt() -> None:
    """RFC 5393 §5.3.3: one attempt after the other may use all of it."""
    world = World(policy())
    east = Peer(world, EAST)
    Caller(world).call(max_breadth="60")
    world.run(1)
    assert east.requests("INVITE")[0].headers.lines(b"max-breadth") == [b"60"]
