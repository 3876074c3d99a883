"""A carrier goes to a region.

Avoid: `carrier northstar { to region us }`.
Prefer: `carrier northstar { to sip:203.0.113.9 }`, and two carriers for two addresses.
Why: each carrier of a forward is tried once; a region would be two attempts under one name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.policy import ToRegion
from sipfo.grammar.diagnostic import Diagnostic

CODE: Final = "SF507"
TITLE: Final = "Carrier without URI"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each carrier."""
    for carrier in subject.policy.carriers:
        if isinstance(carrier.destination, ToRegion):
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                "a carrier goes to one SIP URI, not to a region",
                carrier.destination.region.span,
                "a region",
                hint="write `to sip:HOST`; for a second address declare a second carrier",
            )
