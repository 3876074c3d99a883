"""One UDP socket: datagrams in and out, and ICMP errors told apart by destination.

Read by `add_reader` and drained, which is several times faster than asyncio's datagram protocol.
What would surprise: the kernel reports an ICMP error on the next call on the socket, whichever
destination that call is for; the error queue (ip(7), IP_RECVERR) says which one it is about.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from sipfo.runtime.sip.flow import Flow

DRAIN = 64
"""Most datagrams read before the loop gets its turn."""

LOT = 8
"""Datagrams after which what they led to is sent, if more wait: sent together they wake their
receiver once, and none waits long."""

MOST_SENDERS = 1024
"""Senders whose flows are kept, so that each is made once; then all are made anew."""

RECEIVE_BUFFER = 4 * 1024 * 1024
"""Bytes asked of the kernel for datagrams that arrive in a burst."""

_IP_RECVERR = 11
_IPV6_RECVERR = 25


class UdpSocket:
    """A bound, non-blocking socket that hands whole datagrams and dead flows to its owner."""

    def __init__(
        self,
        host: str,
        port: int,
        receive: Callable[[bytes, Flow], None],
        failed: Callable[[Flow], None],
        given: socket.socket | None = None,
        rest: Callable[[], None] | None = None,
    ) -> None:
        """Bind, and read; a bound socket that is `given` is not read before `read`. `rest` is called
        after each lot of datagrams. Raises OSError."""
        self.local = (host, port)
        self._flows: dict[object, Flow] = {}
        self._receive = receive
        self._failed = failed
        self._rest = rest
        self.socket = bound(host, port) if given is None else given
        self._sendto = self.socket.sendto
        self._loop = asyncio.get_running_loop()
        if given is None:
            self.read()

    def read(self) -> None:
        """Take what comes."""
        self._loop.add_reader(self.socket.fileno(), self._readable)

    def stop_reading(self) -> None:
        """Leave what comes to whoever else has the socket; sending goes on."""
        self._loop.remove_reader(self.socket.fileno())

    def send(self, data: bytes, flow: Flow) -> None:
        """Send one datagram, or report the flow as failed."""
        try:
            self._sendto(data, flow.remote)
        except BlockingIOError:
            return  # the send buffer is full: lost as on any network, and retransmitted
        except OSError:
            self._send_again(data, flow)

    def _send_again(self, data: bytes, flow: Flow) -> None:
        """An ICMP error of an earlier datagram surfaces at the next call; only what the second try
        says is about this one."""
        self._drain_errors()
        try:
            self._sendto(data, flow.remote)
        except BlockingIOError:
            return
        except OSError as error:
            self._drain_errors()
            if error.errno != errno.EMSGSIZE or len(data) > 65507:
                self._failed(flow)

    def close(self) -> None:
        """Stop reading and release the address."""
        self._loop.remove_reader(self.socket.fileno())
        self.socket.close()

    def _readable(self) -> None:
        take, flows, receive, rest = self.socket.recvfrom, self._flows, self._receive, self._rest
        for turn in range(1, DRAIN + 1):
            try:
                data, source = take(65535)
            except BlockingIOError:
                if turn == 1:  # woken for something else
                    self._drain_errors()
                break
            except OSError:
                self._drain_errors()
                continue
            flow = flows.get(source)
            if flow is None:
                if len(flows) >= MOST_SENDERS:
                    flows.clear()
                flow = Flow("udp", self.local, (source[0], source[1]))
                flows[source] = flow
            receive(data, flow)
            if rest is not None and turn % LOT == 0:
                rest()
        if rest is not None:
            rest()

    def _drain_errors(self) -> None:
        while True:
            try:
                _, ancillary, _, target = self.socket.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            for _, _, extended in ancillary:
                if int.from_bytes(extended[:4], "little") != errno.EMSGSIZE:
                    self._failed(Flow("udp", self.local, (target[0], target[1]), None))
                    break


def bound(host: str, port: int, is_shared: bool = False) -> socket.socket:
    """A new socket at an address, which others that are shared may have too. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        if is_shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made
