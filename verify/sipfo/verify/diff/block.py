"""A call that changes as a test block, which passes before the change and fails after it."""

from __future__ import annotations

from sipfo.verify.diff.difference import Changed
from sipfo.verify.diff.sides import as_test
from sipfo.verify.judge import judge
from sipfo.verify.write import Unsayable, scenario_text


def block_of(change: Changed) -> str:
    """The block in the names of the old plan; where the language has no words for it, or for
    what differs, a comment that says why."""
    if change.before is None:
        return "# no test block can say this\n"
    test = as_test(change.before, change.headline.replace('"', "'"))
    if change.after is not None and judge(test, change.after.ladder).ok:
        return (
            "# no test block tells these apart: it names what the addresses and numbers belong to\n"
        )
    try:
        return scenario_text(test)
    except Unsayable as why:
        return f"# no test block can say this: {why}\n"
