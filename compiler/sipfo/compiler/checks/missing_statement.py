"""A block lacks a statement that it cannot do without.

Avoid: `retry standard { failover on 503 }`.
Prefer: `retry standard { failover on 503  otherwise stop }`.
Why: what is not written would have to be guessed: who may place calls, which outcomes stop, where
the second address is. Nobody's call is accepted, and nothing fails over, because of a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from sipfo.compiler.checks.places import is_networks
from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Span

CODE: Final = "SF302"
TITLE: Final = "Missing statement"


class Required(NamedTuple):
    """A statement, the nodes that it may be, and what to write."""

    word: str
    nodes: tuple[type[tree.Node], ...]
    write: str


REQUIRED: Final[dict[type[tree.Block], tuple[Required, ...]]] = {
    tree.Region: (
        Required("primary", (tree.Primary,), "primary ADDRESS"),
        Required("secondary", (tree.Secondary,), "secondary ADDRESS"),
    ),
    tree.Retry: (
        Required("otherwise", (tree.Otherwise,), "otherwise stop` or `otherwise failover"),
    ),
    tree.Route: (Required("to", (tree.ToUri, tree.ToRegion, tree.ToRegistered), "to sip:HOST"),),
    tree.Registrar: (
        Required("domain", (tree.Domain,), "domain sip.example.com"),
        Required("user", (tree.User,), "user NAME password secret NAME_PW"),
        Required("instance", (tree.Instance,), "instance NAME ADDRESS"),
    ),
    tree.Carrier: (Required("to", (tree.ToUri, tree.ToRegion), "to sip:HOST"),),
    tree.Trunk: (
        Required("numbers", (tree.Numbers,), "numbers +13125550100 .. +13125550199"),
        Required(
            "accept",
            (tree.AcceptAnyone, tree.AcceptFrom, tree.AcceptCredential),
            "accept from NETWORK` or `accept anyone",
        ),
        Required("routes", (tree.Routes, tree.Weighted), "routes sequential ROUTE"),
        Required("retry", (tree.Under,), "retry NAME"),
    ),
    tree.Cluster: (Required("member", (tree.Member,), "member NAME ADDRESS:PORT"),),
    tree.Test: (Required("call", (tree.Call,), "call TRUNK to +NUMBER"),),
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each, at the block's opening; not for a block that could not all be read."""
    for block in subject.file.statements:
        if not isinstance(block, tree.Block) or not block.whole:
            continue
        kind = "retry policy" if isinstance(block, tree.Retry) else type(block).__name__.lower()
        opening = Span(block.span.start, block.name.span.end)
        for required in REQUIRED[type(block)]:
            if required.word == "accept" and any(map(is_networks, block.items)):
                continue  # `from 203.0.113.0/24` without its `accept`, which is told as such
            if not any(isinstance(item, required.nodes) for item in block.items):
                yield Diagnostic(
                    CODE,
                    "error",
                    TITLE,
                    f"this {kind} has no `{required.word}`",
                    opening,
                    f"without `{required.word}`",
                    hint=f"add `{required.write}`",
                )
