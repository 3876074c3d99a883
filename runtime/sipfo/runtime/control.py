"""What an operator can ask of an engine and tell it: methods with the names that Kamailio gave them.

The engine's own methods only; those that need a clock, a file or a process are added by whoever
runs it. What would surprise: there are no dispatcher sets with numbers here. A set is a route or a
carrier, and its number is its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sipfo.plan.order import turn
from sipfo.runtime.admission import Refused
from sipfo.runtime.call import Call, Phase
from sipfo.runtime.engine import Engine
from sipfo.runtime.health import Path
from sipfo.runtime.jsonrpc import INVALID_PARAMS, REFUSED, Fault, Method
from sipfo.runtime.listing import call_json, carriers, dialog_json, targets, trunks
from sipfo.runtime.record import Notice

MOST_LISTED: Final = 5000
"""Calls in one answer."""

_STATES: Final = {
    **dict.fromkeys(("a", "ap", "ax", "active"), False),
    **dict.fromkeys(("d", "dp", "dx", "disabled"), True),
}


def methods(engine: Engine, clock: Callable[[], float]) -> dict[str, Method]:
    """Every method that an engine alone can answer; `clock` gives the engine's time."""
    control = _Control(engine, clock)
    return {
        "dispatcher.list": Method(control.dispatcher_list, may=("group",)),
        "dispatcher.set_state": Method(control.set_state, ("state", "group"), ("address",)),
        "dlg.list": Method(control.dialogs, may=("call",)),
        "dlg.terminate": Method(control.terminate, ("call",)),
        "sipfo.routes": Method(control.routes),
        "sipfo.carriers": Method(control.carriers),
        "sipfo.trunks": Method(control.trunks),
        "sipfo.calls": Method(control.calls),
        "sipfo.drain": Method(control.drain, may=("trunk",)),
        "sipfo.undrain": Method(control.undrain, may=("trunk",)),
        "sipfo.lookup": Method(control.lookup, ("number",), ("source",)),
    }


