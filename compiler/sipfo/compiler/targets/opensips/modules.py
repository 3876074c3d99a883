"""The modules that a script loads: no more than it uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.targets.opensips.view import Uses

ALWAYS: Final = (
    "signaling",
    "sl",
    "tm",
    "rr",
    "maxfwd",
    "sipmsgops",
    "dialog",
    "cfgutils",  # $shv, $RANDOM, locks
    "mi_fifo",
    "proto_udp",
)


def modules(uses: Uses) -> Iterator[str]:
    """The modules in the order in which they are loaded."""
    yield from ALWAYS
    if uses.streams:
        yield "proto_tcp"
