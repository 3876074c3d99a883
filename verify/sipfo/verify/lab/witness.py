"""What the runtime reports against what everybody else saw: the report, or a Disagreement.

The endpoints know which address every INVITE came from, the caller knows what it was told; a
ladder that says otherwise is wrong, however plausible it looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sipfo.plan.ladder import Ladder
from sipfo.verify.lab.caller import Received
from sipfo.verify.lab.script import Callee, Sighting
from sipfo.verify.lab.stage import Stage


class Disagreement(RuntimeError):
    """The runtime's report is not what happened; the message lists every contradiction."""


def check(
    stage: Stage,
    ladder: Ladder,
    places: dict[tuple[str, int], str],
    sightings: Iterable[Sighting],
    callees: Iterable[Callee],
    received: Received,
) -> None:
    """Compare a ladder whose targets are declared ones. `places` gives the declared target of
    each socket that was bound. Raises Disagreement."""
    contradictions = [
        *_attempts(stage, ladder, places, sightings),
        *_result(ladder, received),
        *_orphans(callees),
    ]
    if contradictions:
        raise Disagreement("; ".join(contradictions))


def _attempts(
    stage: Stage,
    ladder: Ladder,
    places: dict[tuple[str, int], str],
    sightings: Iterable[Sighting],
) -> Iterator[str]:
    refused = {
        (egress, str(stand.place)) for stand in stage.stands for egress in stand.refused_from
    }
    reported = [
        (one.egress, one.target)
        for one in ladder.attempts
        if one.target is not None and (one.egress, one.target) not in refused
    ]
    invites = [one for one in sightings if one.method == "INVITE" and one.first]
    seen = [(one.egress, places[one.destination]) for one in invites]
    if seen != reported:
        yield f"attempts reported: {_words(reported)}, but seen: {_words(seen)}"


def _words(attempts: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{egress} to {target}" for egress, target in attempts) or "none"


def _result(ladder: Ladder, received: Received) -> Iterator[str]:
    result = ladder.result
    if received.status != result.code or (received.status < 300) != (result.kind == "answered"):
        yield f"reported {result.kind} {result.code}, but the caller received {received.status}"
    if result.kind == "answered" and received.session != result.by:
        yield f"reported answered by {result.by}, but the caller speaks with {received.session}"


def _orphans(callees: Iterable[Callee]) -> Iterator[str]:
    """ "No orphan call, ever": whoever answered was acknowledged and, since the caller has hung
    up or was never connected, sent a BYE."""
    for callee in callees:
        if callee.is_orphan:
            yield f"{callee.behaviour.route} answered and was left without ACK or BYE"
