"""A world whose packets are kept, as a capture has them, and whose calls are, as a book has them."""

from __future__ import annotations

from runtime.world import Address, Callee, World
from sipfo.plan.model import Plan
from sipfo.runtime.locate import Target
from sipfo.runtime.pcap import FILE_HEADER, Packets
from sipfo.runtime.record import CallRecord, EndRecord
from sipfo.runtime.row import Row, row_of
from sipfo.runtime.sheet import JSON
from sipfo.runtime.sighting import Sighting, call_id_of
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize

EPOCH = 1_760_000_000.0


class TapedWorld(World):
    """A world that is recorded."""

    def __init__(self, plan: Plan, names: dict[str, tuple[Target, ...]] | None = None) -> None:
        super().__init__(plan, names)
        self.tape: list[Sighting] = []

    def _carry(self, flow: Flow, data: bytes) -> None:
        self._see(flow.transport, flow.local, flow.remote, data)
        super()._carry(flow, data)

    def deliver(self, message: Request | Response, source: Address, to: Address) -> None:
        """Send from a peer to the engine."""
        self._see("udp", source, to, serialize(message))
        super().deliver(message, source, to)

    def _see(self, transport: str, source: Address, target: Address, data: bytes) -> None:
        at = EPOCH + self.now
        self.tape.append(Sighting(at, transport, source, target, data, call_id_of(data)))

    @property
    def pcap(self) -> bytes:
        """Everything that was said, as a capture."""
        packets = Packets()
        return FILE_HEADER + b"".join(packets.of(one) for one in self.tape)

    @property
    def rows(self) -> list[Row]:
        """The calls as they stood in the end."""
        rows: dict[str, Row] = {}
        for one in self.records:
            if isinstance(one, CallRecord | EndRecord):
                row = row_of(one, lambda at: EPOCH + at)
                rows[row.call] = row
        return list(rows.values())

    @property
    def lines(self) -> bytes:
        """The same as lines of JSON."""
        return b"".join(JSON.write(row) for row in self.rows)


class Phone(Callee):
    """A callee that does the same with each INVITE, however many are under way."""

    def request(self, request: Request, source: Address) -> None:
        """A CANCEL is of the INVITE that has its branch."""
        if request.method != "CANCEL":
            super().request(request, source)
            return
        self.world.deliver(make_response(request, 200), self.address, source)
        for invite in self.requests("INVITE"):
            if invite.via.branch == request.via.branch:
                self.reply(invite, source, 487)
                return
