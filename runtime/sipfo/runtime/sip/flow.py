"""Where a message came from or goes to."""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """A transport, our address and the peer's; hosts are address literals without brackets.

    `connection` names one TCP connection; None means UDP, or whichever connection goes there.
    """

    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    connection: int | None = None

    @property
    def reliable(self) -> bool:
        """Whether the transport itself retransmits (RFC 3261 §17.1.1.2)."""
        return self.transport != "udp"
