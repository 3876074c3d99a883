"""`sipfo ping`: where a SIP URI leads by RFC 3263, question by question, and whether it answers."""

from __future__ import annotations

import asyncio
import sys
from ipaddress import ip_address

import click

from sipfo.cli.network import CA, DNS, TLS_CLIENT
from sipfo.cli.reading import Unusable
from sipfo.cli.terminal import style
from sipfo.runtime.locate import SUPPORTED, Target, reaches
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.trail import Trail
from sipfo.runtime.wire.certificate import PemFiles, Trust, UnusableCertificate
from sipfo.runtime.wire.dns import Resolver
from sipfo.runtime.wire.ping import Pinger, Pong
from sipfo.verify.style import Paint, Style
from sipfo.verify.words import printable

PATIENCE = 5.0
"""Seconds that an answer is waited for."""

INTERVAL = 1.0
"""Seconds between two pings of one target."""

FOREIGN = "passed over: it is of another address family than --from"


def _source(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else str(ip_address(value))
    except ValueError:
        raise click.BadParameter(f"`{value}`: write an address, as in 192.0.2.10") from None


@click.command("ping")
@click.argument("uri", metavar="URI")
@click.option(
    "--from",
    "source",
    metavar="ADDRESS",
    callback=_source,
    help="Send from this address of ours, as an egress would.",
)
@click.option("--all", "every", is_flag=True, help="Ping every target, not just the first.")
@click.option(
    "--count",
    type=click.IntRange(1, 1_000_000),
    default=1,
    show_default=True,
    metavar="N",
    help="How often each target is pinged.",
)
@click.option(
    "--wait",
    "patience",
    type=click.FloatRange(min=0.01, max=32),
    default=PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="How long an answer is waited for.",
)
@DNS
@CA
@TLS_CLIENT
def command(
    uri: str,
    source: str | None,
    every: bool,
    count: int,
    patience: float,
    dns: list[tuple[str, int]],
    ca: str | None,
    shown: PemFiles | None,
) -> None:
    """Say where a SIP URI leads, and send OPTIONS there.

    Prints every DNS question with its answer, the targets in the order in which a call tries them,
    and each answer with its round trip. Ends with 0 if each target that was pinged answered at
    least once, whatever the answer was, else with 1.

    \b
      sipfo ping sip:pbx.example.com
      sipfo ping 'sip:192.0.2.1;transport=tcp' --from 192.0.2.10 --count 3
    """
    parsed = _uri(uri)
    try:
        answered = asyncio.run(
            _ping(parsed, source, every, count, patience, dns or None, Trust(ca, shown))
        )
    except UnusableCertificate as error:
        raise Unusable(str(error)) from None
    sys.exit(0 if answered else 1)


def _uri(text: str) -> SipUri:
    """A URI, or a host that stands for one. Raises Unusable."""
    whole = text if text.lower().startswith(("sip:", "sips:")) else f"sip:{text}"
    try:
        return parse_uri(whole)
    except Malformed:
        raise Unusable(
            f"{printable(text)} is no SIP URI: write sip:host or sip:host:port"
        ) from None


async def _ping(
    uri: SipUri,
    source: str | None,
    every: bool,
    count: int,
    patience: float,
    nameservers: list[tuple[str, int]] | None,
    trust: Trust,
) -> bool:
    look = style()
    resolver, pinger = Resolver(nameservers), Pinger(source, trust)
    try:
        trail = await resolver.trail(uri, SUPPORTED)
        for line in _trail_lines(trail, source, look):
            click.echo(line)
        reached = [one for one in trail.targets if source is None or reaches(source, one)]
        chosen = reached if every else reached[:1]
        answers = [await _ping_one(pinger, uri, one, count, patience, look) for one in chosen]
    finally:
        await pinger.close()
        await resolver.close()
    return bool(answers) and all(answers)


async def _ping_one(
    pinger: Pinger, uri: SipUri, target: Target, count: int, patience: float, look: Style
) -> bool:
    """Whether the target answered at least once."""
    answered = False
    for number in range(count):
        if number:
            await asyncio.sleep(INTERVAL)
        try:
            pong = await pinger.ping(uri, target, patience)
        except OSError as error:
            pong = Pong(0.0, failure=error.strerror or str(error))
        answered = answered or pong.status is not None
        click.echo(f"{target}  {pong_words(pong, look)}")
    return answered


def _trail_lines(trail: Trail, source: str | None, look: Style) -> list[str]:
    lines = [f"? {printable(str(one))}" for one in trail.asked]
    if trail.failure is not None:
        return [*lines, look.paint(printable(trail.failure.said), "red")]
    for number, target in enumerate(trail.targets, start=1):
        why = f"  {look.paint(printable(target.why), 'dim')}" if target.why else ""
        foreign = source is not None and not reaches(source, target)
        lines.append(f"{number} {target}{why}{f'  {FOREIGN}' if foreign else ''}")
    return lines


def pong_words(pong: Pong, look: Style) -> str:
    """What came of one ping."""
    if pong.status is None:
        return look.paint(printable(pong.failure), "red")
    paint: Paint = "green" if pong.status < 300 else "yellow"
    answer = look.paint(f"{pong.status} {printable(pong.phrase)}".rstrip(), paint)
    server = f"  {printable(pong.server)}" if pong.server else ""
    return f"{answer}  {pong.took * 1000:.1f} ms{server}"
