"""The whole tree as a policy: each statement of the file to its own reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sipfo.compiler.gather.cluster import cluster
from sipfo.compiler.gather.places import (
    carrier,
    listen,
    listen_tls,
    region,
    registrar,
    route,
)
from sipfo.compiler.gather.reader import Reader
from sipfo.compiler.gather.retry import retry
from sipfo.compiler.gather.test import test
from sipfo.compiler.gather.trunk import trunk
from sipfo.compiler.policy import Policy
from sipfo.compiler.values.date import day
from sipfo.compiler.values.name import name_fault
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic

N = TypeVar("N", bound=tree.Node)
T = TypeVar("T")


def gather(file: tree.File) -> tuple[Policy, list[Diagnostic]]:
    """The policy, and every value that is none."""
    reader = Reader()
    for statement in file.statements:
        # A library's name may have a dot, and is ours: there is nothing to find fault with.
        if isinstance(statement, tree.Block) and type(statement.name) is tree.Word:
            fault = name_fault(statement.name)
            if fault is not None:
                reader.found.append(fault.diagnostic)

    def each(kind: type[N], read: Callable[[Reader, N], T | None]) -> Iterator[T]:
        for statement in file.statements:
            if isinstance(statement, kind):
                made = read(reader, statement)
                if made is not None:
                    yield made

    for about in _sources(file):
        reader.value(day, about.date)
    policy = Policy(
        listens=tuple(
            sorted(
                [*each(tree.Listen, listen), *each(tree.ListenTls, listen_tls)],
                key=lambda one: one.span,
            )
        ),
        regions=tuple(each(tree.Region, region)),
        retries=tuple(each(tree.Retry, retry)),
        routes=tuple(each(tree.Route, route)),
        registrars=tuple(each(tree.Registrar, registrar)),
        carriers=tuple(each(tree.Carrier, carrier)),
        trunks=tuple(each(tree.Trunk, trunk)),
        clusters=tuple(each(tree.Cluster, cluster)),
        tests=tuple(each(tree.Test, test)),
    )
    return policy, reader.found


def _sources(file: tree.File) -> Iterator[tree.Source]:
    """Every `source`, of the file and of its blocks."""
    for statement in file.statements:
        items = statement.items if isinstance(statement, tree.Block) else (statement,)
        yield from (item for item in items if isinstance(item, tree.Source))