class _Control:
    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._clock = clock

    def dispatcher_list(self, group: object = None) -> object:
        """Kamailio's shape, with what is against a target beside its flags."""
        sets: dict[str, list[object]] = {}
        for one in targets(self._engine.tenure, self._clock()):
            if group is None or group == one["name"]:
                found = {
                    "URI": one["target"],
                    "FLAGS": one["flags"],
                    "SOCKET": one["egress"],
                    "WHY": one["why"],
                }
                sets.setdefault(one["name"], []).append({"DEST": found})
        if group is not None and not sets:
            raise Fault(INVALID_PARAMS, f"no route or carrier is called {group!s:.64}")
        records = [{"SET": {"ID": name, "TARGETS": found}} for name, found in sets.items()]
        return {"NRSETS": len(records), "RECORDS": records}

    def set_state(self, state: object, group: object, address: object = None) -> object:
        """Take a route, a carrier or one of its targets out of service, or put it back."""
        disable = _STATES.get(str(state).lower())
        if disable is None:
            raise Fault(INVALID_PARAMS, "the state is `active` or `disabled`")
        name = str(group)
        target = None if address in (None, "all") else str(address)
        parties = self._called(name)
        if target is not None:
            listed = targets(self._engine.tenure, self._clock())
            known = [one["target"] for one in listed if one["name"] == name]
            if disable and target not in known:
                raise Fault(INVALID_PARAMS, f"{name} has {', '.join(dict.fromkeys(known))}")
        disabled = self._engine.tenure.grounds.standing.disabled
        for carrier in parties:
            (disabled.put if disable else disabled.take_back)(carrier, name, target)
        what = name if target is None else f"{name} at {target[:64]}"
        word = "disabled" if disable else "active"
        self._say(f"{what} is {word}: the operator's word")
        return f"{what} is {word}"

    def drain(self, trunk: object = None) -> object:
        """No new calls, of one trunk or at all; those that are there go on."""
        return self._drain(trunk, True)

    def undrain(self, trunk: object = None) -> object:
        """New calls again. A trunk that is drained by itself stays so when all is undrained."""
        return self._drain(trunk, False)

    def _drain(self, trunk: object, drain: bool) -> object:
        what, engine = "sipfo", self._engine
        if trunk is None:
            engine.paused = drain
        else:
            what = str(trunk)
            trunks = engine.tenure.grounds.trunks
            if drain and all(one.name != what for one in engine.tenure.plan.trunks):
                raise Fault(INVALID_PARAMS, f"no trunk is called {what:.64}")
            (trunks.drained.add if drain else trunks.drained.discard)(what)
        word = "drained" if drain else "taking calls"
        self._say(f"{what:.64} is {word}: the operator's word")
        return f"{what:.64} is {word}"

    def dialogs(self, call: object = None) -> object:
        """Calls that are up."""
        found = self._up() if call is None else [one for one in self._found(call) if one.legs]
        return [dialog_json(one) for one in found[:MOST_LISTED]]

    def terminate(self, call: object) -> object:
        """End calls by their name or the caller's Call-ID; how many there were."""
        now = self._clock()
        found = [one for one in self._found(call) if one.phase is not Phase.ENDED]
        if not found:
            raise Fault(REFUSED, f"no call is called {call!s:.64}")
        for one in found:
            self._say("ended: the operator's word", one.setup.placement.call)
            one.hang_up(now)
        return len(found)

    def routes(self) -> object:
        """Every target of every route."""
        now = self._clock()
        return [one for one in targets(self._engine.tenure, now) if not one["carrier"]]

    def carriers(self) -> object:
        """Every carrier with its targets."""
        now, tenure = self._clock(), self._engine.tenure
        listed = [one for one in targets(tenure, now) if one["carrier"]]
        return [
            {**party, "targets": [one for one in listed if one["name"] == party["name"]]}
            for party in carriers(tenure, now)
        ]

    def trunks(self) -> object:
        """Every trunk."""
        return trunks(self._engine.tenure, self._engine.placed, self._clock())

    def calls(self) -> object:
        """Every call that is not over."""
        now = self._clock()
        there = [one for one in self._engine.calls if one.phase is not Phase.ENDED]
        return [call_json(one, now) for one in there[:MOST_LISTED]]

    def lookup(self, number: object, source: object = None) -> object:
        """Where a call would go now, without placing it: its trunk, then each step in its order."""
        tenure, now = self._engine.tenure, self._clock()
        found = tenure.admission.would_admit(str(number), None if source is None else str(source))
        if isinstance(found, Refused):
            return {"status": found.status, "reason": found.reason, "steps": []}
        trunk, called = found
        standing = tenure.grounds.standing
        known: dict[Path, list[str]] = {}
        for one in targets(tenure, now):
            path = Path(one["egress"], one["name"], one["carrier"])
            known.setdefault(path, []).append(one["target"])
        placed = self._engine.placed.get(trunk.name, 0)
        steps = []
        chosen = self._engine.carriers(trunk, called, now)
        for step in tenure.order.steps(trunk, called, turn(trunk, placed), chosen):
            choice = standing.choose(step, known.get(Path.of(step), ()), now)
            steps.append(
                {
                    "egress": step.egress,
                    "route": step.route,
                    "number": step.number,
                    "free": list(choice.free),
                    "against": choice.against,
                }
            )
        full = tenure.grounds.trunks.against(trunk.name, now)
        return {
            "trunk": trunk.name,
            "number": called,
            "reason": full or "",
            "steps": steps,
            "left_out": [{"carrier": one.carrier, "why": one.why} for one in chosen.left_out],
        }

    def _called(self, name: str) -> list[bool]:
        """Whether it is a carrier: for each thing of that name. Raises Fault."""
        plan = self._engine.tenure.plan
        found = [False for one in plan.routes if one.name == name]
        found += [True for one in plan.carriers if one.name == name]
        if not found:
            raise Fault(INVALID_PARAMS, f"no route or carrier is called {name[:64]}")
        return found

    def _found(self, call: object) -> list[Call]:
        wanted = str(call).encode("utf-8", "surrogateescape")
        return [
            one
            for one in self._engine.calls
            if wanted in (one.setup.placement.call.encode(), one.call_id)
        ]

    def _up(self) -> list[Call]:
        return [one for one in self._engine.calls if one.phase is Phase.UP]

    def _say(self, text: str, call: str = "-") -> None:
        self._engine.core.records.append(Notice(call, text))


def drained(engine: Engine) -> tuple[bool, tuple[str, ...]]:
    """Whether an operator wants no new calls at all, and the trunks that are to take none."""
    return engine.paused, tuple(engine.tenure.grounds.trunks.drained)
