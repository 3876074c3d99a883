"""What keeps the bindings of users that register."""

from __future__ import annotations

from typing import Protocol

from sipfo.runtime.errand import Errand, Result


class BindingStore(Protocol):
    """One place for them, shared by all that were given the same."""

    async def carry_out(self, errand: Errand) -> Result:
        """Read what is there under the errand's key, change it if it asks for that, and return what
        is there now. What is returned of a change will be there after a crash."""

    async def close(self) -> None:
        """Let go of it."""
