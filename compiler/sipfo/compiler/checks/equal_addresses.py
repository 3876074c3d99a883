"""A region's two addresses are the same.

Avoid: `primary 192.76.120.10` and `secondary 192.76.120.10`.
Prefer: two addresses that fail separately.
Why: the second pass repeats the first from the same address: it takes the caller's time and saves
no call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted

CODE: Final = "SF506"
TITLE: Final = "Equal addresses"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """A warning for each region; two ports of one address are equal enough."""
    for region in subject.policy.regions:
        one, other = region.primary, region.secondary
        if one is not None and other is not None and one.host == other.host:
            yield Diagnostic(
                CODE,
                "warning",
                TITLE,
                f"both addresses of region {quoted(region.name.text)} are {quoted(one.host)}",
                other.span,
                "the same host",
                (Label(one.span, "as the primary"),),
                "write the second signalling address",
            )
