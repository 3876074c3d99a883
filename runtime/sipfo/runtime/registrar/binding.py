"""One binding: where a registered user can be reached, since when, and how the registration came.

Frozen, and the same in every instance that shares the store: times are Unix seconds, addresses are
the real ones. What would surprise: a binding names the instance that holds it. Only from there does
a call leave for a telephone whose way back hangs on an address or a connection of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sipfo.runtime.sip.flow import Flow


@dataclass(frozen=True, slots=True)
class Origin:
    """How a REGISTER came: the transport, our address and the peer's; `connection` is a token of
    the process and its connection, empty over UDP."""

    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    connection: str = ""

    @classmethod
    def of(cls, flow: Flow, process: str) -> Origin:
        """That of a flow of this process."""
        token = f"{process}-{flow.connection}" if flow.connection is not None else ""
        return cls(flow.transport, flow.local, flow.remote, token)


@dataclass(frozen=True, slots=True)
class Binding:
    """One contact of a user. `params` are the Contact's own parameters, those with a meaning here
    left out; `device` and `reg_id` are of RFC 5626, empty and 0 where they are not offered.

    `is_hidden` says that the telephone is not where its Contact says, but where it registered from:
    behind a NAT, or on a connection.
    """

    contact: str
    call_id: str
    number: int
    """The CSeq of the REGISTER that made it."""
    expires: float
    updated: float
    instance: str
    origin: Origin
    q: float = 1.0
    path: tuple[str, ...] = ()
    params: str = ""
    device: str = ""
    reg_id: int = 0
    is_hidden: bool = False
    agent: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a store keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Binding:
        """Raises ValueError, TypeError, KeyError for what no version of this has written."""
        origin = said["origin"]
        local, remote = origin["local"], origin["remote"]
        return cls(
            **{
                **said,
                "path": tuple(said["path"]),
                "origin": Origin(
                    origin["transport"],
                    (str(local[0]), int(local[1])),
                    (str(remote[0]), int(remote[1])),
                    origin["connection"],
                ),
            }
        )
