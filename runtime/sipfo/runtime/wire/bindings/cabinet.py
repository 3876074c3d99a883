"""A database of bindings behind threads of its own, so that the engine never waits for a disk.

What would surprise: when the database does not answer, a call goes by what was read of its user
last, if there is anything; a registration is refused, because nothing acknowledged may be lost.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from sipfo.runtime.errand import Bindings, Change, Errand, Result, Unavailable
from sipfo.runtime.registrar.binding import Binding
from sipfo.runtime.registrar.register import NotTaken

PATIENCE: Final = 3.0
"""Seconds that a call or a telephone waits for the database."""

REMEMBERED: Final = 65_536
"""Users whose bindings are remembered as read; the one read least recently goes first."""


class CannotStore(Exception):
    """The database cannot be used; the message says which and why, and no password."""


class Cabinet(Protocol):
    """A database of bindings, used from threads."""

    workers: int
    """How many threads may use it at once."""

    def read(self, key: str) -> Bindings:
        """What is there under a key. Raises CannotStore."""

    def change(self, key: str, change: Change) -> Bindings:
        """What is there after a change, which nobody else's comes between; on return it is safe.
        Raises CannotStore, and NotTaken as the change does."""

    def close(self) -> None:
        """Let go of it."""


class CabinetStore:
    """A cabinet as the engine's store."""

    def __init__(self, cabinet: Cabinet, say: Callable[[str], None]) -> None:
        """`say` is told when the database goes away and when it is back."""
        self._cabinet = cabinet
        self._say = say
        self._pool = ThreadPoolExecutor(cabinet.workers, thread_name_prefix="bindings")
        self._last: OrderedDict[str, Bindings] = OrderedDict()
        self._is_away = False

    async def carry_out(self, errand: Errand) -> Result:
        """See BindingStore."""
        loop = asyncio.get_running_loop()
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await loop.run_in_executor(self._pool, self._do, errand, began)
        except NotTaken as refused:
            self._there(True)
            return refused
        except (CannotStore, TimeoutError) as error:
            reason = str(error) or f"no answer within {PATIENCE:g} s"
            self._there(False, reason)
            if errand.change is None and errand.key in self._last:
                return self._last[errand.key]
            return Unavailable(reason)
        self._there(True)
        self._remember(errand.key, found)
        return found

    async def close(self) -> None:
        """See BindingStore. What was begun is finished first."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
        self._cabinet.close()

    def _do(self, errand: Errand, began: float) -> Bindings:
        # Nobody waits any more for what was asked too long ago, and the queue must not grow stale.
        if time.monotonic() - began > PATIENCE:
            raise CannotStore("too many wait for it")
        if errand.change is None:
            return self._cabinet.read(errand.key)
        return self._cabinet.change(errand.key, errand.change)

    def _there(self, is_there: bool, reason: str = "") -> None:
        if is_there is self._is_away:
            self._is_away = not is_there
            self._say("bindings: the store is back" if is_there else f"bindings: {reason}")

    def _remember(self, key: str, found: Bindings) -> None:
        self._last[key] = found
        self._last.move_to_end(key)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)


def written(bindings: Bindings) -> str:
    """Bindings as a database keeps them."""
    return json.dumps([one.to_json() for one in bindings], separators=(",", ":"))


def read_bindings(text: str, where: str) -> Bindings:
    """Bindings that a database has kept. Raises CannotStore."""
    try:
        return tuple(Binding.from_json(one) for one in json.loads(text))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise CannotStore(f"{where} has bindings that cannot be read: {error!r}") from None
