"""A block gives a statement twice that it can have once.

Avoid: `deadline 20s` and, further down, `deadline 30s`.
Prefer: one of them; a list goes into one statement: `numbers +1312, +1773`.
Why: taking the first or the last would be a guess, and the reader sees only one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.places import is_networks
from sipfo.compiler.checks.subject import Subject
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label
from sipfo.grammar.source import Span

CODE: Final = "SF303"
TITLE: Final = "Statement given twice"

ONCE: Final[dict[type[tree.Node], str]] = {
    tree.Primary: "primary",
    tree.Secondary: "secondary",
    tree.Domain: "domain",
    tree.Otherwise: "otherwise",
    tree.ToUri: "to",
    tree.ToRegion: "to",
    tree.ToRegistered: "to",
    tree.Prefixes: "prefixes",
    tree.Except: "except",
    tree.Cost: "cost",
    tree.Rates: "rates",
    tree.Shaping: "number",
    tree.Auth: "auth",
    tree.Limit: "limit",
    tree.Probe: "probe",
    tree.Trusted: "trusted",
    tree.Numbers: "numbers",
    tree.AcceptAnyone: "accept anyone",
    tree.AcceptFrom: "accept from",
    tree.AcceptCredential: "accept credential",
    tree.SendFrom: "from",
    tree.Routes: "routes",
    tree.Weighted: "routes",
    tree.Order: "order",
    tree.Under: "retry",
    tree.Deadline: "deadline",
    tree.Patience: "patience",
    tree.Forward: "on failure",
    tree.AlwaysForward: "on failure",  # a trunk has one forward, of either kind
    tree.Call: "call",
    tree.CallerCancels: "when caller cancels",
}
_LISTS: Final = {
    *(
        "prefixes",
        "except",
        "numbers",
        "accept from",
        "accept credential",
        "from",
        "routes",
        "limit",
    ),
}


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each after the first; both places are shown."""
    for block in subject.file.statements:
        if not isinstance(block, tree.Block):
            continue
        first: dict[str, Span] = {}
        for item in block.items:
            word = item.phase.text if isinstance(item, tree.Timer) else ONCE.get(type(item))
            if word is None or is_networks(item):
                continue
            if word not in first:
                first[word] = item.span
                continue
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"`{word}` is given twice",
                item.span,
                "given again",
                (Label(first[word], "given first"),),
                f"write one `{word}` with `,` between its parts" if word in _LISTS else None,
            )
