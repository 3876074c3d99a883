"""A forwarded call says where it was first meant to go: Diversion (RFC 5806), History-Info (RFC 7044).

What would surprise: a call that was diverted often enough before is not forwarded once more. Each
network on the way counts, and two that forward to each other would go on by Max-Forwards alone.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Egress
from sipfo.plan.numbering import normalise
from sipfo.plan.outcome import Outcome
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.names import DIVERSION, HISTORY_INFO
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.uri import SipUri, parse_uri

MOST_DIVERSIONS: Final = 5
"""As many as a telephone network makes of one call (ITU-T Q.732.2)."""

_BUSY: Final = ("user-busy", 486)
_NO_REPLY: Final = ("no-answer", 408)
_UNKNOWN: Final = ("unknown", 404)
_UNCONDITIONAL: Final = ("unconditional", 302)
_UNREACHABLE: Final = ("unavailable", 503)

_REASONS: Final = {
    486: _BUSY,
    600: _BUSY,
    408: _NO_REPLY,
    404: _UNKNOWN,
    410: _UNKNOWN,
    484: _UNKNOWN,
    604: _UNKNOWN,
}
"""A status to the reason of Diversion (RFC 5806 §3.2) and the cause of the new target (RFC 4458 §2),
which belong together (RFC 7544 §5). What is not here is "not reachable"."""

_INDEX = re.compile(rb";[ \t]*index[ \t]*=[ \t]*([0-9]+(?:\.[0-9]+)*)[ \t]*(?:;|$)")
_PARENT = re.compile(rb";[ \t]*mp[ \t]*=[ \t]*([0-9]+(?:\.[0-9]+)*)[ \t]*(?:;|$)")
_COUNTER = re.compile(rb";[ \t]*counter[ \t]*=[ \t]*\"?([0-9]{1,3})\"?[ \t]*(?:;|$)", re.IGNORECASE)
_URI = re.compile(rb"<([^<>]*)>")


@dataclass(frozen=True, slots=True)
class Diverted:
    """Why a call goes on to another number: how the last attempt at the first one ended, None where
    none was made; how often it was sent on, this time included; and whether that is so always."""

    outcome: Outcome | None
    branch: int = 1
    always: bool = False

    @property
    def reason(self) -> tuple[str, int]:
        """The word for Diversion and the cause for History-Info."""
        if self.always:
            return _UNCONDITIONAL
        if self.outcome is None:
            return _UNREACHABLE
        if self.outcome.final is None:
            # A phone that rings unanswered, and one that is not heard of.
            return _NO_REPLY if self.outcome.ending == "no-answer" else _UNREACHABLE
        return _REASONS.get(self.outcome.final.status, _UNREACHABLE)

    @property
    def status(self) -> int:
        """The response that stands for it; a request that timed out counts as 408 (RFC 7044 §10.2)."""
        if self.always:
            return 302
        return 503 if self.outcome is None else self.outcome.code


def diversions(headers: Headers) -> int:
    """How often a call was diverted, by the counters of its Diversion entries; 1 for an entry that
    has none."""
    counters = [_COUNTER.search(entry) for entry in headers.all(DIVERSION)]
    return sum(int(one[1]) if one is not None else 1 for one in counters)


def diverted_from(headers: Headers, number: str, egress: Iterable[Egress]) -> bool:
    """Whether a call was diverted from this number before, by one of our addresses: it has gone
    round. A History-Info entry alone says that it was here; another that is mapped from it
    (`mp`, RFC 7044 §10.4), that it was sent on."""
    said, entries = headers.all(DIVERSION), headers.all(HISTORY_INFO)
    if not said and not entries:
        return False
    ours = frozenset(one.host for one in egress)
    if any(_is_here(entry, number, ours) for entry in said):
        return True
    parents = {found[1] for entry in entries if (found := _PARENT.search(entry)) is not None}
    return any(
        _is_here(entry, number, ours)
        for entry in entries
        if parents and (found := _INDEX.search(entry)) is not None and found[1] in parents
    )


def _is_here(entry: bytes, number: str, ours: Container[str]) -> bool:
    found = _URI.search(entry)
    try:
        uri = parse_uri(found[1] if found is not None else b"")
    except Malformed:
        return False
    return uri.host in ours and normalise(uri.user or "") == number


def say_forwarded(
    headers: Headers,
    asked: bytes,
    dialled: str,
    uri: SipUri,
    flow: Flow,
    diverted: Diverted,
    hidden: bool = False,
) -> None:
    """Name the number that was dialled in an INVITE that goes to `uri` instead.

    `asked` is the caller's Request-URI; `hidden` says that the caller wants the call's history kept
    private, from whoever gets this INVITE. The newest diversion stands first (RFC 5806 §4); history
    goes on after what the caller's INVITE brought.
    """
    here = f"sip:{dialled}@{encode_host(*flow.local)}"
    word, cause = diverted.reason
    earlier = headers.lines(DIVERSION)
    headers.remove(b"diversion")
    privacy = ";privacy=full" if hidden else ""
    headers.add(DIVERSION, f"<{here}>;reason={word};counter=1{privacy}".encode("ascii"))
    for value in earlier:
        headers.add(DIVERSION, value)
    if hidden:
        return
    entries = headers.all(HISTORY_INFO)
    index = _INDEX.search(entries[-1]) if entries else None
    last = index[1].decode("ascii") if index is not None else ""
    if not last or not _names(entries[-1], asked):
        # "MUST add an hi-entry ... on behalf of the previous SIP entity" (RFC 7044 §9.1); where one
        # is missing before it, "a single index with a value of 0" is added first (§10.3, 6).
        last = f"{last}.0.1" if last else "1"
        reason = f"Reason=SIP%3Bcause%3D{diverted.status}"
        headers.add(HISTORY_INFO, f"<{here}?{reason}>;index={last}".encode("ascii"))
    # Each time that it is sent on is a branch with an index of its own (§10.3, 5).
    branch = f"index={last}.{diverted.branch};mp={last}"
    headers.add(HISTORY_INFO, f"<{uri.bare()};cause={cause}>;{branch}".encode("ascii"))


def _names(entry: bytes, asked: bytes) -> bool:
    """Whether a History-Info entry is the Request-URI that the caller sent: the same user, however
    the number is written and whatever name the host goes by."""
    found = _URI.search(entry)
    try:
        entered = parse_uri(found[1] if found is not None else b"").user or ""
        return normalise(entered) == normalise(parse_uri(asked).user or "")
    except Malformed:
        return found is not None and found[1].partition(b"?")[0] == asked
