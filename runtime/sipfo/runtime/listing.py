"""What an operator is shown of an engine: targets, trunks and calls, as JSON values.

Looking changes nothing: no name is looked up for it, so that of a destination with a name only
those targets are known that probes have met.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypedDict

from sipfo.plan.model import Limit, Plan
from sipfo.runtime.call import Call, Phase
from sipfo.runtime.disabled import DISABLED
from sipfo.runtime.health import Path
from sipfo.runtime.leg import Leg
from sipfo.runtime.locate import Unlocatable, locate
from sipfo.runtime.row import clean
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.tenure import Tenure

PHASES: Final = {Phase.SETTING_UP: "setting-up", Phase.UP: "up", Phase.ENDED: "ended"}


class TargetJson(TypedDict):
    """A place that calls are sent to: `flags` in Kamailio's letters, A(ctive), T(rying: fails, but
    not often enough), I(nactive) or D(isabled), then P(robed) or X; `why` says what is against
    it, empty if nothing is."""

    name: str
    carrier: bool
    egress: str
    target: str
    flags: str
    why: str


class PartyJson(TypedDict):
    """A trunk or carrier: how many calls it has, and how many it may."""

    name: str
    calls: int
    limit: int | None
    per_second: int | None
    why: str


class TrunkJson(PartyJson):
    """`placed` counts its calls since the start."""

    placed: int
    routes: list[str]
    method: str


class CallJson(TypedDict):
    """A call that is not over; `seconds` since its INVITE, `route` where it was sent last."""

    call: str
    call_id: str
    phase: str
    seconds: float
    trunk: str
    source: str
    number: str
    attempts: int
    route: str | None
    target: str | None


def targets(tenure: Tenure, now: float) -> Iterator[TargetJson]:
    """Every target of every path of the plan, those that nothing is known of too."""
    standing = tenure.grounds.standing
    for path, uris in paths(tenure.plan).items():
        known = [name for uri in uris for name in _literal(uri)]
        known += standing.healths.targets(path)
        probed = "P" if standing.healths.is_probed(path) else "X"
        for target in dict.fromkeys(known or uris):
            why = standing.against(path, target, now)
            if standing.disabled.holds(path.carrier, path.destination, target):
                state, why = "D", DISABLED
            elif why is not None:
                state = "I"
            else:
                state = "T" if standing.healths.is_doubted(path, target) else "A"
            yield {
                "name": path.destination,
                "carrier": path.carrier,
                "egress": path.egress,
                "target": target,
                "flags": state + probed,
                "why": why or "",
            }


def paths(plan: Plan) -> dict[Path, tuple[str, ...]]:
    """Every egress and destination that a call can put together, and the destination's URIs."""
    routes = {one.name: one.destinations for one in plan.routes}
    carriers = {one.name: one.destination for one in plan.carriers}
    found: dict[Path, tuple[str, ...]] = {}
    for trunk in plan.trunks:
        for name in trunk.routes:
            found |= {Path(egress, name, False): routes[name] for egress in trunk.egress}
        if trunk.forward is not None:
            for name in trunk.forward.carriers:
                found[Path(trunk.forward.egress, name, True)] = (carriers[name],)
    return found


def carriers(tenure: Tenure, now: float) -> list[PartyJson]:
    """Every carrier and what is used of its limit."""
    quotas = tenure.grounds.standing.carriers
    return [
        _party(one.name, one.limit, quotas.calls(one.name), quotas.against(one.name, now))
        for one in tenure.plan.carriers
    ]


def trunks(tenure: Tenure, placed: dict[str, int], now: float) -> list[TrunkJson]:
    """Every trunk, what is used of its limit, and how many calls it has placed."""
    quotas = tenure.grounds.trunks
    return [
        {
            **_party(one.name, one.limit, quotas.calls(one.name), quotas.against(one.name, now)),
            "placed": placed.get(one.name, 0),
            "routes": list(one.routes),
            "method": one.method,
        }
        for one in tenure.plan.trunks
    ]


def call_json(call: Call, now: float) -> CallJson:
    """One call as it stands."""
    setup = call.setup
    last = setup.latest
    return {
        "call": setup.placement.call,
        "call_id": _text(call.call_id),
        "phase": PHASES[call.phase],
        "seconds": round(now - setup.started, 3),
        "trunk": setup.placement.trunk,
        "source": setup.source,
        "number": clean(setup.placement.number),
        "attempts": setup.attempts_made,
        "route": last.route if last is not None else None,
        "target": last.target if last is not None else None,
    }


def dialog_json(call: Call) -> dict[str, object]:
    """A call that is up as Kamailio's `dlg.list` shows a dialog."""
    legs = call.legs
    assert legs is not None  # of a call that is up
    near, far = legs
    return {
        "h_id": call.setup.placement.call,
        "call-id": _text(call.call_id),
        "from_uri": _text(near.dialog.remote.uri),
        "to_uri": _text(near.dialog.local.uri),
        "state": 4,  # Kamailio's number for a dialog that is confirmed
        "caller": _side(near),
        "callee": _side(far),
    }


def _side(leg: Leg) -> dict[str, object]:
    dialog, flow = leg.dialog, leg.flow
    return {
        "call-id": _text(dialog.call_id),
        "tag": _text(dialog.remote.tag or b""),
        "contact": _text(dialog.remote_target),
        "cseq": dialog.remote_seq or 0,
        "route_set": [_text(one) for one in dialog.route_set],
        "socket": f"{flow.transport}:{flow.local[0]}:{flow.local[1]}",
    }


def _party(name: str, limit: Limit | None, calls: int, why: str | None) -> PartyJson:
    most = limit.calls if limit is not None else None
    rate = limit.per_second if limit is not None else None
    return {"name": name, "calls": calls, "limit": most, "per_second": rate, "why": why or ""}


def _literal(uri: str) -> list[str]:
    """The targets of a URI with an address; none for a name."""
    try:
        next(locate(parse_uri(uri), _first))
    except StopIteration as found:
        return [str(target) for target in found.value]
    except (Malformed, Unlocatable):
        return []
    return []


def _first(most: int) -> int:
    """An address needs no draw."""
    return 0


def _text(data: bytes) -> str:
    return clean(data.decode("utf-8", "backslashreplace"))
