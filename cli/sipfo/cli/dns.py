"""`sipfo dns check`: what DNS publishes, beside what a policy needs, and where callers are led.

What would surprise: nothing is remembered between two runs, but one resolver in between remembers,
so that a lifetime that is shown may already be partly over.
"""

from __future__ import annotations

import json
import sys

import click

from sipfo.cli.network import RESOLVER
from sipfo.cli.reading import Unusable, read_policy, shown
from sipfo.cli.terminal import style
from sipfo.cli.zones import DOMAIN, RECORDS, TTL, Zone
from sipfo.compiler.targets.dns.records import Form
from sipfo.compiler.targets.safe import CannotSay
from sipfo.verify.lab.asker import Asker, NobodyToAsk
from sipfo.verify.style import Style
from sipfo.verify.words import printable
from sipfo.verify.zone.published import Published
from sipfo.verify.zone.survey import Survey, Way, survey


@click.group("dns")
def command() -> None:
    """Compare what DNS publishes with what a policy needs."""


@command.command("check")
@click.argument("file", type=click.Path())
@RESOLVER
@DOMAIN
@TTL
@RECORDS
@click.option(
    "--format",
    "form_of_output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or JSON.",
)
def check(
    file: str,
    resolver: list[tuple[str, int]],
    domain: str | None,
    ttl: int | None,
    form: Form,
    form_of_output: str,
) -> None:
    """Look up a policy's names, and say what is missing, extra or in the wrong order.

    Names are the domains of the policy's own regions, as `sipfo compile --target dns` writes them,
    and the host names of routes and carriers. For each, the targets are shown in the order in which
    a caller tries them (RFC 3263); those of one priority in their likeliest order.

    Exits 1 when there is a finding, 2 when FILE cannot be used or there is nobody to ask.
    """
    plan, compilation = read_policy(file)
    zone = Zone(domain, ttl, form)
    has_names = any(route.registered is None for route in plan.routes)
    try:
        found = zone.sites(compilation)
    except CannotSay as error:
        if domain is not None or not has_names:
            raise Unusable(f"{shown(file)}: {error}") from None
        found, nothing = (), str(error)
    else:
        nothing = ""
    try:
        published = Published(Asker(resolver or None).ask)
        made = survey(plan, found, published, zone.most(plan), form)
    except NobodyToAsk as error:
        raise Unusable(str(error)) from None
    if not made.ways:
        raise Unusable(f"{shown(file)}: no name to look up: {nothing}")
    if form_of_output == "json":
        click.echo(json.dumps(_document(made), indent=2))
    else:
        click.echo("\n".join(_lines(made, style())))
    sys.exit(1 if made.findings else 0)


def _lines(made: Survey, look: Style) -> list[str]:
    lines: list[str] = []
    for way in made.ways:
        lines += [f"{way.what}: {printable(way.uri)}", *_targets(way, look), ""]
    if not made.findings:
        return [*lines, look.paint("DNS publishes what the policy needs", "green")]
    for one in made.findings:
        kind = look.paint(f"{one.kind}:", "red")
        lines.append(f"{kind} {printable(one.about)}: {printable(one.text)}")
    count = len(made.findings)
    return [*lines, "", f"{count} finding{'s' if count > 1 else ''}"]


def _targets(way: Way, look: Style) -> list[str]:
    if way.failure:
        return [f"  leads nowhere: {printable(way.failure)}"]
    width = max(len(str(one)) for one in way.targets)
    return [
        f"  {number} {one!s:{width}}  {look.paint(printable(one.why), 'dim')}"
        for number, one in enumerate(way.targets, start=1)
    ]


def _document(made: Survey) -> dict[str, object]:
    return {
        "ways": [
            {
                "what": way.what,
                "uri": way.uri,
                "targets": [{"target": str(one), "why": one.why} for one in way.targets],
                "failure": way.failure or None,
            }
            for way in made.ways
        ],
        "findings": [
            {"kind": one.kind, "about": one.about, "text": one.text} for one in made.findings
        ],
    }
