"""`sipfo run`: carry calls by a policy or a plan, until told to stop.

One line per attempt and one per call on standard output, for a person and for grep; everything
else on standard error.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time

import click

from sipfo.cli.keeping import Keeper, Keeping, keeping
from sipfo.cli.life import Life
from sipfo.cli.lines import Lines
from sipfo.cli.living import Living, living
from sipfo.cli.log import Form, open_log
from sipfo.cli.network import CA, DNS, TLS_CLIENT
from sipfo.cli.reading import read_plan_of
from sipfo.cli.registering import Registering, registering
from sipfo.cli.reloading import Reloader
from sipfo.cli.secrets import secrets_of
from sipfo.cli.watching import CannotWatch, Watching, watching
from sipfo.plan.model import Plan
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.limits import DIGESTS, Limits
from sipfo.runtime.mapping import BadMapping, Mapping, parse_mapping
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.steering import MOST_ENGINES
from sipfo.runtime.wire.bindings.cabinet import CannotStore
from sipfo.runtime.wire.book import CannotKeep
from sipfo.runtime.wire.calm import settle
from sipfo.runtime.wire.certificate import PemFiles, Trust, UnusableCertificate
from sipfo.runtime.wire.control import CannotControl
from sipfo.runtime.wire.doors import CannotListen
from sipfo.runtime.wire.handover import CannotTakeOver, Legacy
from sipfo.runtime.wire.metrics import CannotShow
from sipfo.runtime.wire.server import Server


def _mapping(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> Mapping:
    try:
        return parse_mapping(value)
    except BadMapping as error:
        raise click.BadParameter(str(error)) from None


def _digests(context: click.Context, parameter: click.Parameter, value: str) -> tuple[bytes, ...]:
    said = [one.strip().upper().encode() for one in value.split(",")]
    known = " or ".join(one.decode("ascii").lower() for one in DIGESTS)
    for place, one in enumerate(said):
        if one not in DIGESTS:
            shown = one.decode("utf-8", "replace").lower()
            raise click.BadParameter(f"`{shown}` is no algorithm here: write {known}")
        if one in said[:place]:
            raise click.BadParameter(f"`{one.decode('ascii').lower()}` stands twice")
    return tuple(said)


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
@DNS
@living
@CA
@TLS_CLIENT
@click.option(
    "--secrets",
    "secrets_file",
    metavar="FILE",
    help="Take the plan's secrets from this file of NAME=value lines before the environment.",
)
@click.option(
    "--digest",
    "digests",
    metavar="ALGORITHM,…",
    default=",".join(one.decode("ascii").lower() for one in DIGESTS),
    show_default=True,
    callback=_digests,
    help="What callers with a password are offered, the preferred first; some old phones fail at"
    " anything but md5.",
)
@registering
@watching
@keeping
@click.option(
    "--log",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What standard output says: lines to read, or one JSON object each.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_ENGINES),
    default=1,
    show_default=True,
    metavar="N",
    help="Carry calls in so many processes, to use as many cores; each call is in one of them.",
)
def command(
    file: str,
    mapping: Mapping,
    dns: list[tuple[str, int]],
    ca: str | None,
    shown: PemFiles | None,
    secrets_file: str | None,
    digests: tuple[bytes, ...],
    form: Form,
    watching: Watching,
    keeping: Keeping,
    living: Living,
    registering: Registering,
    workers: int,
) -> None:
    """Carry calls by a policy or a plan until SIGINT or SIGTERM.

    No new calls are taken then; those under way have the grace time to end. SIGHUP reads the file
    again: new calls go by what it says now, if it is good, and calls under way by what it said. It
    takes every certificate file anew as well; within a minute of a change that happens by itself.
    """
    plan = read_plan_of(file)
    secrets = secrets_of(plan, secrets_file)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="sipfo: %(message)s")
    try:
        legacy = living.legacy()
        with keeping.open(inherits=legacy is not None and legacy.has_calls) as keeper:
            trust = Trust(ca, shown)
            asyncio.run(
                _serve(
                    *(file, plan, mapping, dns or None, trust, watching, form, keeper),
                    *(secrets_file, secrets, living, legacy, Limits(digests=digests)),
                    *(registering, workers),
                )
            )
    except (
        CannotControl,
        CannotKeep,
        CannotListen,
        CannotServe,
        CannotShow,
        CannotStore,
        CannotTakeOver,
        CannotWatch,
        UnusableCertificate,
    ) as error:
        raise click.ClickException(str(error)) from None


async def _serve(
    file: str,
    plan: Plan,
    mapping: Mapping,
    nameservers: list[tuple[str, int]] | None,
    trust: Trust,
    watching: Watching,
    form: Form,
    keeper: Keeper,
    secrets_file: str | None,
    secrets: dict[str, Secret],
    living: Living,
    legacy: Legacy | None,
    limits: Limits,
    registering: Registering,
    workers: int,
) -> None:
    epoch = time.time() - asyncio.get_running_loop().time()
    lines = Lines(sys.stdout)
    log = open_log(form, lambda moment: moment + epoch, lines.write)
    async with contextlib.AsyncExitStack() as held:
        held.callback(lines.close)
        tap = await watching.open()
        if tap is not None:
            held.push_async_callback(tap.close)
        bindings = await held.enter_async_context(registering.open())
        server = await Server.start(
            plan,
            mapping=mapping,
            nameservers=nameservers,
            trust=trust,
            secrets=secrets,
            witnesses=[*keeper.witnesses, log.record],
            tap=tap,
            legacy=legacy,
            limits=limits,
            bindings=bindings,
            instance=registering.instance,
            workers=workers,
        )
        held.push_async_callback(server.close)
        held.push_async_callback(keeper.hide)
        await keeper.show(server.gauges, server.refresh, server.others)
        places = [
            f"{one.transport} {encode_host(one.host, one.port)}"
            for one in server.engine.tenure.plan.listen
        ]
        reloader = Reloader(file, server, lambda plan: secrets_of(plan, secrets_file))
        life = Life(living, server, reloader, log, keeper)

        def ready() -> None:
            log.ready(places, len(plan.trunks))
            settle()  # takes a moment, in which nobody may wait for the control socket

        await life.live(ready)
        log.stopped()
