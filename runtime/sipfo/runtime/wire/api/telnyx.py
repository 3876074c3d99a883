"""The paths that Telnyx has: connections of three kinds, and voice settings of numbers.

What would surprise: whether a trunk is active is not the policy's but an operator's word, so that
`active` is false exactly while the trunk is drained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from starlette.requests import Request

from sipfo.plan.change import Changes, Situation
from sipfo.plan.model import Plan, Trunk
from sipfo.runtime.wire.api import connection, number
from sipfo.runtime.wire.api.back import Back, Entry
from sipfo.runtime.wire.api.connection import Kind
from sipfo.runtime.wire.api.request import body, check_unchanged, etag, meta, page, read
from sipfo.runtime.wire.api.shape import (
    Connection,
    ConnectionAnswer,
    ConnectionList,
    ConnectionPatch,
    NumberAnswer,
    NumberList,
    NumberPatch,
    NumberVoice,
)

Reply = tuple[BaseModel, dict[str, str]]
"""A body, and header fields besides."""

NAME_FILTER: Final = "filter[connection_name][contains]"


@dataclass(frozen=True, slots=True)
class Telnyx:
    """What the paths do."""

    back: Back

    async def connections(self, request: Request, kind: Kind) -> Reply:
        """A list of the trunks that are connections of a kind."""
        at, size = page(request)
        part = request.query_params.get(NAME_FILTER, "").lower()

        def look() -> tuple[int, list[Connection]]:
            plan, situation = self._now()
            found = [
                one
                for one in connection.connections(plan, situation.changes, kind)
                if part in one.name.lower()
            ]
            shown = found[(at - 1) * size : at * size]
            return len(found), [self._shape(plan, situation, one, kind) for one in shown]

        total, shown = await self.back.ask(look)
        return ConnectionList(data=shown, meta=meta(at, size, total)), {}

    async def connection(self, request: Request, kind: Kind) -> Reply:
        """One trunk."""
        shown = await self.back.ask(lambda: self._connection(kind, request.path_params["id"]))
        return ConnectionAnswer(data=shown), {"etag": etag(shown)}

    async def patch_connection(self, request: Request, kind: Kind) -> Reply:
        """Change one trunk."""
        sent, name = await body(request), request.path_params["id"]
        now = await self.back.ask(lambda: self._connection(kind, name))
        patch = read(ConnectionPatch, sent, now.model_dump(mode="json"))  # in this thread
        before: list[Connection] = []

        def edit(situation: Situation, plan: Plan) -> Changes:
            trunk = connection.find(plan, situation.changes, kind, name)
            before.append(self._shape(plan, situation, trunk, kind))
            check_unchanged(request, before[0])
            return connection.edited(situation, trunk, patch)

        async def work() -> Connection:
            is_other = await self.back.change(edit)
            shown = self._connection(kind, name)
            if is_other:
                await self._note(request, f"{kind}s/{name}", before[0], shown)
            return shown

        shown = await self.back.have(work)
        return ConnectionAnswer(data=shown), {"etag": etag(shown)}

    async def numbers(self, request: Request) -> Reply:
        """The numbers that stand in ranges."""
        at, size = page(request)

        def look() -> tuple[int, list[NumberVoice]]:
            plan, situation = self._now()
            total, found = number.listed(plan, (at - 1) * size, size)
            return total, [number.shape(plan, situation, *one) for one in found]

        total, shown = await self.back.ask(look)
        return NumberList(data=shown, meta=meta(at, size, total)), {}

    async def number(self, request: Request) -> Reply:
        """One number."""
        shown = await self.back.ask(lambda: self._number(request.path_params["id"]))
        return NumberAnswer(data=shown), {"etag": etag(shown)}

    async def patch_number(self, request: Request) -> Reply:
        """Change one number."""
        sent, name = await body(request), request.path_params["id"]
        now = await self.back.ask(lambda: self._number(name))
        patch = read(NumberPatch, sent, now.model_dump(mode="json"))  # in this thread
        before: list[NumberVoice] = []

        def edit(situation: Situation, plan: Plan) -> Changes:
            digits, trunk = number.owner(plan, name)
            before.append(number.shape(plan, situation, digits, trunk))
            check_unchanged(request, before[0])
            return number.edited(situation, digits, trunk, patch)

        async def work() -> NumberVoice:
            is_other = await self.back.change(edit)
            shown = self._number(name)
            if is_other:
                await self._note(request, f"phone_numbers/{shown.id}/voice", before[0], shown)
            return shown

        shown = await self.back.have(work)
        return NumberAnswer(data=shown), {"etag": etag(shown)}

    async def _note(
        self, request: Request, resource: str, before: BaseModel, after: BaseModel
    ) -> None:
        was, now = (dict(_leaves(one.model_dump(mode="json"))) for one in (before, after))
        other = [name for name in now if was[name] != now[name]]
        differs = ({name: one[name] for name in other} for one in (was, now))
        await self.back.note(Entry(who(request), resource, *differs))

    def _connection(self, kind: Kind, name: str) -> Connection:
        plan, situation = self._now()
        trunk = connection.find(plan, situation.changes, kind, name)
        return self._shape(plan, situation, trunk, kind)

    def _shape(self, plan: Plan, situation: Situation, trunk: Trunk, kind: Kind) -> Connection:
        drained = self.back.server.engine.tenure.grounds.trunks.drained
        return connection.shape(plan, situation, trunk, kind, trunk.name not in drained)

    def _number(self, name: str) -> NumberVoice:
        plan, situation = self._now()
        return number.shape(plan, situation, *number.owner(plan, name))

    def _now(self) -> tuple[Plan, Situation]:
        return self.back.server.plan, self.back.situation()


def _leaves(shown: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """What is shown under one name each; what is shown twice, once."""
    for name, value in shown.items():
        if isinstance(value, Mapping) and name not in ("inbound", "sipfo"):
            yield from _leaves(value, f"{before}{name}.")
        elif not isinstance(value, Mapping):
            yield f"{before}{name}", value


def who(request: Request) -> str:
    """Who asks, as the audit has it: the name that goes with the token, and the address."""
    client = request.client
    return f"{request.state.who} from {client.host if client is not None else 'here'}"
