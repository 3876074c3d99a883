"""The modules that a configuration loads: no more than it uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.targets.kamailio.view import Uses

ALWAYS: Final = (
    "db_text",
    "ctl",
    "kex",  # kamcmd stats.get_statistics, for who watches it
    "tm",
    "tmx",
    "sl",
    "rr",
    "pv",
    "maxfwd",
    "textops",
    "siputils",
    "sanity",
    "xlog",
    "htable",
    "cfgutils",  # $RANDOM
)


REGISTRAR: Final = ("db_sqlite", "usrloc", "nathelper", "registrar")
"""What registrations are taken, kept and found with; `db_sqlite` is loaded before who uses it."""


def modules(uses: Uses) -> Iterator[str]:
    """The modules in the order in which they are loaded."""
    for one in ALWAYS:
        if one == "htable" and uses.cluster:
            yield "dmq"  # whose messages htable sends
        yield one
    if uses.ranges or uses.prefixes:
        yield "mtree"
    if uses.networks:
        yield "permissions"
    if uses.tags:
        yield "regex"
    if uses.names:
        yield "ipops"
    if uses.calls:
        yield "dialog"
    if uses.auth:
        yield "uac"
    if uses.credentials or uses.registrars:
        yield "auth"
    if uses.registrars:
        yield from REGISTRAR
        if uses.cluster:
            yield "dmq_usrloc"
    if uses.probes:
        yield "dispatcher"
    if uses.tls:
        yield "tls"
