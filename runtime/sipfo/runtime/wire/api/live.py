"""How a running sipfo is, and the little that an operator tells it: what `sipfo show` shows, drains,
what a call would do, and what happens as it happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sipfo.plan.model import Plan
from sipfo.runtime.wire.api.back import Back
from sipfo.runtime.wire.api.connection import cut_out
from sipfo.runtime.wire.api.events import MOST_CLIENTS, Events
from sipfo.runtime.wire.api.problem import Problem, Rejected, not_found
from sipfo.runtime.wire.api.request import body, read
from sipfo.runtime.wire.api.shape import Answer, Listed, WhatIf
from sipfo.runtime.wire.api.telnyx import Reply

KINDS: Final = ("trunks", "routes", "carriers", "calls", "registrations")
DRAINED: Final = ("trunks", "routes", "carriers")
REGISTRATIONS: Final = "sipfo.registrations"


@dataclass(frozen=True, slots=True)
class Live:
    """What the paths do."""

    back: Back
    events: Events

    async def status(self, request: Request) -> Reply:
        """The instance as a whole."""

        async def look() -> dict[str, object]:
            server, situation = self.back.server, self.back.situation()
            await server.refresh()
            gauges = server.gauges()
            engine = server.engine
            return {
                "plan": gauges.fingerprint,
                "policy": situation.digest,
                "changed": len(situation.changes.trunks) + len(situation.changes.numbers),
                "changes_left_out": situation.left_out,
                "state": "drained" if engine.paused else "ending" if engine.draining else "serving",
                "calls_setting_up": gauges.setting_up,
                "calls_up": gauges.up,
                "internal_errors": gauges.internal_errors,
            }

        return Answer(data=await self.back.have(look)), {}

    async def listed(self, request: Request) -> Reply:
        """Everything of a kind."""
        kind = request.path_params["kind"]
        if kind == "registrations" and not await self.back.has(REGISTRATIONS):
            return Listed(data=[]), {}  # no registrar in this plan or process
        found = await self.back.method(f"sipfo.{kind}")
        assert isinstance(found, list)  # as each of them says
        return Listed(data=found), {}

    async def drain(self, request: Request) -> Reply:
        """No new calls: of the instance, a trunk, or a route or carrier."""
        return await self._told(request, True)

    async def undrain(self, request: Request) -> Reply:
        """New calls again."""
        return await self._told(request, False)

    async def _told(self, request: Request, drain: bool) -> Reply:
        kind, name = request.path_params.get("kind"), request.path_params.get("name")
        method = "sipfo.drain" if drain else "sipfo.undrain"
        if kind is None:
            return Answer(data=await self.back.method(method)), {}
        await self.back.ask(lambda: _check(self.back.server.plan, kind, str(name)))
        if kind == "trunks":
            said = await self.back.method(method, trunk=name)
            for own in await self.back.ask(lambda: self._cut_out_of(str(name))):
                await self.back.method(method, trunk=own)
            return Answer(data=said), {}
        state = "disabled" if drain else "active"
        said = await self.back.method("dispatcher.set_state", state=state, group=name)
        return Answer(data=said), {}

    def _cut_out_of(self, trunk: str) -> list[str]:
        """The trunks of numbers that are this one's."""
        cut = cut_out(self.back.server.plan, self.back.situation().changes)
        return [own for own, was in cut.items() if was == trunk]

    async def lookup(self, request: Request) -> Reply:
        """Where a call would go now, by what is up and what is not."""
        number = request.query_params.get("number")
        if number is None:
            problem = Problem("Missing value", "say which `number`", parameter="number")
            raise Rejected(422, [problem])
        source = request.query_params.get("source")
        given = {"number": number} | ({"source": source} if source is not None else {})
        return Answer(data=await self.back.method("sipfo.lookup", **given)), {}

    async def what_if(self, request: Request) -> Reply:
        """What a call would do, on the model."""
        wanted = read(WhatIf, await body(request))
        plan = await self.back.ask(lambda: self.back.server.plan)
        return Answer(data=await self.back.have(lambda: self.back.suppose(wanted, plan))), {}

    async def policy(self, request: Request) -> Response:
        """The policy with what is changed of it: one file as it is, several one after the other."""
        texts = await self.back.have(self.back.policy)
        if len(texts) == 1:
            return PlainTextResponse(next(iter(texts.values())))
        parts = (f"# {path}\n\n{text}" for path, text in texts.items())
        return PlainTextResponse("\n".join(parts))

    async def stream(self, request: Request) -> Response:
        """What happens, as server-sent events."""
        if self.events.clients >= MOST_CLIENTS:
            problem = Problem("Too many clients", f"{MOST_CLIENTS} read events already")
            raise Rejected(503, [problem], {"retry-after": "5"})
        last = request.headers.get("last-event-id", "")
        after = int(last[:18]) if last.isascii() and last.isdigit() else None
        kinds = {one for one in request.query_params.get("types", "").split(",") if one}
        trunk = request.query_params.get("trunk")

        def wanted(kind: str, told: Mapping[str, object]) -> bool:
            return (not kinds or kind in kinds) and (trunk is None or told.get("trunk") == trunk)

        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        stream = self.events.follow(after, wanted)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


def _check(plan: Plan, kind: str, name: str) -> None:
    """Raises Rejected for a name that the plan does not have."""
    parts: Mapping[str, Callable[[], set[str]]] = {
        "trunks": lambda: {one.name for one in plan.trunks},
        "routes": lambda: {one.name for one in plan.routes},
        "carriers": lambda: {one.name for one in plan.carriers},
    }
    if name not in parts[kind]():
        raise not_found(f"no {kind.removesuffix('s')} is called {name[:64]}")
