"""CSeq (RFC 3261 §20.16) and RAck (RFC 3262 §7.2)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from sipfo.runtime.sip.limits import MAX_METHOD
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.remembered import remembered

_METHOD = rb"([A-Za-z0-9\-.!%%*_+`'~]{1,%d})" % MAX_METHOD
_CSEQ = re.compile(rb"([0-9]{1,10})[ \t]+" + _METHOD)
_RACK = re.compile(rb"([0-9]{1,10})[ \t]+([0-9]{1,10})[ \t]+" + _METHOD)


class CSeq:
    """A request's number in its dialog, and its method. A value: nobody changes one."""

    __slots__ = ("method", "number")

    def __init__(self, number: int, method: str) -> None:
        self.number: Final = number
        self.method: Final = method

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CSeq) and (
            (self.number, self.method) == (other.number, other.method)
        )

    def __hash__(self) -> int:
        return hash((self.number, self.method))

    def __repr__(self) -> str:
        return f"CSeq({self.number!r}, {self.method!r})"

    def encode(self) -> bytes:
        return b"%d %s" % (self.number, self.method.encode("ascii"))


class RAck(NamedTuple):
    """Which reliable provisional a PRACK acknowledges."""

    rseq: int
    cseq: int
    method: str

    def encode(self) -> bytes:
        return f"{self.rseq} {self.cseq} {self.method}".encode("ascii")


@remembered
def parse_cseq(value: bytes) -> CSeq:
    """Raises Malformed; the number "MUST be less than 2**31" (RFC 3261 §8.1.1.5)."""
    found = _CSEQ.fullmatch(value)
    if found is None or int(found[1]) >= 2**31:
        raise Malformed(400, "bad CSeq")
    return CSeq(int(found[1]), found[2].decode("ascii"))


def parse_rack(value: bytes) -> RAck:
    """Raises Malformed; RSeq is at most 2**32 - 1 (RFC 3262 §7.1)."""
    found = _RACK.fullmatch(value)
    if found is None or int(found[1]) >= 2**32 or int(found[2]) >= 2**31:
        raise Malformed(400, "bad RAck")
    return RAck(int(found[1]), int(found[2]), found[3].decode("ascii"))
