"""Two calls under way, one that is up and one that rings, and the messages that belong to them.

A message is given to the engine as it came from the wire: an exception that escapes is the test's.
"""

from __future__ import annotations

import contextlib

from runtime.phones import Phone
from runtime.world import CALLER, EAST, PRIMARY, SIPFO, Address, Caller, World, policy
from sipfo.plan.model import Plan
from sipfo.runtime.sip.build import make_cancel
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, parse, serialize

STRANGER = ("203.0.113.66", 5060)
OTHER = ("192.0.2.201", 5060)
"""Another address from which the trunk accepts calls."""

LONG = 400.0
"""Seconds after which nothing of a call is left that nobody holds."""


def _plan() -> Plan:
    return policy(commit=(), no_progress=100.0, no_answer=100.0)


class Patient(Caller):
    """A caller that passes over what it cannot read."""

    def response(self, response: Response, source: Address) -> None:
        with contextlib.suppress(Malformed, UnicodeDecodeError):
            super().response(response, source)


class Ongoing:
    """A world two seconds after the calls were placed."""

    def __init__(self) -> None:
        self.world = World(_plan())
        self.talking = Phone(self.world, EAST, (0.1, 180), (0.5, 200, {"body": "v=0\r\ns=a\r\n"}))
        self.caller = Patient(self.world)
        self.caller.call()
        self.world.run(1)
        self.answer = self.caller.last(200)
        self.world.peers.pop(EAST)
        self.ringing = Phone(self.world, EAST, (0.1, 183, {"body": "v=0\r\ns=b\r\n"}))
        self.ringing.tag = "ringing"
        self.waiting = self.caller.call()
        self.world.run(2)

    def hear(self, data: bytes, source: Address, to: Address, transport: str = "udp") -> int:
        """Let the engine receive these bytes; how many bytes it sends for them to their source."""
        core = self.world.engine.core
        flow = Flow(transport, to, source, 9 if transport != "udp" else None)
        self.world.engine.receive(data, flow, self.world.now)
        return sum(len(one) for where, one in core.sends if where.remote[0] == source[0])

    @property
    def held(self) -> tuple[int, int, int]:
        """How much the engine holds: transactions, calls, dialogs."""
        engine = self.world.engine
        return len(engine.core.transactions), len(engine.calls), len(engine._directory)

    def goes_on(self) -> None:
        """Both calls can be ended as ever, whatever came before."""
        world, caller = self.world, self.caller
        caller.say("BYE", self.answer, 900)
        world.deliver(make_cancel(self.waiting), CALLER, SIPFO)
        world.run(world.now + 2)
        ended = [m.to.tag for m in self.ringing.requests("BYE")]
        assert ended == [self.talking.tag.encode()]
        assert len(self.ringing.requests("CANCEL")) == 1
        assert 487 in caller.statuses()

    def is_forgotten(self) -> None:
        """After a long time nothing is left."""
        self.world.engine.hang_up_all(self.world.now)
        self.world.run(self.world.now + LONG)
        assert self.held == (0, 0, 0)
        assert self.world.engine.calls_alive == 0

    def from_caller(self) -> tuple[bytes, ...]:
        """What the caller could send now: for the call that rings, and for the one that is up."""
        told = self.caller.last(183)
        invite = self.waiting
        messages: list[Request | Response] = [invite, make_cancel(invite)]
        messages += [self.caller.within(method, told, 2) for method in ("BYE", "PRACK", "UPDATE")]
        methods = ("ACK", "INVITE", "INFO", "REFER", "BYE", "MESSAGE")
        messages += [
            self.caller.within(method, self.answer, 1 if method == "ACK" else 50 + n, b"v=0\r\n")
            for n, method in enumerate(methods)
        ]
        return tuple(map(serialize, messages))

    def from_callee(self) -> tuple[bytes, ...]:
        """What the two callees could send now."""
        offered, taken = self.ringing.invite, self.talking.invite
        assert offered is not None and taken is not None  # both calls were placed
        messages: list[Request | Response] = [
            self.ringing.make(offered, status, body="v=0\r\ns=b\r\n", **fields)
            for status, fields in (
                (100, {}),
                (180, {"rseq": "1", "require": "100rel"}),
                (183, {"tag": "other"}),
                (200, {}),
                (302, {"reason": "Q.850;cause=34"}),
                (407, {"proxy_authenticate": 'Digest realm="r", nonce="n"'}),
                (422, {"min_se": "90"}),
                (503, {"retry_after": "9"}),
            )
        ]
        messages.append(self.talking.make(taken, 200, body="v=0\r\ns=a\r\n"))
        contact = taken.contact
        assert contact is not None  # every INVITE of ours has one
        for method in ("BYE", "INVITE", "NOTIFY"):
            bye = parse(
                b"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKcallee%s;rport\r\n"
                b"From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\n"
                b"Contact: <sip:198.51.100.10>\r\nContent-Length: 0\r\n\r\n"
                % (
                    method.encode(),
                    contact.uri,
                    EAST[0].encode(),
                    method.encode(),
                    taken.to.with_tag(self.talking.tag.encode()).encode(),
                    taken.from_.encode(),
                    taken.call_id,
                    method.encode(),
                )
            )
            messages.append(bye)
        return tuple(map(serialize, messages))


def guessed(messages: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The same as somebody would send who knows all but what we chose at random."""
    return tuple(one.replace(b"t00000", b"x00000") for one in messages)


PLACES = (SIPFO, PRIMARY)
"""The addresses of ours that something may be sent to."""
