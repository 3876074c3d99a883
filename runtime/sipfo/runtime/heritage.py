"""An engine to the estate that it leaves, an estate into an engine, and whose a message is.

While two processes serve the same addresses, a message is for the one that has its transaction, or
else its dialog. What would surprise: a request that a dialog has had before is not the dialog's any
more, but that of the transaction that answered it, wherever that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto

from sipfo.runtime.call import Call
from sipfo.runtime.engine import Engine
from sipfo.runtime.estate import CallPaper, Estate, TargetPaper
from sipfo.runtime.health import Path
from sipfo.runtime.inherited import InheritedCall, paper_of
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, parse


class Whose(Enum):
    OURS = auto()
    NEW = auto()  # it belongs to nothing, and nothing need be there
    ANOTHERS = auto()  # it belongs to something that is not here


def whose(engine: Engine, data: bytes, now: float) -> Whose:
    """Whether this engine has what a message belongs to; what cannot be read is its own affair."""
    try:
        message = parse(data)
        if engine.core.transactions.has(message):
            return Whose.OURS
        if isinstance(message, Response):
            buried = engine.tenure.grounds.graves.find(message.via.branch, now)
            return Whose.OURS if buried is not None else Whose.ANOTHERS
        return _of_request(engine, message)
    except Malformed:
        return Whose.OURS


def _of_request(engine: Engine, request: Request) -> Whose:
    if request.method == "CANCEL":
        return Whose.ANOTHERS
    if request.to.tag is None:
        return Whose.ANOTHERS if request.method == "ACK" else Whose.NEW
    found = engine.directory.find(request)
    if found is None:
        return Whose.ANOTHERS
    heard = found[0].dialog.remote_seq
    is_repeated = heard is not None and request.cseq.number <= heard and request.method != "ACK"
    return Whose.ANOTHERS if is_repeated else Whose.OURS


def movable(engine: Engine, taken: Callable[[Flow], bool]) -> Iterable[tuple[Call, CallPaper]]:
    """The calls that can move now, with their papers; `taken` tells whether the successor is reached
    where a leg's peer sends to."""
    pending = engine.core.transactions.pending()
    for call in engine.calls:
        legs = call.legs
        if legs is None or any(one.dialog.call_id in pending for one in legs):
            continue
        paper = paper_of(call) if all(taken(one.flow) for one in legs) else None
        if paper is not None:
            yield call, paper


def estate_of(engine: Engine, papers: Iterable[CallPaper], now: float) -> Estate:
    """All that the successor is to know."""
    standing = engine.tenure.grounds.standing
    return Estate(
        calls=tuple(papers),
        placed=engine.placed,
        targets=tuple(
            TargetPaper(
                egress=path.egress,
                destination=path.destination,
                carrier=path.carrier,
                target=target,
                is_down=is_down,
            )
            for path, target, is_down in standing.healths.states()
        ),
        held=standing.holds.until(now),
        disabled=standing.disabled.every,
        drained=tuple(sorted(engine.tenure.grounds.trunks.drained)),
        paused=engine.paused,
    )


def inherit(engine: Engine, estate: Estate, now: float) -> None:
    """Go on where another engine stopped."""
    standing = engine.tenure.grounds.standing
    engine.go_on(estate.placed)
    for one in estate.targets:
        if one.is_down:
            standing.healths.go_on(Path(one.egress, one.destination, one.carrier), one.target)
    standing.holds.go_on(estate.held)
    for carrier, name, target in estate.disabled:
        standing.disabled.put(carrier, name, target)
    engine.tenure.grounds.trunks.drained.update(estate.drained)
    engine.paused = estate.paused
    for paper in estate.calls:
        adopt(engine, paper, now)


def adopt(engine: Engine, paper: CallPaper, now: float) -> None:
    """Go on with one call."""
    grounds = engine.tenure.grounds
    engine.add(InheritedCall(grounds, engine.directory, paper, engine.forget, now))


def left(engine: Engine, now: float) -> int:
    """How many things there are of which anything may still come: 0 when the process can go."""
    graves = engine.tenure.grounds.graves
    return len(engine.calls) + len(engine.core.transactions) + graves.left(now)
