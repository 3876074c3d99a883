"""A trunk forwards its failed calls to a number of its own.

Avoid: `numbers +13125550100 .. +13125550199` with `forward to +13125550150`.
Prefer: a number that is reached without this trunk: a mobile, another site.
Why: the PSTN brings the call back to this trunk, whose routes have just failed: it goes round until
somebody gives up, and each turn may be billed. With `numbers any` it is a warning: that depends on
where the PSTN sends the number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.claims import Claims
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.plan.model import AnyNumber

CODE: Final = "SF504"
TITLE: Final = "Forward loops"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """An error for each forward whose number comes back to its own trunk."""
    claims = Claims(subject.policy)
    for trunk in subject.policy.trunks:
        if trunk.forward is None or trunk.forward.number is None:
            continue
        number = trunk.forward.number
        claimed = claims.of(number.digits)
        if claimed is None or claimed.trunk is not trunk:
            continue
        maybe = isinstance(claimed.claim.numbers, AnyNumber)
        yield Diagnostic(
            CODE,
            "warning" if maybe else "error",
            TITLE,
            f"the forward {'may come' if maybe else 'comes'} back to its own trunk: "
            f"{quoted(number.digits)}",
            number.span,
            "forwarded to",
            (Label(claimed.claim.span, "claimed by the same trunk"),),
            "forward to a number that is not this trunk's",
        )
