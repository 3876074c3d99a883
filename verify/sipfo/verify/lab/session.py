"""Session descriptions for scripted calls, which say who speaks (RFC 4566).

The session name is the destination's, so that the caller can tell who answered it from what
arrived, whatever the runtime says about it.
"""

from __future__ import annotations

import re

CONTENT_TYPE = b"application/sdp"
CALLER = "caller"

_SESSION_NAME = re.compile(rb"(?:^|\r\n)s=([^\r\n]*)")


def describe(name: str, host: str) -> bytes:
    """A description of one audio stream; nothing listens at its port."""
    where = f"IN IP{6 if ':' in host else 4} {host}"
    return (
        f"v=0\r\no=- 1 1 {where}\r\ns={name}\r\nc={where}\r\nt=0 0\r\n"
        "m=audio 40000 RTP/AVP 0 8\r\na=sendrecv\r\n"
    ).encode()


def session_name(body: bytes) -> str | None:
    """Who a description is from, or None when it is no such description."""
    found = _SESSION_NAME.search(body)
    return found[1].decode("utf-8", "replace") if found else None
