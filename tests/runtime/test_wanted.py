"""Which calls are asked for."""

from __future__ import annotations

import pytest

from runtime.accounts import CANCELLED, EPOCH, REFUSED, UP, row
from sipfo.runtime.row import lost
from sipfo.runtime.wanted import Wanted

ROWS = {
    "up": row(UP),
    "refused": row(REFUSED),
    "cancelled": row(CANCELLED),
    "lost": lost(row(UP), EPOCH),
}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), ["up", "refused", "cancelled", "lost"]),
        (Wanted(since="2026-09-21T14:13:40.000Z"), ["refused", "cancelled"]),
        (Wanted(trunk="other"), ["cancelled"]),
        (Wanted(failed=True), ["refused", "lost"]),
        (Wanted(call="019a00000002-00000001"), ["refused"]),
        (Wanted(call="two@caller"), ["refused"]),
        (Wanted(call="00000001"), ["up", "refused", "cancelled", "lost"]),
        (Wanted(call="019a"), []),
        (Wanted(trunk="acme", failed=True, since="2026-09-21T14:13:40.000Z"), ["refused"]),
    ],
)
def test_all_that_is_given_must_hold(wanted: Wanted, names: list[str]) -> None:
    assert [name for name, one in ROWS.items() if wanted.holds(one)] == names
