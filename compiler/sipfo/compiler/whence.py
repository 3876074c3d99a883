"""From what a plan says back to where the policy says it: names, rules and timers to their spans.

What would surprise: where the policy says nothing, because a default holds, there is no span.
"""

from __future__ import annotations

from sipfo.compiler import policy
from sipfo.grammar.source import Span
from sipfo.plan import model


class Whence:
    """The places of one policy's parts."""

    def __init__(self, source: policy.Policy) -> None:
        """`source` has no errors."""
        self._retries = {one.name.text: one for one in source.retries}
        self._trunks = {one.name.text: one for one in source.trunks}
        places: tuple[policy.Route | policy.Carrier, ...] = (*source.routes, *source.carriers)
        self._places = {one.name.text: one for one in places}
        self._regions = {one.name.text: one for one in source.regions}

    def trunk(self, trunk: str) -> Span | None:
        """The name of a trunk's block."""
        found = self._trunks.get(trunk)
        return found.name.span if found is not None else None

    def claim(self, trunk: str, number: str) -> Span | None:
        """The narrowest of a trunk's claims that a number is in."""
        found = self._trunks.get(trunk)
        claims = found.claims if found is not None else ()
        fitting = [one for one in claims if _holds(one.numbers, number)]
        return max(fitting, key=lambda one: _narrowness(one.numbers)).span if fitting else None

    def egress(self, trunk: str, egress: str) -> Span | None:
        """Where a trunk says that it sends from this address; None for the listening one."""
        found = self._trunks.get(trunk)
        words = found.egresses if found is not None else ()
        region = egress.rpartition(".")[0]
        return next((one.span for one in words if one.text in (egress, region)), None)

    def address(self, egress: str) -> Span | None:
        """Where an address to send from is declared."""
        region, _, which = egress.rpartition(".")
        found = self._regions.get(region)
        if found is None:
            return None
        endpoint = found.primary if which == "primary" else found.secondary
        return endpoint.span if endpoint is not None else None

    def listed(self, trunk: str, place: str) -> Span | None:
        """Where a trunk names a route, or its forward a carrier."""
        found = self._trunks.get(trunk)
        if found is None:
            return None
        carriers = found.forward.carriers if found.forward is not None else ()
        return next((one.span for one in (*found.routes, *carriers) if one.text == place), None)

    def destination(self, place: str) -> Span | None:
        """Where a route or carrier says what it leads to."""
        found = self._places.get(place)
        if found is None:
            return None
        match found.destination:
            case policy.Uri(span=span):
                return span
            case policy.ToRegion(region=word):
                return word.span
            case policy.ToRegistered(user_span=span):
                return span
            case None:
                return found.name.span

    def shaping(self, carrier: str) -> Span | None:
        """Where a carrier says how it wants the number, if it does."""
        found = self._places.get(carrier)
        return found.shaping_span if isinstance(found, policy.Carrier) else None

    def forward(self, trunk: str) -> Span | None:
        """A trunk's `on failure`, if it has one."""
        found = self._trunks.get(trunk)
        return found.forward.span if found is not None and found.forward is not None else None

    def deadline(self, trunk: str) -> Span | None:
        """A trunk's `deadline`, if it has one."""
        found = self._trunks.get(trunk)
        return found.deadline.span if found is not None and found.deadline is not None else None

    def retry(self, trunk: str) -> Span | None:
        """Where a trunk names its retry policy."""
        found = self._trunks.get(trunk)
        return found.retry.span if found is not None and found.retry is not None else None

    def rule(self, retry: str, rule: model.Rule | None) -> Span | None:
        """One match of a retry policy; `otherwise` for None."""
        found = self._retries.get(retry)
        if found is None:
            return None
        if rule is None:
            return found.otherwise_span
        wanted = (rule.match, rule.verdict)
        return next((o.span for o in found.rules if (o.match, o.verdict) == wanted), None)

    def timer(self, retry: str, phase: model.Timer) -> Span | None:
        """One of a retry policy's timers; None where its default holds."""
        found = self._retries.get(retry)
        timers = found.timers if found is not None else ()
        return next((one.span for one in timers if one.phase == phase), None)

    def commits(self, retry: str) -> tuple[Span, ...]:
        """The commit points of a retry policy."""
        found = self._retries.get(retry)
        return tuple(one.span for one in found.commits) if found is not None else ()


def _holds(numbers: model.Numbers, number: str) -> bool:
    match numbers:
        case model.NumberRange(first=first, last=last):
            return len(number) == len(first) and first <= number <= last
        case model.NumberPrefix(prefix=prefix):
            return number.startswith(prefix)
        case model.AnyNumber():
            return True


def _narrowness(numbers: model.Numbers) -> tuple[int, int]:
    """A range is narrower than any prefix, a longer prefix than a shorter one; of two ranges that
    hold a number, the one that starts last."""
    match numbers:
        case model.NumberRange(first=first):
            return 2, int(first[1:])
        case model.NumberPrefix(prefix=prefix):
            return 1, len(prefix)
        case model.AnyNumber():
            return 0, 0
