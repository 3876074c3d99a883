"""One UDP address that several processes read: the kernel gives each datagram to whom it is for.

All its sockets are bound with SO_REUSEPORT (socket(7)), and a classic BPF program
(SO_ATTACH_REUSEPORT_CBPF) says which of them takes a datagram: that of the engine whose mark
(`steering`) stands where it does when everybody writes as usual, and the server's own, if there is
none. In a response that is the branch of the topmost Via, in a request of a dialog the Request-URI,
which is our Contact. What would surprise: such a program has no loops and little room, so it looks at
a few places and no further. Whatever it does not find, or finds wrongly, comes to somebody who passes
it on: nothing depends on it but the time that this takes.
"""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Callable
from struct import Struct, pack
from typing import Final

from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.steering import GENERATION
from sipfo.runtime.wire.udp import bound

_URI: Final = range(len("BYE sip:"), len("MESSAGE sips:") + 1)
"""Where the user of a Request-URI begins, by the method before it."""

_VIA: Final = len("SIP/2.0 200 \r\nVia: SIP/2.0/UDP ;branch=z9hG4bK")
"""Letters of a response before the mark, but for our address and the reason phrase."""

_PHRASES: Final = range(41)
"""Letters of a reason phrase."""

_ATTACH: Final = 51  # asm-generic/socket.h: SO_ATTACH_REUSEPORT_CBPF
_INSTRUCTION: Final = Struct("=HBBI")  # linux/filter.h: struct sock_filter

# linux/bpf_common.h
_LOAD_WORD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_LOAD_BYTE: Final = 0x30  # BPF_LD | BPF_B | BPF_ABS
_JUMP: Final = 0x05  # BPF_JMP | BPF_JA
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_SUBTRACT: Final = 0x14  # BPF_ALU | BPF_SUB | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K
_RETURN_IT: Final = 0x16  # BPF_RET | BPF_A


class CannotSpread(Exception):
    """This kernel takes no such program."""


class Spread:
    """The sockets of one address: the server's own, and one for each worker."""

    def __init__(
        self, host: str, port: int, count: int, generation: str, told: Callable[[bool], None]
    ) -> None:
        """Bind them; `told` hears whether all is read through the server from now on. Raises OSError,
        and CannotSpread where the kernel will not do this."""
        # With SO_REUSEPORT another server of the same user would not be noticed.
        bound(host, port).close()
        self._told = told
        self._program = program(generation, encode_host(host, port))
        self.own = bound(host, port, is_shared=True)
        self.others: list[socket.socket] = []
        try:
            try:
                _attach(self.own, self._program)
            except OSError as error:
                raise CannotSpread(error.strerror) from None
            for _ in range(count):  # their order is what the program counts by
                self.others.append(bound(host, port, is_shared=True))
        except (OSError, CannotSpread):
            self.own.close()
            self.close()
            raise

    def gather(self) -> None:
        """Have everything come to the server's socket: another process is about to read it."""
        self._told(True)
        _attach(self.own, _INSTRUCTION.pack(_RETURN, 0, 0, 0))

    def part(self) -> None:
        """Have each read its own again."""
        _attach(self.own, self._program)
        self._told(False)

    def close(self) -> None:
        """Let those of the workers go."""
        for one in self.others:
            one.close()


def program(generation: str, address: str) -> bytes:
    """The instructions: the number in a mark of this generation, 0 if there is none in what came to an
    address, as it stands in a Via. A load beyond the end of a datagram ends a program with 0 (Linux,
    networking/filter)."""
    mark = int.from_bytes(generation.encode("ascii"), "big")
    places = [*_URI, *(_VIA + len(address) + letters for letters in _PHRASES)]
    # Each place has two lines to look, and further down two to take the number.
    lines = [
        line
        for place in places
        for line in ((_LOAD_WORD, 0, 0, place), (_IF_EQUAL, 2 * len(places) - 1, 0, mark))
    ]
    lines.append((_RETURN, 0, 0, 0))
    for after, place in enumerate(places, start=1):
        lines.append((_LOAD_BYTE, 0, 0, place + GENERATION))
        lines.append((_JUMP, 0, 0, 2 * (len(places) - after)))
    lines += [
        (_IF_AT_LEAST, 0, 2, ord("a")),  # what counts engines are the digits, then the letters
        (_SUBTRACT, 0, 0, ord("a") - 10),
        (_RETURN_IT, 0, 0, 0),
        (_SUBTRACT, 0, 0, ord("0")),
        (_RETURN_IT, 0, 0, 0),
    ]
    return b"".join(_INSTRUCTION.pack(*one) for one in lines)


def _attach(one: socket.socket, instructions: bytes) -> None:
    """Have the sockets of its address follow a program. Raises OSError."""
    kept = ctypes.create_string_buffer(instructions, len(instructions))
    count = len(instructions) // _INSTRUCTION.size
    filtered = pack("HP", count, ctypes.addressof(kept))  # struct sock_fprog
    one.setsockopt(socket.SOL_SOCKET, _ATTACH, filtered)
