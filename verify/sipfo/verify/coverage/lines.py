"""Parts to the lines of the file that says them.

The file is read once more for its spans: a plan has none. What is imported has no line in it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sipfo.compiler.gather.policy import gather
from sipfo.compiler.hosts import LISTEN
from sipfo.compiler.policy import Policy, Retry, Trunk
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source, Span
from sipfo.plan import model
from sipfo.verify.coverage.parts import Part

Key = tuple[str, str, str, object]


def lines(source: Source) -> dict[Key, int]:
    """The line of each part of a policy without errors, by `key_of` the part."""
    policy, _ = gather(parse(source)[0])
    return {key: source.position(span.start).line for key, span in _spans(policy)}


def key_of(part: Part) -> Key:
    """What a part is found by. A setting of a trunk is found by its kind alone."""
    alone = part.kind in ("deadline", "method", "order")
    return part.block, part.name, part.kind, "" if alone else part.subject


def _spans(policy: Policy) -> Iterator[tuple[Key, Span]]:
    for retry in policy.retries:
        yield from _retry(retry)
    for trunk in policy.trunks:
        yield from _trunk(trunk)


def _retry(retry: Retry) -> Iterator[tuple[Key, Span]]:
    name = retry.name.text
    for rule in retry.rules:
        key = model.Rule(match=rule.match, verdict=rule.verdict)
        yield ("retry", name, "rule", key), rule.span
    for commit in retry.commits:
        yield ("retry", name, "commit", commit.point), commit.span
    if retry.otherwise_span is not None:
        yield ("retry", name, "otherwise", ""), retry.otherwise_span
    for timer in retry.timers:
        yield ("retry", name, "timer", timer.phase), timer.span


def _trunk(trunk: Trunk) -> Iterator[tuple[Key, Span]]:
    """A trunk's order has no span of its own: it is told by the trunk's line."""
    name = trunk.name.text
    yield ("trunk", name, "order", ""), trunk.name.span
    for word in trunk.egresses:
        for egress in (word.text, f"{word.text}.primary", f"{word.text}.secondary"):
            yield ("trunk", name, "address", egress), word.span
    if not trunk.egresses:
        yield ("trunk", name, "address", LISTEN), trunk.name.span
    for word in trunk.routes:
        yield ("trunk", name, "route", word.text), word.span
    if trunk.routes:
        yield ("trunk", name, "method", ""), trunk.routes[0].span
    for word in trunk.forward.carriers if trunk.forward is not None else ():
        yield ("trunk", name, "carrier", word.text), word.span
    if trunk.deadline is not None:
        yield ("trunk", name, "deadline", ""), trunk.deadline.span
