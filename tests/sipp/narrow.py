"""A box between a caller and sipfo that takes SHA-256 out of challenges, over UDP.

SIPp reads the first challenge of a response and fails when it is not MD5, where it should ignore it
("MUST ignore any challenge it does not understand", RFC 8760 §2.4). Nothing else is touched.
"""

from __future__ import annotations

import re
import socket
import threading
from types import TracebackType
from typing import Final, Self

from sipp.addresses import PORT, Parties

_SHA_256: Final = re.compile(rb"\r\nProxy-Authenticate:[^\r\n]*algorithm=SHA-256[^\r\n]*")
_STOP: Final = b"stop"


class Narrow:
    """What a caller's messages pass on their way to sipfo, and sipfo's on their way back."""

    def __init__(self, block: Parties, name: str, caller: str = "caller") -> None:
        """It stands where the party `name` would."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((block.of(name), PORT))
        self._sipfo = (block.of("sipfo"), PORT)
        self._caller = (block.of(caller), PORT)
        self._thread = threading.Thread(target=self._pass_on)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.sendto(_STOP, self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _pass_on(self) -> None:
        while (received := self._socket.recvfrom(65535))[0] != _STOP:
            data, source = received
            if source == self._sipfo:
                self._socket.sendto(_SHA_256.sub(b"", data), self._caller)
            else:
                self._socket.sendto(data, self._sipfo)
