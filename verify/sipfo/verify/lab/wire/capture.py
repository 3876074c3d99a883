"""Everything that passes the loopback interface of this namespace, into an Ear."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from types import TracebackType
from typing import Final, Self

from sipfo.verify.lab.space.interface import NAME
from sipfo.verify.lab.wire.heard import Ear
from sipfo.verify.lab.wire.packet import read_frame

_ALL_PROTOCOLS: Final = 0x0003  # linux/if_ether.h: ETH_P_ALL
_OUTGOING: Final = 4  # packet(7): loopback shows each packet twice, going out and coming in
_TIMES: Final = 35  # SO_TIMESTAMPNS
_TIME: Final = struct.Struct("@ll")
_BUFFER: Final = 8 * 1024 * 1024
_LARGEST: Final = 65536 + 64


class Capture:
    """A capture that is under way until `close`; times are the kernel's, by the wall clock, so that
    a busy machine does not shift them."""

    def __init__(self, ear: Ear) -> None:
        """Raises OSError without the right to it."""
        self._ear = ear
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.setsockopt(socket.SOL_SOCKET, _TIMES, 1)
        self._socket.bind((NAME, _ALL_PROTOCOLS))
        self._loop.add_reader(self._socket, self.drain)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hear no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def drain(self) -> None:
        """Take all that has passed until now."""
        while True:
            try:
                frame, extra, _, address = self._socket.recvmsg(_LARGEST, 64)
            except BlockingIOError:
                return
            if address[2] == _OUTGOING:
                continue
            packet = read_frame(frame)
            if packet is not None:
                self._ear.hear(_when(extra), packet)


def _when(extra: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == _TIMES and len(data) == _TIME.size:
            seconds, nanoseconds = _TIME.unpack(data)
            return float(seconds) + float(nanoseconds) / 1e9
    return time.time()
