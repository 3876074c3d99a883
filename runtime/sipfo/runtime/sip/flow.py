"""Where a message came from or goes to."""

from __future__ import annotations

from typing import NamedTuple


class Flow(NamedTuple):
    """A transport, our address and the peer's; hosts are address literals without brackets.

    `connection` names one TCP or TLS connection; None means UDP, or whichever connection goes
    there. `name` is who a TLS peer must prove to be (RFC 5922 §7.3), its address if empty;
    `opened_within` the seconds that opening a connection may take, None for as long as it takes.
    """

    transport: str
    local: tuple[str, int]
    remote: tuple[str, int]
    connection: int | None = None
    name: str = ""
    opened_within: float | None = None

    @property
    def reliable(self) -> bool:
        """Whether the transport itself retransmits (RFC 3261 §17.1.1.2)."""
        return self.transport != "udp"
