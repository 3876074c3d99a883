"""Whether an INVITE is one of our own that was routed back here (RFC 3261 §16.3).

A proxy on the way keeps our Via. Back-to-back user agents on the way do not: there Max-Forwards,
which goes down here as at a proxy, ends the round.
"""

from __future__ import annotations

from sipfo.plan.numbering import normalise
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.transaction.layer import TransactionLayer
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.sip.via import parse_via


def came_back(request: Request, transactions: TransactionLayer) -> bool:
    """Whether an INVITE carries the Via of one that we wait on, for the same user.

    For another user it is a spiral: somebody forwards the call, by way of us, to somewhere else.
    """
    for via in request.headers.all(b"via")[1:]:
        sent = _sent_with(via, transactions)
        if sent is not None and _user(request) == _user(sent):
            return True
    return False


def _sent_with(via: bytes, transactions: TransactionLayer) -> Request | None:
    try:
        return transactions.sent(parse_via(via).branch, "INVITE")
    except Malformed:
        return None  # somebody else's, below those that are looked at


def _user(request: Request) -> str | bytes:
    try:
        return normalise(parse_uri(request.uri).user or "")
    except Malformed:
        return request.uri
