"""A target that was asked for cannot do what the policy says, or does it in another way.

An error is a refusal: nothing is written for that target. A warning says how the target differs.

Avoid: `sipfo run` with a policy that uses what the runtime does not have.
Prefer: what the hint says, or another target.
Why: leaving a statement out in silence would carry calls in a way that nobody declared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.targets.remark import Judge, Remark
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Span
from sipfo.plan.construct import Construct, Support, Usage, usages
from sipfo.plan.model import Plan

CODE: Final = "SF801"
TITLE: Final = "Beyond the target"

Table = Mapping[Construct, Support]
"""What an engine does of each construct."""

Capabilities = Table | Judge | tuple[Table, Judge]
"""An engine's table, what a target that is no engine says of the plan, or both."""

PLACES: Final[dict[Construct, tuple[type[tree.Block], type[tree.Node]]]] = {
    Construct.TO_REGISTERED: (tree.Route, tree.ToRegistered),
    Construct.ROUTE_AUTH: (tree.Route, tree.Auth),
    Construct.ROUTE_PROBE: (tree.Route, tree.Probe),
    Construct.CARRIER_AUTH: (tree.Carrier, tree.Auth),
    Construct.CARRIER_LIMIT: (tree.Carrier, tree.Limit),
    Construct.CARRIER_PROBE: (tree.Carrier, tree.Probe),
    Construct.CARRIER_RATES: (tree.Carrier, tree.Rates),
    Construct.FORWARD_DIALLED: (tree.Trunk, tree.Forward),
    Construct.ACCEPT_CREDENTIAL: (tree.Trunk, tree.AcceptCredential),
    Construct.TRUNK_LIMIT: (tree.Trunk, tree.Limit),
    Construct.GIVEN_UP: (tree.Retry, tree.Timer),
    Construct.CLUSTER: (tree.Cluster, tree.Member),
    Construct.ALWAYS_FORWARD: (tree.Trunk, tree.AlwaysForward),
    Construct.SEVERAL_ATTEMPTS: (tree.Trunk, tree.Routes),
    Construct.MANY_ATTEMPTS: (tree.Trunk, tree.Routes),
}
"""Where a construct stands: the statement in the block; the others are found by what they say."""

_OUTCOMES: Final[dict[Construct, Callable[[tree.Ending], bool]]] = {
    Construct.ON_TRANSPORT_ERROR: lambda one: (
        isinstance(one, tree.Outcome) and one.match.text == "transport-error"
    ),
    Construct.ON_CAUSE: lambda one: isinstance(one, tree.Cause),
    Construct.ON_TAG: lambda one: isinstance(one, tree.Outcome) and one.tag is not None,
}
_MOMENTS: Final[dict[Construct, Callable[[str], bool]]] = {
    Construct.COMMIT_ON_MEDIA: lambda text: text == "early-media",
    Construct.COMMIT_ON_PROGRESS: lambda text: text == "progress",
    Construct.COMMIT_ON_OTHER: lambda text: text.isdigit() and text not in ("180", "183"),
}


def check(
    subject: Subject, plan: Plan, target: str, capabilities: Capabilities
) -> Iterator[Diagnostic]:
    """An error for each use that the target refuses, a warning for each that it approximates."""
    places = _Places(subject)
    for what, support, span in _differences(plan, capabilities, places):
        refused = support.level == "refused"
        verb = "does not have" if refused else "approximates"
        yield Diagnostic(
            CODE,
            "error" if refused else "warning",
            TITLE,
            f"target `{target}` {verb} `{what}`",
            span,
            "not there" if refused else "differs",
            hint=support.how or None,
        )


def _differences(
    plan: Plan, capabilities: Capabilities, places: _Places
) -> Iterator[tuple[str, Support, Span]]:
    if isinstance(capabilities, tuple):
        for part in capabilities:
            yield from _differences(plan, part, places)
        return
    if callable(capabilities):
        for remark in capabilities(plan):
            yield remark.what, remark.support, places.of_remark(remark)
        return
    for usage in usages(plan):
        support = capabilities[usage.construct]
        if support.level != "same":
            yield usage.construct.value, support, places.of(usage)


class _Places:
    """Each block of the policy by kind and name."""

    def __init__(self, subject: Subject) -> None:
        self._file = subject.file
        self._blocks = {
            (type(block), block.name.text): block
            for block in reversed(subject.file.statements)
            if isinstance(block, tree.Block)
        }

    def of(self, usage: Usage) -> Span:
        """Where a construct is used."""
        if usage.construct is Construct.LISTEN_TLS:
            return next(
                one.span for one in self._file.statements if isinstance(one, tree.ListenTls)
            )
        if usage.construct in (Construct.TO_TLS, Construct.TO_NAME):
            block = self._blocks.get((tree.Route, usage.name))
            return self._item(block or self._blocks[tree.Carrier, usage.name], tree.ToUri)
        if usage.construct is Construct.TRUSTED:
            return self._trusted(usage.name)
        if usage.construct in _OUTCOMES:
            return self._outcome(self._blocks[tree.Retry, usage.name], _OUTCOMES[usage.construct])
        if usage.construct in _MOMENTS:
            return self._moment(self._blocks[tree.Retry, usage.name], _MOMENTS[usage.construct])
        kind, node = PLACES[usage.construct]
        return self._item(self._blocks[kind, usage.name], node)

    def of_remark(self, remark: Remark) -> Span:
        """Where a target says that a remark belongs; a file's first statement, if nowhere."""
        if remark.block is None:
            return self._file.statements[0].span
        block = self._blocks[remark.block, remark.name]
        return self._item(block, remark.node or tree.Node)

    def _trusted(self, name: str) -> Span:
        """The first `trusted` of a trunk, route or carrier of this name."""
        kinds = (tree.Trunk, tree.Route, tree.Carrier)
        blocks = [self._blocks[kind, name] for kind in kinds if (kind, name) in self._blocks]
        items = (item for block in blocks for item in block.items)
        return next((one.span for one in items if isinstance(one, tree.Trusted)), blocks[0].span)

    @staticmethod
    def _outcome(retry: tree.Block, is_meant: Callable[[tree.Ending], bool]) -> Span:
        """The first outcome of a retry policy that is meant."""
        lists = (one for one in retry.items if isinstance(one, tree.FailoverOn | tree.StopOn))
        named = (outcome for one in lists for outcome in one.outcomes)
        return next((one.span for one in named if is_meant(one)), retry.name.span)

    @staticmethod
    def _moment(retry: tree.Block, is_meant: Callable[[str], bool]) -> Span:
        """The first commit point of a retry policy that is meant."""
        lists = (one for one in retry.items if isinstance(one, tree.CommitOn))
        named = (moment for one in lists for moment in one.moments)
        return next((one.span for one in named if is_meant(one.text)), retry.name.span)

    @staticmethod
    def _item(block: tree.Block, kind: type[tree.Node]) -> Span:
        return next((item.span for item in block.items if isinstance(item, kind)), block.name.span)
