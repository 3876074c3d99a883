"""What a target that is no engine says of a plan: which of its sentences it cannot say, and where.

An engine has a table by `plan/construct.py`, and perhaps remarks beside it on what stands in two
places of a policy. A provider's API, or a zone, says so much less than a policy that its own table is
by what it can say; `sipfo check --target` shows both in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sipfo.grammar import tree
from sipfo.plan.construct import Support
from sipfo.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Remark:
    """`what` is in the policy's words; it stands in the block of this kind and name, at its first
    statement of the kind `node`, or at the block's name. The file as a whole has no block."""

    what: str
    support: Support
    block: type[tree.Block] | None = None
    name: str = ""
    node: type[tree.Node] | None = None


Judge = Callable[[Plan], Iterable[Remark]]
"""All remarks on a plan, in the order of its parts."""
