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
from functools import partial
from pathlib import Path

import click

from sipfo.cli.amending import Served, serve, tell
from sipfo.cli.api import Api, ApiWanted, serving
from sipfo.cli.journal import Journal
from sipfo.cli.keeping import Keeper, Keeping, keeping
from sipfo.cli.life import Life
from sipfo.cli.lines import Lines
from sipfo.cli.living import Living, living
from sipfo.cli.log import Form, open_log
from sipfo.cli.network import CA, DNS, TLS_CLIENT
from sipfo.cli.registering import Registering, registering
from sipfo.cli.reloading import Reloader
from sipfo.cli.secrets import secrets_of
from sipfo.cli.watching import CannotWatch, Watching, watching
from sipfo.runtime.capability import CannotServe
from sipfo.runtime.limits import DIGESTS, Limits
from sipfo.runtime.mapping import BadMapping, Mapping, parse_mapping
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.steering import MOST_ENGINES
from sipfo.runtime.wire.bindings.cabinet import CannotStore
from sipfo.runtime.wire.book import CannotKeep
from sipfo.runtime.wire.calm import Collector
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
@serving
@click.option(
    "--changes",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where it is kept what is changed over the API; without this FILE.changes.",
)
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
    changes: Path | None,
    form: Form,
    watching: Watching,
    keeping: Keeping,
    api: ApiWanted,
    living: Living,
    registering: Registering,
    workers: int,
) -> None:
    """Carry calls by a policy or a plan until SIGINT or SIGTERM.

    No new calls are taken then; those under way have the grace time to end. SIGHUP reads the file
    again: new calls go by what it says now, if it is good, and calls under way by what it said. It
    takes every certificate file anew as well; within a minute of a change that happens by itself.
    """
    journal = Journal(file, changes)
    changes_before = journal.read()
    served = serve(file, changes_before)
    left = served.situation.changes
    if not changes_before.is_empty and left != changes_before:
        journal.write(left)  # what the policy has come to say itself is no change any more
    tell(served.remarks)
    secrets = secrets_of(served.plan, secrets_file)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="sipfo: %(message)s")
    try:
        legacy = living.legacy()
        with keeping.open(inherits=legacy is not None and legacy.has_calls) as keeper:
            trust = Trust(ca, shown)
            asyncio.run(
                _serve(
                    *(file, served, journal, mapping, dns or None, trust, watching, form, keeper),
                    *(secrets_file, secrets, living, legacy, Limits(digests=digests), api),
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
    served: Served,
    journal: Journal,
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
    wanted: ApiWanted,
    registering: Registering,
    workers: int,
) -> None:
    plan = served.plan
    epoch = time.time() - asyncio.get_running_loop().time()
    lines = Lines(sys.stdout)
    log = open_log(form, lambda moment: moment + epoch, lines.write)
    async with contextlib.AsyncExitStack() as held:
        held.callback(lines.close)
        api = Api(wanted, journal, secrets_file)
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
            witnesses=[*keeper.witnesses, *api.witnesses, log.record],
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
        find = partial(secrets_of, path=secrets_file)
        reloader = Reloader(file, server, find, journal, served.situation)
        held.push_async_callback(api.close)
        await api.open(server, reloader, lambda moment: moment + epoch, living.take_over)
        life = Life(living, server, reloader, log, keeper, api)

        def ready() -> None:
            log.ready(places, len(plan.trunks))
            # This takes a moment, in which nobody may wait for the control socket.
            held.callback(Collector(server.engine).close)

        await life.live(ready)
        log.stopped()
