"""Bindings in this process alone, forgotten with it."""

from __future__ import annotations

from sipfo.runtime.errand import Bindings, Errand, Result
from sipfo.runtime.registrar.register import NotTaken


class MemoryStore:
    """A dictionary. Every user of a plan may be in it, and nobody else."""

    def __init__(self) -> None:
        self._kept: dict[str, Bindings] = {}

    async def carry_out(self, errand: Errand) -> Result:
        kept = self._kept.get(errand.key, ())
        if errand.change is None:
            return kept
        try:
            changed = errand.change(kept)
        except NotTaken as error:
            return error
        if changed:
            self._kept[errand.key] = changed
        else:
            self._kept.pop(errand.key, None)
        return changed

    async def close(self) -> None:
        return
