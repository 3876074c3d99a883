"""Loopback addresses for a policy's declared ones, so that it runs on one machine unedited.

Each play holds blocks of 127.0.0.0/8 of its own. What would surprise: a block is held by a socket
that is bound in it, so that plays in other processes stay out of it and a killed one leaves
nothing behind.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import Protocol

from sipfo.runtime.mapping import Mapping

HOLD_PORT = 5059
"""The port that is bound at a block's last address to hold the block."""

HOSTS = 253
"""Addresses of a block that are handed out: .1 to .253; .254 holds it."""

SLOTS_PER_PROCESS = 64

_FIRST, _LAST = 1, 253  # second byte: 127.0.x.y is everybody's, 127.254.x.y is left alone
_BLOCKS = (_LAST - _FIRST + 1) * 256


class NoAddresses(OSError):
    """Every loopback block is held by somebody."""


class Whereabouts(Protocol):
    """Where a declared host is really bound."""

    def of(self, declared: str) -> str:
        """The address that stands for a declared one. Raises NoAddresses."""


class AsDeclared:
    """Every host is bound as declared: it is a private network."""

    def of(self, declared: str) -> str:
        """The address itself."""
        return declared


class Addresses:
    """Declared host to a loopback address, one to one, until `close`."""

    def __init__(self, slot: int) -> None:
        """`slot` tells plays of one process apart; it says only where to look first."""
        self._next_block = (os.getpid() * SLOTS_PER_PROCESS + slot) % _BLOCKS
        self._holds: list[socket.socket] = []
        self._block = ""
        self._used = HOSTS
        self._hosts: dict[str, str] = {}
        self._declared: dict[str, str] = {}

    def of(self, declared: str) -> str:
        """The loopback address that stands for a declared one. Raises NoAddresses."""
        found = self._hosts.get(declared)
        if found is None:
            if self._used == HOSTS:
                self._block = self._hold_block()
                self._used = 0
            self._used += 1
            found = self._hosts[declared] = f"{self._block}.{self._used}"
            self._declared[found] = declared
        return found

    def declared(self, loopback: str) -> str:
        """The declared address that a loopback one stands for, or itself."""
        return self._declared.get(loopback, loopback)

    def mapping(self) -> Mapping:
        """What the runtime is told."""
        return Mapping(self._hosts)

    def close(self) -> None:
        """Let the blocks go."""
        for hold in self._holds:
            hold.close()
        self._holds.clear()

    def _hold_block(self) -> str:
        for _ in range(_BLOCKS):
            number = self._next_block
            self._next_block = (number + 1) % _BLOCKS
            block = f"127.{_FIRST + number // 256}.{number % 256}"
            hold = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                hold.bind((f"{block}.254", HOLD_PORT))
            except OSError as error:
                hold.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            self._holds.append(hold)
            return block
        raise NoAddresses("every loopback block is in use")
