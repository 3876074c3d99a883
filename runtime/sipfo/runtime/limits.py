"""How much a peer can make the runtime hold, say or wait for, in one place.

Every table that a message from outside can grow has its bound here; the bounds of a message are
in `sip.limits`. What would surprise: sources that a trunk accepts and strangers never share a
bound, so that no number of strangers can keep a trunk's calls out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.runtime.sip.digest import MD5, SHA_256

GIVEN_UP_ATTEMPTS: Final = 4096
"""Attempts remembered after Timer B, in case their phone picks up; the oldest goes first."""

CHALLENGES: Final = 1024
"""Digest challenges remembered; the oldest goes first."""

REALMS: Final = 4096
"""Targets whose realm is remembered; the oldest goes first."""


DIGESTS: Final = (SHA_256, MD5)
"""The algorithms by which a caller may prove a password, the stronger first."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server. Counts, seconds, and answers per second."""

    calls: int = 65_536
    """Calls, those included that ended within 64·T1; a new one beyond is answered 503."""

    transactions: int = 262_144
    """Transactions; beyond, everything but CANCEL, ACK and BYE of a call is answered 503."""

    retry_after: int = 5
    """Seconds that a 503 made here asks for."""

    answers: float = 2.0
    """Answers per second to one stranger: one address, or one IPv6 /64."""

    answers_burst: int = 10
    """Answers to a stranger that has been quiet."""

    all_answers: float = 200.0
    """Answers per second to all strangers together, whatever addresses they forge."""

    strangers: int = 4096
    """Strangers remembered; the one heard least recently goes first."""

    connections: int = 4096
    """Connections accepted from sources that a trunk accepts."""

    connections_each: int = 1024
    """The same, from one source."""

    stranger_connections: int = 256
    """Connections accepted from all strangers together."""

    stranger_connections_each: int = 8
    """Connections accepted from one stranger."""

    message_time: float = 32.0
    """Seconds from a message's first byte, or from a connection's opening, to a whole message."""

    idle_time: float = 3605.0
    """Seconds that an accepted connection may carry nothing: an hour, and a little."""

    stranger_idle_time: float = 64.0
    """The same, for a stranger's."""

    sweep_time: float = 1.0
    """Seconds between looks at which connections have had their time."""

    nonces: int = 16_384
    """Nonces of ours remembered as used; beyond, those as old as the oldest one are stale."""

    registers: float = 50.0
    """REGISTERs per second of one source that are looked at; the others are dropped."""

    registers_burst: int = 200
    """The same, of a source that has been quiet: everybody behind a NAT at once."""

    registering_sources: int = 4096
    """Sources of REGISTERs whose rate is remembered; the one heard least recently goes first."""

    digests: tuple[bytes, ...] = DIGESTS
    """The algorithms that a challenge offers, the one that is preferred first (RFC 8760 §2.3)."""

    failures: int = 10
    """Wrong credentials that one source may give within `failure_time`."""

    failure_time: float = 300.0
    """Seconds that a wrong credential is held against its source."""

    failing_sources: int = 4096
    """Sources with wrong credentials remembered; the one that failed least recently goes first."""

    proven_sources: int = 4096
    """Sources with right credentials that are no strangers any more; the least recent goes first."""

    proven_time: float = 3600.0
    """Seconds that they are not."""
