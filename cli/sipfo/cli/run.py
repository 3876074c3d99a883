"""`sipfo run`: carry calls by a policy or a plan, until told to stop.

One line per attempt and one per call on standard output, for a person and for grep; everything
else on standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from datetime import datetime
from ipaddress import ip_address

import click

from sipfo.cli.reading import read_plan_of
from sipfo.plan.model import Plan
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.mapping import BadMapping, Mapping, parse_mapping
from sipfo.runtime.record import AttemptRecord, CallRecord, Notice
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.wire.certificate import PemFiles, Trust, UnusableCertificate
from sipfo.runtime.wire.server import CannotListen, Server

GRACE = 10.0
"""Seconds that calls under way are given when the server is told to stop."""


def _mapping(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> Mapping:
    try:
        return parse_mapping(value)
    except BadMapping as error:
        raise click.BadParameter(str(error)) from None


def _nameserver(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> list[tuple[str, int]]:
    servers = []
    for text in value:
        host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "53")
        try:
            servers.append((str(ip_address(host)), int(port)))
        except ValueError:
            raise click.BadParameter(f"`{text}`: write 192.0.2.53 or 192.0.2.53:5353") from None
    return servers


def _pem_files(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> PemFiles | None:
    if value is None:
        return None
    certificate, _, key = value.partition(",")
    return PemFiles(certificate, key or None)


@click.command()
@click.argument("file", metavar="FILE|PLAN", type=click.Path(dir_okay=False, allow_dash=False))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="DECLARED=ACTUAL",
    callback=_mapping,
    help="Use another address for a declared one, as in 192.76.120.10=127.0.0.2. Repeatable.",
)
@click.option(
    "--dns",
    multiple=True,
    metavar="HOST[:PORT]",
    callback=_nameserver,
    help="Ask this nameserver instead of the system's. Repeatable.",
)
@click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=GRACE,
    show_default=True,
    metavar="SECONDS",
    help="How long calls under way may go on after SIGINT or SIGTERM; a second signal ends them.",
)
@click.option(
    "--ca",
    metavar="FILE",
    help="Believe these authorities' certificates of TLS targets, instead of the system's.",
)
@click.option(
    "--tls-client",
    "shown",
    metavar="CERT[,KEY]",
    callback=_pem_files,
    help="Show this certificate to TLS targets that ask for one.",
)
def command(
    file: str,
    mapping: Mapping,
    dns: list[tuple[str, int]],
    grace: float,
    ca: str | None,
    shown: PemFiles | None,
) -> None:
    """Carry calls by a policy or a plan until SIGINT or SIGTERM.

    No new calls are taken then; those under way have the grace time to end. SIGHUP takes every
    certificate file anew; within a minute of a change that happens by itself.
    """
    plan = read_plan_of(file)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="sipfo: %(message)s")
    try:
        asyncio.run(_serve(plan, mapping, dns or None, grace, Trust(ca, shown)))
    except (CannotListen, CannotServe, UnusableCertificate) as error:
        raise click.ClickException(str(error)) from None


async def _serve(
    plan: Plan,
    mapping: Mapping,
    nameservers: list[tuple[str, int]] | None,
    grace: float,
    trust: Trust,
) -> None:
    stop, at_once = asyncio.Event(), asyncio.Event()

    def told() -> None:
        (at_once if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told)
    server = await Server.start(
        plan,
        mapping=mapping,
        nameservers=nameservers,
        on_attempt=lambda record: _say(attempt_line(record)),
        on_call=lambda record: _say(call_line(record)),
        on_notice=lambda record: _say(notice_line(record)),
        trust=trust,
    )
    loop.add_signal_handler(signal.SIGHUP, server.reload_certificates)
    try:
        places = ", ".join(
            f"{one.transport} {encode_host(*mapping.actual(one.host, one.port))}"
            for one in plan.listen
        )
        _say(f"ready  {places}  {len(plan.trunks)} trunk{'s' * (len(plan.trunks) != 1)}")
        await stop.wait()
        if server.calls_alive:
            _say(f"draining  {server.calls_alive} under way, {grace:g} s at most")
        drain = asyncio.create_task(server.drain(grace))
        second = asyncio.create_task(at_once.wait())
        await asyncio.wait((drain, second), return_when=asyncio.FIRST_COMPLETED)
        if not drain.done():
            drain.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await drain
            await server.drain(0)
        second.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)  # we are going as fast as we can
        _say("stopped")
    finally:
        await server.close()


def attempt_line(record: AttemptRecord) -> str:
    """One ended attempt."""
    one = record.attempt
    outcome = f"{one.outcome} {one.phrase}".rstrip()
    return (
        f"call {record.call}  attempt {record.number}  {one.egress} to {one.route}"
        f"  {one.target or 'unresolved'}  {outcome}  {one.took:.3f} s"
    )


def call_line(record: CallRecord) -> str:
    """One call whose set-up is over."""
    result = record.ladder.result
    by = f" by {result.by}" if result.by is not None else ""
    count = len(record.ladder.attempts)
    return (
        f"call {record.call}  {record.trunk}  {record.source} to {record.number}"
        f"  {result.kind} {result.code}{by}  {record.ladder.elapsed:.3f} s"
        f"  {count} attempt{'s' * (count != 1)}"
    )


def notice_line(record: Notice) -> str:
    """Anything else; control characters of a peer's text never reach a terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in record.text)
    return f"call {record.call}  {text}"


def _say(line: str) -> None:
    printable = "".join(letter if letter.isprintable() else "?" for letter in line)
    stamp = datetime.now().astimezone().isoformat(timespec="milliseconds")
    click.echo(f"{stamp}  {printable}")
    sys.stdout.flush()
