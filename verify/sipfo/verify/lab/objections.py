"""What else must be true of a call besides its ladder: one sentence for each thing that is not.

Every INVITE asked for the right number; a forwarded call says whom it was for; the caller speaks
with whom the ladder names; an engine that reports its own ladder reports what was seen; and whoever
answered was acknowledged and hung up on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sipfo.plan.ladder import Ladder
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.uri import parse_uri
from sipfo.verify.lab.caller import Received
from sipfo.verify.lab.script import Callee
from sipfo.verify.lab.wire.order import Placed, Slot
from sipfo.verify.words import attempt_words, result_words


def objections(
    number: str,
    ladder: Ladder,
    placed: Sequence[Placed],
    received: Received,
    reported: Ladder | None,
    own_media: bool = False,
) -> Iterator[str]:
    """Everything that is wrong; `number` is the one that the caller dialled. With `own_media` the
    session that the caller was told of is the engine's."""
    for place, one in enumerate(placed, 1):
        if one.slot is not None and one.one.invite is not None:
            yield from _asked(place, number, one.slot, one.one.invite)
    if not own_media:
        yield from _speaks(ladder, received)
    if reported is not None:
        yield from _reported(ladder, reported)


def orphans(callees: Iterable[Callee], received: Received) -> Iterator[tuple[str, bool]]:
    """ "No orphan call, ever": whoever answered was acknowledged and, since the caller has hung
    up or was never connected, sent a BYE. Each who was not, and whether the answer was late: the
    attempt had been given up, and the caller speaks with another."""
    for callee in callees:
        if callee.is_orphan:
            words = f"{callee.behaviour.route} answered and was left without ACK or BYE"
            yield words, callee.to_tag != received.tag


def _asked(place: int, number: str, slot: Slot, invite: Request) -> Iterator[str]:
    declared = parse_uri(
        next(
            (one for one in slot.step.destinations if parse_uri(one).host == slot.declared.host),
            slot.step.destinations[0],
        )
    )
    must = declared.user if declared.user is not None else slot.step.number
    try:
        asked = parse_uri(invite.uri)
    except Malformed:
        yield f"attempt {place}: the Request-URI is {invite.uri!r}, which is none"
        return
    said = (asked.user or "").replace("%23", "#")
    if said != must:
        yield f"attempt {place}: asked for `{said}`, must be `{must}`"
    if asked.host not in (slot.declared.host, slot.stands.host, slot.asked):
        yield f"attempt {place}: asked at `{asked.host}`, must be `{slot.declared.host}`"
    if slot.step.diverted:
        first = next(iter(invite.headers.all(b"diversion")), b"")
        if number.encode("utf-8") not in first:
            yield f"attempt {place}: a forwarded call has no Diversion that names {number}"


def _speaks(ladder: Ladder, received: Received) -> Iterator[str]:
    if ladder.result.kind != "answered" or not ladder.attempts:
        return
    last = ladder.attempts[-1]
    if received.session not in (last.route, last.place):
        yield f"answered by {last.place}, but the caller speaks with {received.session}"


def _reported(ladder: Ladder, reported: Ladder) -> Iterator[str]:
    seen = [attempt_words(one) for one in ladder.attempts]
    said = [attempt_words(one) for one in reported.attempts]
    if seen != said:
        yield f"it reports {', '.join(said) or 'nothing'}; on the wire: {', '.join(seen)}"
    if ladder.result != reported.result:
        yield f"it reports {result_words(reported.result)}; seen {result_words(ladder.result)}"
