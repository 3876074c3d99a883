"""A rate deck that a carrier names cannot be read.

Avoid: `rates "northstar"` when the file is `northstar.csv`.
Prefer: `rates "northstar.csv"`, a file beside the one that says so.
Why: without its rates nobody knows which numbers the carrier takes, and at what price.
"""

from __future__ import annotations

from typing import Final

from sipfo.compiler.policy import Rates
from sipfo.grammar.diagnostic import Diagnostic, one_of, quoted
from sipfo.grammar.near import near

CODE: Final = "SF520"
TITLE: Final = "Rates unreadable"


def no_file(rates: Rates, reason: str, beside: tuple[str, ...]) -> Diagnostic:
    """The file cannot be read; `beside` are the names of those that could be meant."""
    beside = tuple(one for one in beside if one.endswith(".csv"))
    meant = [one for one in beside if one in (f"{rates.path}.csv", rates.path.lower())]
    meant = meant or list(near(rates.path, beside))
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        f"{quoted(rates.path)} cannot be read: {reason}",
        rates.span,
        "named here",
        hint=f"did you mean {one_of([quoted(one) for one in meant])}?" if meant else None,
    )
