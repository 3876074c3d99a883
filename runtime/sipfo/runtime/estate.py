"""What one process leaves to the next: answered calls, and what was learnt of targets; as JSON.

Moments are those of the machine's monotonic clock, which both processes share. What would surprise:
a call in set-up is not here. Its transactions stay with the process that has them, until it is
answered and acknowledged.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from sipfo.runtime.record import (
    AttemptRecord,
    CallRecord,
    EndRecord,
    Notice,
    Record,
    RegisterRecord,
)
from sipfo.runtime.sip.address import NameAddr
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.parameters import Parameters

FORMAT: Final = 1
"""The format of an estate; one that a successor does not read is not left to it."""


class UnreadableEstate(ValueError):
    """What was left cannot be read."""


class _Paper(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"
    )


class AccountPaper(_Paper):
    """Which account answers a peer's challenges, and where; its password is not here."""

    carrier: bool
    name: str
    target: str
    hosts: tuple[str, ...]


class AddressPaper(_Paper):
    """One end of a dialog: its From or To, with its tag."""

    display: bytes
    uri: bytes
    parameters: Parameters = ()

    @classmethod
    def of(cls, address: NameAddr) -> AddressPaper:
        """What is left of it."""
        return cls(display=address.display, uri=address.uri, parameters=address.parameters)

    def address(self) -> NameAddr:
        """It again."""
        return NameAddr(self.display, self.uri, self.parameters)


class LegPaper(_Paper):
    """One side of a call: its dialog (RFC 3261 §12), and the way to its peer."""

    call_id: bytes
    local: AddressPaper
    remote: AddressPaper
    remote_target: bytes
    route_set: tuple[bytes, ...]
    local_seq: int
    remote_seq: int | None
    flow: Flow
    secure: bool = False
    trusted: bool = False
    stays: bool = False
    least_interval: int = 0
    refers: dict[int, int] = {}
    account: AccountPaper | None = None


class CallPaper(_Paper):
    """A call that is up and quiet; `near` is the caller's side, `session_ends` the moment at which
    its session is over unless somebody refreshes it (RFC 4028)."""

    record: CallRecord
    near: LegPaper
    far: LegPaper
    session_ends: float | None = None


class RecordPaper(_Paper):
    """Something that the process which leaves still has to report."""

    record: AttemptRecord | CallRecord | EndRecord | RegisterRecord | Notice


class TargetPaper(_Paper):
    """What is known of a probed target."""

    egress: str
    destination: str
    carrier: bool
    target: str
    is_down: bool


class Estate(_Paper):
    """Everything at the moment of the hand-over."""

    format: int = FORMAT
    calls: tuple[CallPaper, ...] = ()
    placed: dict[str, int] = {}
    targets: tuple[TargetPaper, ...] = ()
    held: dict[str, float] = {}
    disabled: tuple[tuple[bool, str, str | None], ...] = ()
    drained: tuple[str, ...] = ()
    paused: bool = False


def read_estate(text: str | bytes) -> Estate:
    """Raises UnreadableEstate."""
    try:
        return Estate.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise UnreadableEstate(f"{place}: {first['msg']}") from None


def read_record(text: str | bytes) -> Record:
    """Raises UnreadableEstate."""
    try:
        return RecordPaper.model_validate_json(text).record
    except ValidationError:
        raise UnreadableEstate("a record cannot be read") from None


def read_call(text: str | bytes) -> CallPaper:
    """Raises UnreadableEstate."""
    try:
        return CallPaper.model_validate_json(text)
    except ValidationError:
        raise UnreadableEstate("a call cannot be read") from None
