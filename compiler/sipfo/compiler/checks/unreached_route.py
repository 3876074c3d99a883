"""No call can reach a route, an address or a carrier, because nothing fails over to it.

Avoid: `routes sequential a, b` under a retry policy without any `failover`.
Prefer: `failover on 503, transport-error, no-response`, or one route.
Why: a standby that is never tried looks like protection and is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.plan.model import Plan, Retry

CODE: Final = "SF702"
TITLE: Final = "Never reached"


def check(subject: Subject, plan: Plan) -> Iterator[Diagnostic]:
    """A warning for each trunk; a Retry-After, which passes a route over, is not looked at."""
    retries = {retry.name: retry for retry in plan.retries}
    names = {one.name.text: one.name for one in subject.policy.retries}
    for trunk, own in zip(plan.trunks, subject.policy.trunks, strict=True):
        if trunk.forward is not None and trunk.forward.always:
            continue
        if _fails_over(retries[trunk.retry]) or own.retry is None:
            continue
        # By turns or by draw every route comes first for some call.
        routes = own.routes[1:] if trunk.method == "sequential" else ()
        carriers = own.forward.carriers if own.forward is not None else ()
        never = [*routes, *carriers]
        if not never and len(trunk.egress) < 2:
            continue
        span = never[0].span if never else own.egresses[-1].span
        left = [quoted(word.text) for word in never] or [quoted(trunk.egress[-1])]
        shown = left if len(left) <= 4 else [*left[:3], f"{len(left) - 3} more"]
        yield Diagnostic(
            CODE,
            "warning",
            TITLE,
            f"nothing fails over on trunk {quoted(trunk.name)}: {one_of(shown, 'and')} "
            f"{'is' if len(left) == 1 else 'are'} never tried",
            span,
            "never tried",
            (Label(names[trunk.retry].span, "no outcome is to fail over"),),
            "say which outcomes do: `failover on 503, transport-error, no-response`",
        )


def _fails_over(retry: Retry) -> bool:
    return retry.otherwise == "failover" or any(rule.verdict == "failover" for rule in retry.rules)
