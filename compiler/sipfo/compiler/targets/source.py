"""What comments say of where a line comes from: a file and a line of the policy."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from sipfo.compiler.pipeline import Compilation
from sipfo.compiler.whence import Whence
from sipfo.grammar.source import Span
from sipfo.plan.model import Commit, Rule


class Source:
    """The places of a plan's parts, as `first.sipfo:9`; this one, of a plan alone, knows none."""

    headline = "Written by sipfo from a plan."

    def trunk(self, trunk: str) -> str:
        return ""

    def destination(self, place: str) -> str:
        return ""

    def egress(self, egress: str) -> str:
        return ""

    def retry(self, retry: str) -> str:
        return ""

    def rule(self, retry: str, rule: Rule | None) -> str:
        return ""

    def commit(self, retry: str, point: Commit) -> str:
        return ""


NOWHERE: Final = Source()


class OfPolicy(Source):
    """The places of a policy that compiled."""

    def __init__(self, compilation: Compilation) -> None:
        assert compilation.policy is not None  # it compiled
        self._compilation = compilation
        self._whence = Whence(compilation.policy)
        name = PurePath(compilation.source.main.path).name
        self.headline = f"Written by sipfo from {name}."

    def trunk(self, trunk: str) -> str:
        return self._line(self._whence.trunk(trunk))

    def destination(self, place: str) -> str:
        return self._line(self._whence.destination(place))

    def egress(self, egress: str) -> str:
        return self._line(self._whence.address(egress))

    def retry(self, retry: str) -> str:
        return self._line(self._whence.rule(retry, None))

    def rule(self, retry: str, rule: Rule | None) -> str:
        return self._line(self._whence.rule(retry, rule))

    def commit(self, retry: str, point: Commit) -> str:
        return self._line(next(iter(self._whence.commits(retry)), None))

    def _line(self, span: Span | None) -> str:
        if span is None:
            return ""
        source = self._compilation.source.of(span.start)
        return f"{PurePath(source.path).name}:{source.position(span.start).line}"
