"""What the API asks of the process that carries calls, from another thread.

Every question is answered in the loop of calls, where everything about calls lives, and is short
there: a few values are read, or a method is called that the control socket has too. Compiling and
writing to disk are awaited, never done, in that loop.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sipfo.plan.change import Changes, Situation
from sipfo.plan.model import Plan
from sipfo.runtime.jsonrpc import REFUSED, Fault
from sipfo.runtime.wire.api.problem import Problem, Rejected
from sipfo.runtime.wire.api.shape import WhatIf
from sipfo.runtime.wire.server import Server

T = TypeVar("T")

Edit = Callable[[Situation, Plan], Changes]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is noted of a change: who made it, of what, and what it was before and after."""

    who: str
    resource: str
    before: Mapping[str, object]
    after: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Back:
    """The loop of calls and what can be asked there. `change` makes an edit, puts it in force and
    keeps it, or raises Rejected; `note` keeps who did it; `suppose` plays a call on the model;
    `policy` gives the policy's files as they would read with what is changed."""

    loop: asyncio.AbstractEventLoop
    server: Server
    situation: Callable[[], Situation]
    change: Callable[[Edit], Coroutine[Any, Any, bool]]
    note: Callable[[Entry], Coroutine[Any, Any, None]]
    suppose: Callable[[WhatIf, Plan], Coroutine[Any, Any, object]]
    policy: Callable[[], Coroutine[Any, Any, Mapping[str, str]]]

    async def ask(self, work: Callable[[], T]) -> T:
        """Have something looked up or done in the loop of calls."""

        async def there() -> T:
            return work()

        return await self.have(there)

    async def have(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The same for what is awaited there. What is begun is done to its end, also if whoever
        asked does not wait for it."""
        asked = asyncio.run_coroutine_threadsafe(work(), self.loop)
        return await asyncio.shield(asyncio.wrap_future(asked))

    async def method(self, name: str, **arguments: object) -> object:
        """Call a method of the control socket. Raises Rejected."""

        async def call() -> object:
            one = self.server.methods()[name]
            found = one.run(**one.arguments(arguments))
            return await found if inspect.isawaitable(found) else found

        try:
            return await self.have(call)
        except Fault as fault:
            status = 503 if fault.code == REFUSED else 422
            raise Rejected(status, [Problem("Refused", fault.message)]) from None

    async def has(self, name: str) -> bool:
        """Whether the server has a method."""
        return await self.ask(lambda: name in self.server.methods())
