"""UDP sockets that a server lends its workers, so that what they send takes no way through it.

A socket crosses as SCM_RIGHTS (unix(7)) in a packet of its own; both processes have the same socket
of the kernel then. What would surprise: nobody waits for a loan. A worker that has none of an address
says what is to be sent to its server, as it does for connections.
"""

from __future__ import annotations

import asyncio
import logging
import marshal
import socket
from collections.abc import Callable
from typing import Final

_log = logging.getLogger("sipfo")

LONGEST: Final = 1024
"""Bytes of an address."""

Address = tuple[str, int]


def connected() -> tuple[socket.socket, socket.socket]:
    """Both ends: who lends, and who borrows."""
    lender, borrower = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    lender.setblocking(False)
    borrower.setblocking(False)
    return lender, borrower


def lend(end: socket.socket, address: Address, lent: socket.socket, is_read: bool) -> None:
    """Have the other end send on this, if it can take it now; and read it, if it is its own."""
    try:
        socket.send_fds(end, [marshal.dumps((*address, is_read))], [lent.fileno()])
    except OSError as error:
        _log.warning("a worker does without a socket of its own at %s port %d: %s", *address, error)


class Borrower:
    """Takes what is lent."""

    def __init__(
        self, end: socket.socket, take: Callable[[Address, socket.socket, bool], None]
    ) -> None:
        """`take` is given each socket, and whether to read it. In a running loop."""
        self._end = end
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(end.fileno(), self._readable)

    def close(self) -> None:
        """Take no more."""
        self._loop.remove_reader(self._end.fileno())
        self._end.close()

    def _readable(self) -> None:
        try:
            said, lent, _, _ = socket.recv_fds(self._end, LONGEST, 1)
        except BlockingIOError:
            return
        except OSError:
            said, lent = b"", []
        if not lent:  # the other end is gone; the pipe says so as well
            self.close()
            return
        host, port, is_read = marshal.loads(said)
        self._take((host, port), socket.socket(fileno=lent[0]), is_read)
