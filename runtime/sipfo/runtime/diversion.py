"""A forwarded call says where it was first meant to go: Diversion (RFC 5806), History-Info (RFC 7044).

What would surprise: a call that was diverted often enough before is not forwarded once more. Each
network on the way counts, and two that forward to each other would go on by Max-Forwards alone.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.uri import SipUri

MOST_DIVERSIONS: Final = 5
"""As many as a telephone network makes of one call (ITU-T Q.732.2)."""

_INDEX = re.compile(rb";[ \t]*index[ \t]*=[ \t]*([0-9]+(?:\.[0-9]+)*)[ \t]*(?:;|$)")
_COUNTER = re.compile(rb";[ \t]*counter[ \t]*=[ \t]*\"?([0-9]{1,3})\"?[ \t]*(?:;|$)", re.IGNORECASE)


def diversions(headers: Headers) -> int:
    """How often a call was diverted, by the counters of its Diversion entries; 1 for an entry that
    has none."""
    counters = [_COUNTER.search(entry) for entry in headers.all(b"diversion")]
    return sum(int(one[1]) if one is not None else 1 for one in counters)


def say_forwarded(headers: Headers, dialled: str, uri: SipUri, flow: Flow) -> None:
    """Name the number that was dialled in an INVITE that goes to `uri` instead.

    The newest diversion stands first (RFC 5806 §4); history goes on after what the caller's
    INVITE brought.
    """
    here = f"sip:{dialled}@{encode_host(*flow.local)}"
    earlier = headers.lines(b"diversion")
    headers.remove(b"diversion")
    headers.add(b"diversion", f"<{here}>;reason=unavailable;counter=1".encode("ascii"))
    for value in earlier:
        headers.add(b"diversion", value)
    # 503 is "not reachable" (RFC 4458 §2): as Reason of the old target, as cause of the new one
    # (RFC 7044 §10.2).
    entries = headers.all(b"history-info")
    index = _INDEX.search(entries[-1]) if entries else None
    last = index[1].decode("ascii") if index is not None else "1"
    if index is None:
        first = f"<{here}?Reason=SIP%3Bcause%3D503>;index=1"
        headers.add(b"history-info", first.encode("ascii"))
    second = f"<{uri.bare()};cause=503>;index={last}.1;mp={last}"
    headers.add(b"history-info", second.encode("ascii"))
