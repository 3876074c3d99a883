"""Session timers (RFC 4028) between two sides: the interval that crosses, and its end watched.

The two ends negotiate and refresh; nothing is refreshed here. What would surprise: when a target
wants a longer session than the caller asked for, each side keeps its own interval. The caller then
refreshes for both, and more often than the target needs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sipfo.runtime.core import Core
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.names import MIN_SE, SESSION_EXPIRES, SUPPORTED, FieldName
from sipfo.runtime.sip.timer import Handle

LEAST: Final = 90
"""Seconds: no interval may be shorter (RFC 4028 §4). One that is counts as this."""

MOST: Final = 86400
"""Seconds: a Min-SE above a day is not met; the 422 is passed on."""

REFRESHES: Final = frozenset({"INVITE", "UPDATE"})
"""Methods whose 2xx sets the session's interval anew (RFC 4028 §3)."""

_VALUE = re.compile(rb"[ \t]*([0-9]{1,9})[ \t]*(;.*)?", re.DOTALL)
_REFRESHER = re.compile(rb";[ \t]*refresher[ \t]*=[ \t]*(uac|uas)[ \t]*(?=;|$)", re.IGNORECASE)


def interval(headers: Headers) -> int | None:
    """Seconds of Session-Expires, or None without one that can be read."""
    return _seconds(headers, SESSION_EXPIRES)


def least_interval(headers: Headers) -> int | None:
    """Seconds of Min-SE, or None without one that can be read."""
    return _seconds(headers, MIN_SE)


def meets(headers: Headers, refusal: Response) -> int | None:
    """The interval that an INVITE's session is to have after a 422 to it, or None when the 422 is
    the caller's.

    Whoever knows session timers never gets a longer interval than it asked for (§9). It is told its
    own, and refreshes the session by that: unless it wants the other side to refresh.
    """
    asked, least = interval(headers), least_interval(refusal.headers)
    if asked is None or least is None or not asked < least <= MOST:
        return None
    if _knows_timers(headers) and _refresher(headers) == b"uas":
        return None
    return max(least, least_interval(headers) or 0)


def lengthen(headers: Headers, least: int) -> None:
    """Ask for a session of no less than `least` seconds: "MUST insert the Min-SE" (§7.4)."""
    asked = headers.first(SESSION_EXPIRES)
    found = _VALUE.fullmatch(asked) if asked is not None else None
    if found is None or int(found[1]) >= least:
        return
    parameters = found[2] or b""
    if _knows_timers(headers) and _refresher(headers) is None:
        parameters += b";refresher=uac"
    headers.set(b"session-expires", b"%d%s" % (least, parameters))
    headers.set(b"min-se", b"%d" % max(least, least_interval(headers) or 0))


def not_longer(back: Headers, request: Headers) -> None:
    """Hold an answer to what was asked for: it "MUST NOT increase" the interval (§9).

    Where only proxies asked, whose request has no `timer`, they follow the answer (§8.2).
    """
    asked, given = interval(request), interval(back)
    if asked is None or given is None or given <= asked or not _knows_timers(request):
        return
    found = _VALUE.fullmatch(back.first(SESSION_EXPIRES) or b"")
    parameters = found[2] or b"" if found is not None else b""
    back.set(b"session-expires", b"%d%s" % (asked, parameters))


class Watch:
    """The end of one call's session, unless somebody refreshes it before."""

    __slots__ = ("_core", "_expired", "_handle")

    def __init__(self, core: Core, expired: Callable[[float], None]) -> None:
        """`expired` is told when both ends have let the interval pass."""
        self._core = core
        self._expired = expired
        self._handle: Handle | None = None

    def answered(self, request: Request, response: Response, now: float) -> None:
        """A 2xx was passed on: the interval runs from here; without one there is no end (§7.2)."""
        if request.method not in REFRESHES or not 200 <= response.status < 300:
            return
        self.stop()
        seconds = interval(response.headers)
        if seconds is not None:
            self._handle = self._core.timers.at(now + max(seconds, LEAST), self._expired)

    @property
    def ends(self) -> float | None:
        """When the session is over, unless it is refreshed."""
        return self._handle.when if self._handle is not None else None

    def end_at(self, moment: float) -> None:
        """The interval began before this process did."""
        self.stop()
        self._handle = self._core.timers.at(moment, self._expired)

    def let_go(self) -> None:
        """The call is gone."""
        self._expired = _unheeded

    def stop(self) -> None:
        """The call is over."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None


def _unheeded(now: float) -> None:
    """Nobody is left whose session could be over."""


def _seconds(headers: Headers, name: FieldName) -> int | None:
    value = headers.first(name)
    found = _VALUE.fullmatch(value) if value is not None else None
    return int(found[1]) if found is not None else None


def _knows_timers(headers: Headers) -> bool:
    return any(tag.lower() == b"timer" for tag in headers.all(SUPPORTED))


def _refresher(headers: Headers) -> bytes | None:
    found = _REFRESHER.search(headers.first(SESSION_EXPIRES) or b"")
    return found[1].lower() if found is not None else None
