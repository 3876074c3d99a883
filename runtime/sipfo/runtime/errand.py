"""What the store of bindings is asked to do: read a user's, or change them.

A change is a pure function of what is there, so that the store can read, change and write in one
transaction, and do it again if somebody else was faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sipfo.runtime.registrar.binding import Binding
from sipfo.runtime.registrar.register import NotTaken

Bindings = tuple[Binding, ...]
Change = Callable[[Bindings], Bindings]
"""A user's bindings to those that there are afterwards. Raises NotTaken."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The store did not answer; nobody knows what is in it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Errand:
    """A question to the store, or a change of what it has under a key (an address-of-record)."""

    number: int
    key: str
    change: Change | None = None


Result = Bindings | NotTaken | Unavailable
"""What is in the store now, or why it was not changed."""

Carried = Callable[[Result, float], None]
"""Takes what is in the store now, or why it was not changed, and the time."""
