"""How long a caller's signed identity (RFC 8224) can be shown to targets.

It crosses untouched, and nothing is signed here: there is no key. A hunt that goes on for longer
than verifiers accept is noted.
"""

from __future__ import annotations

from typing import Final

from sipfo.runtime.sip.message import Request

FRESH: Final = 60.0
"""Seconds after its making that verifiers accept a PASSporT (RFC 8224 §4.1)."""


def is_stale(request: Request, age: float) -> bool:
    """Whether an INVITE carries an Identity that came `age` seconds ago, and is too old by now."""
    return age > FRESH and request.headers.first(b"identity") is not None
