"""A callee that can also send requests in its dialog, and a call that it has answered."""

from __future__ import annotations

from runtime.world import EAST, Callee, Caller, World, policy
from sipfo.runtime.sip.message import Request, parse


class Phone(Callee):
    """A callee that can also send requests in its dialog, once it has answered."""

    def say(self, method: str, cseq: int, body: bytes = b"", **fields: str) -> Request:
        assert self.invite is not None
        contact = self.invite.contact
        assert contact is not None
        lines = [
            f"{method} {contact.uri.decode()} SIP/2.0",
            f"via: SIP/2.0/UDP {self.address[0]}:5060;branch=z9hG4bKphone{method}{cseq};rport",
            "max-forwards: 70",
            f"from: {self.invite.to.with_tag(self.tag.encode()).encode().decode()}",
            f"to: {self.invite.from_.encode().decode()}",
            f"call-id: {self.invite.call_id.decode()}",
            f"cseq: {cseq} {method}",
            f"contact: <sip:{self.address[0]}:5060>",
            *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items()),
        ]
        request = parse("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        assert isinstance(request, Request)
        self.world.deliver(request, self.address, self.source)
        return request


def up() -> tuple[World, Caller, Phone]:
    """A call answered by pbx-east."""
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 180), (0.5, 200, {"body": "v=0\r\ns=east\r\n"}))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 180, 200]
    return world, caller, phone
