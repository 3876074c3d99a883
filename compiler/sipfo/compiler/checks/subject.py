"""What every check looks at: the tree, the policy and its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sipfo.compiler.policy import Policy
from sipfo.compiler.scope import Scope
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Sources
from sipfo.grammar.tree import File
from sipfo.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy under check; `clean` says that all of its text could be read."""

    source: Sources
    file: File
    policy: Policy
    scope: Scope
    clean: bool

    @property
    def used_retries(self) -> frozenset[str]:
        """The names of the retry policies that some trunk is under."""
        return frozenset(one.retry.text for one in self.policy.trunks if one.retry is not None)


Check = Callable[[Subject], Iterator[Diagnostic]]

Proof = Callable[[Subject, Plan], Iterator[Diagnostic]]
"""A check of what calls would do: it also has the plan, which is there when nothing is wrong."""
