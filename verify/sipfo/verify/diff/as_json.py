"""A difference as JSON values for tools: stable keys, times in seconds."""

from __future__ import annotations

from typing import TypedDict

from sipfo.plan.ladder import LadderJson, to_json
from sipfo.verify.diff.block import block_of
from sipfo.verify.diff.difference import Changed, Difference, TrunkChange
from sipfo.verify.diff.played import Played
from sipfo.verify.diff.words import door_words


class ClaimedJson(TypedDict):
    """Numbers `first` to `last`, and whose they are; null is nobody's."""

    first: str
    last: str
    before: str | None
    after: str | None


class SideJson(TypedDict):
    """One plan's call: its scenario as the plan's JSON Schema has it, and its ladder."""

    scenario: dict[str, object]
    ladder: LadderJson


class ChangedJson(TypedDict):
    """A call that changes: `kind` is verdict, commit, timer, deadline or steps; `before` and
    `after` are null for what no scenario can hold."""

    kind: str
    headline: str
    story: str
    test: str
    before: SideJson | None
    after: SideJson | None


class ShareJson(TypedDict):
    destination: str
    before: float
    after: float


class TrunkJson(TypedDict):
    """What changes for the numbers like `number`; `trunk` is the old name, `trunk_after` the new."""

    trunk: str
    trunk_after: str
    number: str
    calls: list[ChangedJson]
    callers: list[str]
    shares: list[ShareJson]


class DifferenceJson(TypedDict):
    """`same` is true when neither calls nor the service change."""

    same: bool
    numbers: list[ClaimedJson]
    trunks: list[TrunkJson]
    service: list[str]
    notes: list[str]


def difference_json(difference: Difference) -> DifferenceJson:
    """The difference as `sipfo diff --format json` prints it."""
    return {
        "same": difference.same,
        "numbers": [
            {"first": one.number, "last": one.last, "before": one.before, "after": one.after}
            for one in difference.claimed
        ],
        "trunks": [_trunk(one) for one in difference.trunks],
        "service": list(difference.service),
        "notes": list(difference.notes),
    }


def _trunk(change: TrunkChange) -> TrunkJson:
    return {
        "trunk": change.old,
        "trunk_after": change.new,
        "number": change.number,
        "calls": [_changed(one) for one in change.calls],
        "callers": [door_words(door) for door in change.doors],
        "shares": [
            {"destination": one.destination, "before": one.before, "after": one.after}
            for one in change.shares
        ],
    }


def _changed(change: Changed) -> ChangedJson:
    return {
        "kind": change.kind,
        "headline": change.headline,
        "story": change.story,
        "test": block_of(change),
        "before": _side(change.before),
        "after": _side(change.after),
    }


def _side(played: Played | None) -> SideJson | None:
    if played is None:
        return None
    return {
        "scenario": played.scenario.model_dump(mode="json", exclude_none=True),
        "ladder": to_json(played.ladder),
    }
