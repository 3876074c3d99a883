"""Replays to what a person wants to know: how many calls are saved and lost, how long callers wait,
whom it would ring twice; and each call that changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sipfo.verify.replay.play import Replayed
from sipfo.verify.style import Style
from sipfo.verify.words import duration, printable, result_words

Change = Literal["saved", "lost", "not known", "ringing twice", "sooner", "later", "other", "same"]

CHANGES: Final[tuple[Change, ...]] = (
    *("saved", "lost", "ringing twice", "not known", "sooner", "later", "other", "same"),
)
FELT: Final = 0.25
"""Seconds of a wait that a caller feels."""


@dataclass(frozen=True, slots=True)
class Told:
    """A replay, and what changes for its caller."""

    replayed: Replayed
    change: Change


def tell(replayed: Replayed) -> Told:
    """What changes: the worst thing, if several do."""
    return Told(replayed, _change(replayed))


def _change(one: Replayed) -> Change:
    call = one.call
    if one.rings >= 2 and call.rings < 2:
        return "ringing twice"
    if one.unknown is not None or one.result is None or one.elapsed is None:
        return "not known"
    before = call.result
    if before is None or call.elapsed is None:
        return "other"
    was_up, is_up = before.kind == "answered", one.result.kind == "answered"
    if is_up != was_up:
        # Who gives up is not saved by a policy that has him wait as long.
        return "saved" if is_up else "lost"
    if abs(one.elapsed - call.elapsed) > FELT:
        return "sooner" if one.elapsed < call.elapsed else "later"
    same = (before.kind, before.code) == (one.result.kind, one.result.code)
    return "same" if same and len(call.tries) == len(one.attempts) else "other"


def summary(told: Sequence[Told], look: Style) -> Iterator[str]:
    """The table of both."""
    known = [one.replayed for one in told if one.replayed.result is not None]
    yield f"{'':16}{'recorded':>14}{'replayed':>14}"
    for kind in ("answered", "refused", "cancelled"):
        before = sum(_kind(one.replayed.call.result) == kind for one in told)
        yield _row(kind, before, sum(_kind(one.result) == kind for one in known))
    yield _row(
        "not known", sum(one.replayed.call.result is None for one in told), len(told) - len(known)
    )
    both = [one for one in known if one.call.elapsed is not None]
    yield _row(
        "attempts", sum(len(one.call.tries) for one in both), sum(len(one.attempts) for one in both)
    )
    waits = [(one.call.elapsed or 0.0, one.elapsed or 0.0) for one in both]
    if waits:
        before, after = (sum(column) / len(waits) for column in zip(*waits, strict=True))
        yield _row("mean wait", duration(before), duration(after))
        longest = [max(column) for column in zip(*waits, strict=True)]
        yield _row("longest wait", duration(longest[0]), duration(longest[1]))
    rings = [(one.replayed.call.rings, one.replayed.rings) for one in told]
    yield _row("rings twice", sum(one > 1 for one, _ in rings), sum(one > 1 for _, one in rings))
    if len(both) < len(told):
        yield look.paint(
            f"attempts and waits are of the {len(both)} calls of which both sides are known", "dim"
        )
    saved, lost = (sum(one.change == change for one in told) for change in ("saved", "lost"))
    yield ""
    yield f"{look.paint(f'{saved} saved', 'green')}, {look.paint(f'{lost} lost', 'red' if lost else 'dim')}"


def line(told: Told, look: Style) -> list[str]:
    """One call on a line, and what is not known or was assumed below it."""
    one = told.replayed
    call = one.call
    attempts = f"{len(call.tries)} attempt{'s' * (len(call.tries) != 1)}"
    before = f"{_result(call.result)}{_after(call.elapsed)}, {attempts}"
    ways = ", ".join(f"{at.egress} {look.signs.to} {at.route} {at.outcome}" for at in one.attempts)
    after = f"{_result(one.result)}{_after(one.elapsed)}" + (f": {ways}" if ways else "")
    lines = [
        f"{told.change}: {printable(call.name)} {look.signs.to} {printable(call.number)}",
        f"  recorded  {before}",
        f"  replayed  {after}",
    ]
    if one.unknown is not None:
        lines.append(f"  not known after {duration(one.unknown.at)}: {printable(one.unknown.why)}")
    lines += [f"  assumed   {printable(text)}" for text in one.assumed]
    return lines


def document(told: Sequence[Told], remarks: Sequence[str]) -> dict[str, Any]:
    """All of it, for tools."""
    return {
        "calls": [_call(one) for one in told],
        "changes": {name: sum(one.change == name for one in told) for name in CHANGES},
        "remarks": list(remarks),
    }


def _call(told: Told) -> dict[str, Any]:
    one = told.replayed
    return {
        "call": one.call.name,
        "number": one.call.number,
        "trunk": one.trunk,
        "change": told.change,
        "recorded": {
            "result": _kind(one.call.result),
            "code": None if one.call.result is None else one.call.result.code,
            "elapsed": _rounded(one.call.elapsed),
            "attempts": len(one.call.tries),
            "rings": one.call.rings,
        },
        "replayed": {
            "result": _kind(one.result),
            "code": None if one.result is None else one.result.code,
            "by": None if one.result is None else one.result.by,
            "elapsed": _rounded(one.elapsed),
            "rings": one.rings,
            "attempts": [
                {
                    "egress": at.egress,
                    "route": at.route,
                    "target": at.target,
                    "outcome": at.outcome,
                    "at": _rounded(at.at),
                    "took": _rounded(at.took),
                }
                for at in one.attempts
            ],
        },
        "unknown": None if one.unknown is None else one.unknown.why,
        "assumed": list(one.assumed),
    }


def _kind(result: Any) -> str | None:
    return None if result is None else str(result.kind)


def _result(result: Any) -> str:
    return "not known" if result is None else printable(result_words(result))


def _after(elapsed: float | None) -> str:
    return "" if elapsed is None else f" after {duration(elapsed)}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _row(what: str, before: object, after: object) -> str:
    return f"{what:16}{before!s:>14}{after!s:>14}"
