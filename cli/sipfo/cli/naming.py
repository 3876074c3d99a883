"""A trunk's name on the command line to the trunk of the plan, or to what was perhaps meant."""

from __future__ import annotations

from sipfo.cli.reading import Unusable
from sipfo.grammar.diagnostic import one_of
from sipfo.grammar.near import near
from sipfo.plan.model import Plan, Trunk
from sipfo.verify.words import printable

NAMES_SHOWN = 8


def trunk_called(plan: Plan, name: str) -> Trunk:
    """The trunk of that name. Raises Unusable."""
    names = [trunk.name for trunk in plan.trunks]
    if name in names:
        return plan.trunks[names.index(name)]
    meant = near(name, names)
    if meant:
        hint = f"did you mean {one_of(meant)}?"
    else:
        hint = f"there is {one_of(names[:NAMES_SHOWN], 'and')}"
    raise Unusable(f"no trunk is called {printable(name)}: {hint}")
