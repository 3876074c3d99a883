"""What an operator asks of one server and tells it, answered by all of its workers together.

Targets, carriers and trunks are the business of the engine that leads: it knows what is down, held
and disabled, and counts are everybody's. Calls are the workers'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sipfo.runtime.control import MOST_LISTED, drained
from sipfo.runtime.engine import Engine
from sipfo.runtime.jsonrpc import REFUSED, Fault, Method
from sipfo.runtime.wire.crew import Crew


def together(own: Mapping[str, Method], crew: Crew, engine: Engine) -> dict[str, Method]:
    """The methods of a server with a crew; `own` are those of its own engine."""

    async def calls() -> object:
        found = [one for listed in await crew.ask_all("sipfo.calls") for one in listed]
        return sorted(found, key=_name)[:MOST_LISTED]

    async def dialogs(call: object = None) -> object:
        found = [one for listed in await crew.ask_all("dlg.list", call=call) for one in listed]
        return sorted(found, key=_h_id)[:MOST_LISTED]

    async def terminate(call: object) -> object:
        ended = sum(await crew.ask_all("dlg.terminate", call=call))
        if not ended:
            raise Fault(REFUSED, f"no call is called {call!s:.64}")
        return ended

    def set_state(**given: object) -> object:
        said: object = own["dispatcher.set_state"].run(**given)
        crew.tell_all("disabled", engine.tenure.grounds.standing.disabled.every)
        return said

    def drain(**given: object) -> object:
        said: object = own["sipfo.drain"].run(**given)
        crew.tell_all("drained", *drained(engine))
        return said

    def undrain(**given: object) -> object:
        said: object = own["sipfo.undrain"].run(**given)
        crew.tell_all("drained", *drained(engine))
        return said

    async def statistics(group: object = None) -> object:
        await crew.refresh()
        return own["stats.get_statistics"].run(group=group)

    replaced: dict[str, Callable[..., object]] = {
        "sipfo.calls": calls,
        "dlg.list": dialogs,
        "dlg.terminate": terminate,
        "dispatcher.set_state": set_state,
        "sipfo.drain": drain,
        "sipfo.undrain": undrain,
        "stats.get_statistics": statistics,
    }
    found = dict(own)
    for name, run in replaced.items():
        found[name] = Method(run, own[name].needs, own[name].may)
    return found


def _name(call: Mapping[str, Any]) -> str:
    return str(call["call"])


def _h_id(dialog: Mapping[str, Any]) -> str:
    return str(dialog["h_id"])
