"""The options of what sipfo does with DNS zones, and what they come to for a policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from sipfo.compiler.pipeline import Compilation
from sipfo.compiler.targets.dns.emit import render
from sipfo.compiler.targets.dns.records import Form
from sipfo.compiler.targets.dns.site import Site, sites
from sipfo.plan.model import Plan

if TYPE_CHECKING:
    from sipfo.compiler.targets.folder import Files

DOMAIN = click.option(
    "--domain",
    metavar="NAME",
    help="The domain by which callers find the addresses, instead of the regions' own.",
)
TTL = click.option(
    "--ttl",
    type=click.IntRange(1, 604_800),
    metavar="SECONDS",
    help="How long a record may be remembered, instead of the longest that a caller waits (30 to 3600).",
)
RECORDS = click.option(
    "--records",
    "form",
    type=click.Choice(["srv", "a"]),
    default="srv",
    show_default=True,
    help="NAPTR, SRV and address records; or an address record for each address alone.",
)


@dataclass(frozen=True, slots=True)
class Zone:
    """What was asked for."""

    domain: str | None = None
    ttl: int | None = None
    form: Form = "srv"

    def sites(self, compilation: Compilation) -> tuple[Site, ...]:
        """The sites of a policy that compiled. Raises CannotSay."""
        assert compilation.policy is not None  # it compiled
        return sites(compilation.policy, self.domain)

    def most(self, plan: Plan) -> int:
        """How long a record may be remembered, in seconds."""
        if self.ttl is not None:
            return self.ttl
        from sipfo.verify.budget.budget import budgets
        from sipfo.verify.zone.survey import most_seconds

        return most_seconds(max(one.longest for one in budgets(plan)))

    def files(self, compilation: Compilation, plan: Plan, headline: str) -> Files:
        """The zone files of a policy. Raises CannotSay."""
        return render(self.sites(compilation), self.most(plan), self.form, headline)
