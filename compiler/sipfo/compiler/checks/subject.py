"""What every check looks at: the tree, the policy and its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sipfo.compiler.policy import Policy
from sipfo.compiler.scope import Scope
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Source
from sipfo.grammar.tree import File


@dataclass(frozen=True, slots=True)
class Subject:
    """A policy under check; `clean` says that all of its text could be read."""

    source: Source
    file: File
    policy: Policy
    scope: Scope
    clean: bool


Check = Callable[[Subject], Iterator[Diagnostic]]
