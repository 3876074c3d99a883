"""`--hep` and `--pcap` of `sipfo run`: what they say to a tap on the server's messages."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final, Literal

import click

from sipfo.runtime.hep import Agent
from sipfo.runtime.wire.hep import TcpCollector, UdpCollector
from sipfo.runtime.wire.pcap import CannotCapture, Capture
from sipfo.runtime.wire.tap import Tap, Watcher

MEGABYTE: Final = 1_000_000
PCAP_SIZE: Final = 100
"""Megabytes of a capture file before the next is begun."""

_PLACE = re.compile(
    r"(?:(?P<transport>udp|tcp):)?(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\],]+)):(?P<port>[0-9]{1,5})"
)
_FORM: Final = "write `10.0.0.9:9060`, with `tcp:` before it or `,id=7,name=sbc,key=env:NAME` after"
_MOST_AGENT: Final = 0xFFFFFFFF


class CannotWatch(Exception):
    """A collector or file cannot be used; says why."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Where HEP goes; `host` may be a name, which is looked up once, at the start."""

    transport: Literal["udp", "tcp"]
    host: str
    port: int
    agent: Agent


@dataclass(frozen=True, slots=True)
class Watching:
    """Everything that is to look on; `pcap_size` is in megabytes."""

    collectors: tuple[Collector, ...] = ()
    pcap: str | None = None
    pcap_size: float = PCAP_SIZE

    async def open(self) -> Tap | None:
        """The tap, if anybody looks on. Raises CannotWatch."""
        watchers: list[Watcher] = []
        try:
            if self.pcap is not None:
                watchers.append(Capture(Path(self.pcap), round(self.pcap_size * MEGABYTE)))
            for one in self.collectors:
                watchers.append(await _open(one))
        except (CannotCapture, CannotWatch) as error:
            for watcher in watchers:
                await watcher.close()
            raise CannotWatch(str(error)) from None
        return Tap(watchers) if watchers else None


async def _open(one: Collector) -> Watcher:
    """Raises CannotWatch."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(one.host, one.port, type=socket.SOCK_DGRAM)
        address = (str(found[0][4][0]), one.port)
        if one.transport == "tcp":
            return TcpCollector(address, one.agent)
        return UdpCollector(address, one.agent)
    except OSError as error:
        raise CannotWatch(f"cannot send HEP to {one.host}: {error.strerror}") from None


def _collectors(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[Collector, ...]:
    return tuple(map(_collector, value))


def _collector(text: str) -> Collector:
    place, *settings = text.split(",")
    found = _PLACE.fullmatch(place)
    port = int(found["port"]) if found is not None else 0
    if found is None or not 1 <= port <= 65535:
        raise click.BadParameter(f"`{text}`: {_FORM}")
    known = {"id": "1", "name": "", "key": ""}
    for setting in settings:
        name, equals, given = setting.partition("=")
        if name not in known or not equals:
            raise click.BadParameter(f"`{setting}`: {_FORM}")
        known[name] = given
    if not re.fullmatch(r"[0-9]{1,10}", known["id"]) or int(known["id"]) > _MOST_AGENT:
        raise click.BadParameter(f"`id={known['id']}`: write a number up to {_MOST_AGENT}")
    return Collector(
        "tcp" if found["transport"] == "tcp" else "udp",
        found["v6"] or found["host"],
        port,
        Agent(int(known["id"]), known["name"], _key(known["key"])),
    )


def _key(text: str) -> str:
    """`env:NAME` stands for what the environment has, so that no list of processes shows it."""
    if not text.startswith("env:"):
        return text
    name = text.removeprefix("env:")
    if name not in os.environ:
        raise click.BadParameter(f"`key={text}`: there is no `{name}` in the environment")
    return os.environ[name]


_HEP = click.option(
    "--hep",
    multiple=True,
    metavar="HOST:PORT[,id=N][,name=TEXT][,key=env:NAME]",
    callback=_collectors,
    help="Send every message to this HEP3 collector (Homer, sngrep) by UDP, or by TCP with"
    " `tcp:` before it. Repeatable.",
)
_PCAP = click.option(
    "--pcap",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write every message to this capture file.",
)
_PCAP_SIZE = click.option(
    "--pcap-size",
    type=click.FloatRange(min=0.01),
    default=PCAP_SIZE,
    show_default=True,
    metavar="MB",
    help="Begin the next capture file at this size; the last five are there.",
)


def watching(command: Callable[..., None]) -> Callable[..., None]:
    """The options for a command, which is given them as one argument, `watching`."""

    @_HEP
    @_PCAP
    @_PCAP_SIZE
    @wraps(command)
    def watched(
        *arguments: Any,
        hep: tuple[Collector, ...],
        pcap: str | None,
        pcap_size: float,
        **options: Any,
    ) -> None:
        command(*arguments, watching=Watching(hep, pcap, pcap_size), **options)

    return watched
