"""Sightings as HEP3 packets, which Homer, heplify and sngrep take.

A packet is `HEP3`, its length, and chunks: vendor 0, a type, a length, a value (HEP3 protocol
specification, rev. 32, "generic chunk types"). The correlation id is the caller's Call-ID on
both legs, which is what draws them as one call.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from sipfo.runtime.sighting import Sighting

SIP: Final = 1
"""Protocol type of the payload (chunk 11)."""

MOST_BYTES: Final = 65_507
"""Bytes of a packet: what a UDP datagram over IPv4 takes."""

_HEADER: Final = struct.Struct("!4sH")
_CHUNK: Final = struct.Struct("!HHH")
_FAMILIES: Final = {4: 2, 6: 10}
"""Address families as HEP writes them, which are those of Linux."""

_PROTOCOLS: Final = {"udp": 17, "tcp": 6, "tls": 6}
_SOURCES: Final = {4: 3, 6: 5}
_TARGETS: Final = {4: 4, 6: 6}


class TooLarge(Exception):
    """A message that no packet can hold."""


@dataclass(frozen=True, slots=True)
class Agent:
    """Who captured: a number and a name for the collector's lists, and its password, if any."""

    number: int = 1
    name: str = ""
    key: str = field(default="", repr=False)


def encode(sighting: Sighting, agent: Agent) -> bytes:
    """The packet. Raises TooLarge."""
    source, target = ip_address(sighting.source[0]), ip_address(sighting.target[0])
    seconds, micros = divmod(round(sighting.at * 1_000_000), 1_000_000)
    version = source.version
    chunks = [
        _chunk(1, bytes([_FAMILIES[version]])),
        _chunk(2, bytes([_PROTOCOLS[sighting.transport]])),
        _chunk(_SOURCES[version], source.packed),
        _chunk(_TARGETS[version], target.packed),
        _chunk(7, sighting.source[1].to_bytes(2, "big")),
        _chunk(8, sighting.target[1].to_bytes(2, "big")),
        _chunk(9, seconds.to_bytes(4, "big")),
        _chunk(10, micros.to_bytes(4, "big")),
        _chunk(11, bytes([SIP])),
        _chunk(12, agent.number.to_bytes(4, "big")),
    ]
    if agent.key:
        chunks.append(_chunk(14, agent.key.encode()))
    if sighting.call:
        chunks.append(_chunk(17, sighting.call))
    if agent.name:
        chunks.append(_chunk(19, agent.name.encode()))
    size = _HEADER.size + sum(map(len, chunks)) + _CHUNK.size + len(sighting.data)
    if size > MOST_BYTES:
        raise TooLarge(f"{size} bytes")
    chunks.append(_chunk(15, sighting.data))
    return _HEADER.pack(b"HEP3", size) + b"".join(chunks)


def _chunk(kind: int, value: bytes) -> bytes:
    """Chunk of vendor 0; its length counts its own six bytes."""
    return _CHUNK.pack(0, kind, _CHUNK.size + len(value)) + value
