"""A transport that breaks while something is written to it."""

from __future__ import annotations

import asyncio


class Breaking(asyncio.Transport):
    """It takes so many writes, and is closing from then on."""

    def __init__(self, after: int = 2) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self._after = after

    def is_closing(self) -> bool:
        return len(self.written) >= self._after

    def get_write_buffer_size(self) -> int:
        return 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
