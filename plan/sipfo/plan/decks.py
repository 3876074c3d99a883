"""Tables of rates in hand, each unpacked once for all who have it: a plan that succeeds another with the
same deck shares it.

What would surprise: weak references lead to a `Held`, not to its table, because a compiled class has
no room for them.
"""

from __future__ import annotations

from typing import Final
from weakref import WeakValueDictionary

from sipfo.plan.model import Deck
from sipfo.plan.rates import Rates


class Held:
    """A table, for as long as somebody holds this."""

    __slots__ = ("__weakref__", "rates")

    def __init__(self, rates: Rates) -> None:
        self.rates: Final = rates


_HELD: Final[WeakValueDictionary[str, Held]] = WeakValueDictionary()
"""By the text of the table."""


def held(deck: Deck) -> Held:
    """A deck's table. Raises BadDeck."""
    found = _HELD.get(deck.table)
    if found is None:
        found = _HELD[deck.table] = Held(Rates(deck))
    return found
