"""Which of the recorded calls are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.runtime.row import Row


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is not None, or False, must hold. `since` is a moment as rows have it; `call` is a
    call's name, the last part of one, or a caller's Call-ID."""

    since: str | None = None
    trunk: str | None = None
    failed: bool = False
    call: str | None = None

    def holds(self, row: Row) -> bool:
        """Whether this call is one of them."""
        return (
            (self.since is None or row.began >= self.since)
            and (self.trunk is None or row.trunk == self.trunk)
            and (not self.failed or row.is_failed)
            and (self.call is None or self.call in (row.call, row.call[-8:], row.call_id))
        )
