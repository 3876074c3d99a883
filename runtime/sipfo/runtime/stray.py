"""A response of no transaction: late word of an INVITE that was given up, or whose connection broke.

What would surprise: a 2xx is acknowledged although nobody waits for it any more, because whoever sent
it repeats it until then (RFC 3261 §13.2.2.4).
"""

from __future__ import annotations

from sipfo.runtime.directory import Directory
from sipfo.runtime.graves import Graves
from sipfo.runtime.sip.build import restore_to
from sipfo.runtime.sip.message import Response


def stray(response: Response, graves: Graves, directory: Directory, now: float) -> None:
    """Do what is due about it. Raises Malformed."""
    if response.cseq.method != "INVITE":
        return
    attempt = graves.find(response.via.branch, now)
    if attempt is None:
        _acknowledge(response, directory, now)
        return
    restore_to(response, attempt.request)
    if response.status < 200:
        attempt.rings_late(now)
    elif response.status < 300:
        attempt.invite_answered(response, now)
    else:
        attempt.refuses_late(response)


def _acknowledge(response: Response, directory: Directory, now: float) -> None:
    """The 2xx of a re-INVITE in a dialog of ours."""
    ours, theirs = response.from_.tag, response.to.tag
    if not 200 <= response.status < 300 or ours is None or theirs is None:
        return
    leg = directory.leg((response.call_id, ours, theirs))
    if leg is not None and leg.rare.reinvites.get(response.via.branch) == response.cseq.number:
        leg.post(leg.dialog.request("ACK", response.cseq.number), now)
