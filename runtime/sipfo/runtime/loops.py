"""Calls that wait at a carrier, so that one which comes back from there is known (RFC 3261 §16.3).

A carrier is a back-to-back user agent: nothing of our Via, and often nothing of Diversion, is left
of a call that it brings back. What is left is who calls whom. What would surprise: the same caller
who calls the same number a second time, from where the first call came, is no loop.
"""

from __future__ import annotations

from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.uri import parse_uri

_NOBODY = frozenset({"", "anonymous", "unknown", "unavailable", "restricted"})
"""Users of a From that many callers share."""


class Loops:
    """Who calls whom in the calls that wait at a carrier, and where each came from."""

    __slots__ = ("_keys", "_waiting")

    def __init__(self) -> None:
        self._keys: dict[object, tuple[str, str]] = {}
        self._waiting: dict[tuple[str, str], dict[object, str]] = {}

    def begins(self, call: object, invite: Request, dialled: str, source: str) -> None:
        """A call to `dialled`, which came from the address `source`, is sent to a carrier."""
        caller = _caller(invite)
        if caller is not None:
            key = self._keys[call] = (caller, dialled)
            self._waiting.setdefault(key, {})[call] = source

    def ends(self, call: object) -> None:
        """It waits there no more."""
        key = self._keys.pop(call, None)
        if key is not None:
            calls = self._waiting[key]
            del calls[call]
            if not calls:
                del self._waiting[key]

    def closes(self, invite: Request, number: str, source: str) -> bool:
        """Whether an INVITE from `source` is a call that waits at a carrier, come back."""
        if not self._waiting:
            return False
        caller = _caller(invite)
        calls = self._waiting.get((caller, number)) if caller is not None else None
        return calls is not None and source not in calls.values()

    def __len__(self) -> int:
        return len(self._keys)


def _caller(invite: Request) -> str | None:
    """The user of a From, if it names one."""
    try:
        user = parse_uri(invite.from_.uri).user or ""
    except Malformed:
        return None
    return None if user.lower() in _NOBODY else user
