"""`--records`, `--records-sync` and `--metrics` of `sipfo run`: where calls are kept and counted.

What would surprise: the books are opened before the first socket and closed after the last one, so
that no call is without its row.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from ipaddress import ip_address
from typing import Any, Final

import click

from sipfo.runtime.metrics import Gauges, Kept, Meter
from sipfo.runtime.record import Record
from sipfo.runtime.wire.book import CannotKeep, Sync
from sipfo.runtime.wire.books import called, check_name
from sipfo.runtime.wire.handed_book import HandedBook
from sipfo.runtime.wire.ledger import Ledger, open_ledger
from sipfo.runtime.wire.metrics import CannotShow, MetricsPage

_PLACE: Final = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^:\[\]]+)):(?P<port>[0-9]{1,5})")

FREE_WITHIN: Final = 10.0
"""Seconds that another process is given to let the page's address go."""

LOOK_AGAIN: Final = 0.05


Refresh = Callable[[], Awaitable[None]]


async def _fresh() -> None:
    """What is shown is of the moment anyway."""


def _none(figure: str) -> float:
    """There are no other processes."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the options ask for."""

    records: tuple[str, ...] = ()
    sync: Sync = "full"
    metrics: tuple[str, int] | None = None

    @contextmanager
    def open(self, inherits: bool = False) -> Iterator[Keeper]:
        """Every book, until the end; those that it `inherits` when their process lets them go.
        Raises CannotKeep."""
        keeper = Keeper(self, inherits)
        try:
            keeper.open(inherits)
            yield keeper
        finally:
            keeper.close()


class Keeper:
    """The open books, and the counters."""

    def __init__(self, keeping: Keeping, inherits: bool = False) -> None:
        """`inherits`: another process has the books and the page until it lets them go."""
        self.ledgers: list[Ledger] = []
        self._keeping = keeping
        self._inherits = inherits
        self._meter = Meter()
        self._page: MetricsPage | None = None
        self._shown: tuple[Callable[[], Gauges], Refresh, Callable[[str], float]] | None = None

    @property
    def witnesses(self) -> list[Callable[[Record], None]]:
        """Who must be told of every record; nobody, if none is kept and none is counted."""
        keeping = [self._keep] if self._keeping.records else []
        counting = [self._meter.take] if self._keeping.metrics is not None else []
        return [*keeping, *counting]

    def open(self, inherits: bool = False) -> None:
        """Open every book. Raises CannotKeep."""
        for name in self._keeping.records:
            sync = self._keeping.sync
            if inherits:
                self.ledgers.append(Ledger(called(name), HandedBook(name, sync)))
            else:
                self.ledgers.append(open_ledger(name, sync))

    def close(self) -> None:
        """Write what waits, and let every book go. Blocks so long."""
        while self.ledgers:
            self.ledgers.pop().close()

    async def show(
        self,
        gauges: Callable[[], Gauges],
        refresh: Refresh = _fresh,
        others: Callable[[str], float] = _none,
    ) -> None:
        """The page of metrics, if one is asked for, until `hide`. `refresh` is awaited before each
        look, `others` says what other processes of this server take. Raises CannotShow."""
        self._shown = gauges, refresh, others
        place = self._keeping.metrics
        if place is None:
            return
        page = MetricsPage(
            lambda: self._meter.families(gauges(), [*map(_kept, self.ledgers)]), refresh, others
        )
        self._page = page
        end = time.monotonic() + (FREE_WITHIN if self._inherits else 0.0)
        while True:
            try:
                await page.open(*place)
            except CannotShow:
                if time.monotonic() >= end:
                    raise
                await asyncio.sleep(LOOK_AGAIN)
            else:
                return

    async def hide(self) -> None:
        """Show metrics no more."""
        if self._page is not None:
            await self._page.close()

    async def hand_on(self) -> None:
        """Let another process have the books and the page."""
        await self.hide()
        await asyncio.to_thread(self.close)

    async def take_back(self) -> None:
        """That process is gone. Raises CannotShow."""
        self.open(inherits=True)
        if self._shown is not None:
            await self.show(*self._shown)

    def _keep(self, record: Record) -> None:
        for ledger in self.ledgers:
            ledger.keep(record)


def _kept(ledger: Ledger) -> Kept:
    return Kept(ledger.name, ledger.acknowledged, ledger.lost, ledger.waiting, ledger.through)


def _names(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for name in value:
        try:
            check_name(name)
        except CannotKeep as error:
            raise click.BadParameter(str(error)) from None
        if value.count(name) > 1:
            raise click.BadParameter(f"{name} is given twice")
    return value


def place(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, int] | None:
    """The host and port of an option."""
    if value is None:
        return None
    found = _PLACE.fullmatch(value)
    try:
        if found is None:
            raise ValueError(value)
        host, port = str(ip_address(found["v6"] or found["v4"])), int(found["port"])
    except ValueError:
        port = -1
    if not 0 < port < 65536:
        raise click.BadParameter(f"`{value}`: write 127.0.0.1:9060 or [::1]:9060")
    return host, port


_RECORDS = click.option(
    "--records",
    multiple=True,
    metavar="BOOK",
    callback=_names,
    help="Keep a record of every call here: calls.db, calls.jsonl, calls.csv or a postgresql://"
    " URL. Repeatable.",
)
_SYNC = click.option(
    "--records-sync",
    type=click.Choice(["normal", "full"]),
    default="full",
    show_default=True,
    help="What a record in a database survives: the end of the process, or that of the power too.",
)
_METRICS = click.option(
    "--metrics",
    metavar="HOST:PORT",
    callback=place,
    help="Show metrics to Prometheus at http://HOST:PORT/metrics, as in 127.0.0.1:9060.",
)


def keeping(command: Callable[..., None]) -> Callable[..., None]:
    """The options for a command, which is given them as one argument, `keeping`."""

    @_RECORDS
    @_SYNC
    @_METRICS
    @wraps(command)
    def kept(
        *arguments: Any,
        records: tuple[str, ...],
        records_sync: Sync,
        metrics: tuple[str, int] | None,
        **options: Any,
    ) -> None:
        command(*arguments, keeping=Keeping(records, records_sync, metrics), **options)

    return kept
