"""Parts of a difference as sentences that the text and the markdown share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sipfo.verify.diff.accept import Door
from sipfo.verify.diff.difference import Claimed, Shares, TrunkChange

MOST_NAMED: Final = 8
"""Trunks that are named before the rest is counted."""


def trunk_words(change: TrunkChange) -> str:
    """The trunk, its new name if it has one, and a number whose calls change."""
    name = f"trunk {change.old}"
    if change.new != change.old:
        name += f", after {change.new}"
    return f"{name}, calls such as to {change.number}"


def alike_words(others: Sequence[str]) -> str:
    """The trunks that change just like one that was told."""
    shown, more = ", ".join(others[:MOST_NAMED]), len(others) - MOST_NAMED
    return f"the same in trunk{'s' * (len(others) > 1)} {shown}" + (
        f" and {more} more" if more > 0 else ""
    )


def claimed_words(claimed: Claimed) -> str:
    """Numbers that are claimed by nobody before, or after."""
    numbers = claimed.number
    if claimed.last != claimed.number:
        numbers += f" .. {claimed.last}"
    if claimed.after is None:
        return f"{numbers}: trunk {claimed.before} before, nobody's after"
    return f"{numbers}: nobody's before, trunk {claimed.after} after"


def door_words(door: Door) -> str:
    """A caller that is taken by one side alone."""
    caller = f"user {door.caller}" if door.kind == "credential" else door.caller
    before, after = ("accepted", "refused") if door.before else ("refused", "accepted")
    return f"calls from {caller}: {before} before, {after} after"


def share_words(share: Shares) -> str:
    """How often a destination is drawn."""
    return f"{share.destination} gets {_percent(share.after)} of calls, {_percent(share.before)} before"


def _percent(share: float) -> str:
    return f"{round(share * 100, 1):g} %"
