"""What lies ahead of one call: its steps, each made when the call comes to it.

A call that its first route answers has looked at one step, and no carrier was chosen for it, however
many there are and however long their rates. What would surprise: carriers are chosen late, but as of
the moment at which the call was placed, so that it makes no difference but the time it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from sipfo.plan.choice import Chosen, LeftOut
from sipfo.plan.model import Trunk
from sipfo.plan.order import Order, Step


class Ahead(Sequence[Step]):
    """The steps of `Order.steps`. How many there are is known when the carriers are chosen."""

    __slots__ = (
        *("_at", "_barred", "_chosen", "_made", "_number", "_order", "_place", "_routed", "_trunk"),
        "_turned",
    )

    def __init__(
        self,
        order: Order,
        trunk: Trunk,
        number: str,
        turned: Sequence[int],
        at: float,
        barred: LeftOut | None = None,
    ) -> None:
        """`at` is when the call was placed, in Unix seconds; with `barred`, no carrier is tried for
        the reason that it gives."""
        self._order = order
        self._trunk = trunk
        self._number = number
        self._turned = turned
        self._at = at
        self._barred = barred
        self._routed = order.routed(trunk)
        """How many steps go to routes."""
        self._chosen: Chosen | None = None
        self._place = -1
        self._made: Step | None = None  # the one at that place: it is asked for again and again

    def __bool__(self) -> bool:
        return self._routed > 0 or len(self) > 0

    def __len__(self) -> int:
        return self._routed + len(self.chosen.carriers)

    @overload
    def __getitem__(self, place: int) -> Step: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, place: int | slice) -> Step | tuple[Step, ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        if place < 0:
            place += len(self)
        found = self._made
        if found is None or place != self._place:
            found = self._made = self._step(place)
            self._place = place
        return found

    @property
    def chosen(self) -> Chosen:
        """The carriers that take the call, and those that do not."""
        found = self._chosen
        if found is None:
            found = self._order.chosen(self._trunk, self._number, self._at)
            if self._barred is not None and found.carriers:
                found = Chosen((), (self._barred,))
            self._chosen = found
        return found

    def _step(self, place: int) -> Step:
        beyond = place - self._routed
        if beyond < 0:
            return self._order.step(self._trunk, self._number, self._turned, place)
        return self._order.forwarded(self._trunk, self._number, self.chosen.carriers[beyond])
