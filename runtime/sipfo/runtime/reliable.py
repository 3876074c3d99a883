"""Reliable provisional responses (RFC 3262) between two sides.

They are acknowledged end to end: whoever sent one repeats it until the PRACK is there, and the
repetitions cross too, since the one before may have been lost on the other side. Those that cross
with the PRACK end here. RSeq is what each dialog made of it; every early dialog is one of its own.
"""

from __future__ import annotations

import re

from sipfo.runtime.leg import Leg
from sipfo.runtime.sip.message import Response

_NUMBER = re.compile(rb"[0-9]{1,10}")


def is_settled(far: Leg, response: Response) -> bool:
    """Whether a provisional that came on a leg repeats one that the other side has acknowledged."""
    if not 100 < response.status < 200:
        return False
    number = response.headers.first(b"rseq")
    if number is None or not _NUMBER.fullmatch(number):
        return False
    # "RSeq ... MUST be greater by exactly 1" for the next (RFC 3262 §3).
    latest = far.rare.answered_rseq.get(response.cseq.number)
    return latest is not None and int(number) <= latest
