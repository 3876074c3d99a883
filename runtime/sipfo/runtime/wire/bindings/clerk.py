"""Between a server and its store of bindings: errands out, results back, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable

from sipfo.runtime.errand import Errand, Result, Unavailable
from sipfo.runtime.jsonrpc import REFUSED, Fault
from sipfo.runtime.registrar.listing import RegistrationJson, registration_json
from sipfo.runtime.registrar.registrars import Registrars
from sipfo.runtime.registrar.table import alive
from sipfo.runtime.wire.bindings.store import BindingStore


class Clerk:
    """One server's."""

    def __init__(
        self, store: BindingStore, registrars: Callable[[], Registrars], wrong: Callable[[], None]
    ) -> None:
        """`registrars` are those in force, `wrong` is told of a bug while it is being handled."""
        self._store = store
        self._registrars = registrars
        self._wrong = wrong

    async def carry_out(self, errand: Errand) -> Result:
        """What the store has done."""
        try:
            return await self._store.carry_out(errand)
        except Exception:  # noqa: BLE001 - whoever waits must be told something
            self._wrong()
            return Unavailable("an internal error")

    async def registrations(self) -> object:
        """Every binding that the store has of users of the plan. Raises Fault."""
        found: list[RegistrationJson] = []
        registrars = self._registrars()
        for registrar, user, key in registrars.users:
            result = await self.carry_out(Errand(0, key))
            if not isinstance(result, tuple):
                raise Fault(REFUSED, f"the store of bindings: {result.reason}")
            now = time.time()
            found += [
                registration_json(registrar, user, registrars.holder(registrar, one), one, now)
                for one in alive(result, now)
            ]
        return found
