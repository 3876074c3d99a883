"""A test calls a number that the trunk does not claim.

Avoid: `call acme to +15005550100` when `acme` has `numbers +13125550100 .. +13125550199`.
Prefer: a number of the trunk.
Why: the call would never reach the trunk, or it would reach another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.claims import Claims
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.plan.model import NumberPrefix, NumberRange, Numbers

CODE: Final = "SF602"
TITLE: Final = "Wrong number"


def _alike(one: Numbers, other: Numbers, number: str) -> bool:
    """Whether two claims take a number with the same right."""
    match one, other:
        case NumberRange(first=first, last=last), NumberRange() | NumberPrefix():
            return len(first) == len(number) and first <= number <= last
        case _:
            return one == other


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each test; the claim that takes the number is shown, if there is one."""
    claims = Claims(subject.policy)
    if not all(trunk.whole for trunk in subject.policy.trunks):
        return
    for test in subject.policy.tests:
        call = test.call
        trunk = subject.scope.trunks.get(call.trunk.text) if call else None
        if call is None or call.number is None or trunk is None or not trunk.claims:
            continue
        number, claimed = call.number, claims.of(call.number.digits)
        if claimed is not None and claimed.trunk.name.text == trunk.name.text:
            continue
        if claimed is not None and any(
            _alike(one.numbers, claimed.claim.numbers, number.digits) for one in trunk.claims
        ):
            continue  # Both claim it, which is told as such.
        if claimed is None:
            message = f"no trunk claims the number: {quoted(number.digits)}"
            place = Label(trunk.claims[0].span, f"the numbers of {quoted(trunk.name.text)}")
        else:
            owner = quoted(claimed.trunk.name.text)
            message = f"the number is trunk {owner}'s: {quoted(number.digits)}"
            place = Label(claimed.claim.span, f"claimed by {owner}")
        hint = "call a number of the trunk"
        yield Diagnostic(CODE, "error", TITLE, message, number.span, "called here", (place,), hint)
