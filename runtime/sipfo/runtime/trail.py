"""How the targets of a URI were found: every question with its answer, and the targets in order.

For `sipfo ping`, and for whoever asks why a call went to an address.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.runtime.dnscache import Known
from sipfo.runtime.locate import Target, Unlocatable
from sipfo.runtime.question import Query
from sipfo.runtime.sip.uri import SipUri


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a lookup. `known.left` are the seconds that its answer is believed for,
    `known.source` whether it was asked for now, remembered, or older than it should be."""

    query: Query
    known: Known
    took: float
    """Seconds until the answer was there."""

    def __str__(self) -> str:
        known = self.known
        if known.source == "stale":
            how = f"{known.age:.0f} s out of date"
        elif known.answer.status in ("ok", "nodata", "nxdomain"):
            how = f"ttl {known.left:.0f} s"
        else:
            how = f"after {self.took * 1000:.0f} ms"
        return f"{self.query}: {known.answer} ({how})"


@dataclass(frozen=True, slots=True)
class Trail:
    """One lookup: what was asked, in order, and what came of it.

    `targets` are in the order to be tried, each with its `why`; there are none when `failure` says
    why not.
    """

    uri: SipUri
    asked: tuple[Asked, ...]
    targets: tuple[Target, ...]
    failure: Unlocatable | None = None
