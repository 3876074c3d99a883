"""How much work reading takes, counted instead of timed, so that the same input costs the same.

A step is a line of Python that is run, or one comparison that a backtracking regular expression
engine makes: `re` says nothing about those, so its patterns are run again here, by the book.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType, ModuleType
from typing import Any, TypeAlias

import pytest

from sipfo.runtime.sip import remembered

_parse: Any = import_module("re._parser")  # the syntax tree that `re` itself compiles

_Then: TypeAlias = Callable[[int], bool]
_Match: TypeAlias = Callable[[int, _Then], bool]

DEEPEST = 60_000
"""Python frames that a match may nest; a group that repeats takes a few for each turn."""


class Steps:
    """A counter that everything below shares."""

    def __init__(self) -> None:
        self.count = 0


class _Run:
    """One text matched by one pattern's tree."""

    def __init__(self, text: bytes | str, ignore_case: bool, steps: Steps) -> None:
        text = text.lower() if ignore_case else text
        self.codes = [ord(one) for one in text] if isinstance(text, str) else list(text)
        self.fold = ignore_case
        self.steps = steps

    def sequence(self, nodes: Any) -> _Match:
        parts = [self.node(str(op), argument) for op, argument in nodes]

        def match(place: int, then: _Then, at: int = 0) -> bool:
            if at == len(parts):
                return then(place)
            return parts[at](place, lambda after: match(after, then, at + 1))

        return match

    def node(self, op: str, argument: Any) -> _Match:
        test = self.single(op, argument)
        if test is not None:
            return lambda place, then: self.one(test, place) and then(place + 1)
        match op:
            case "SUBPATTERN":
                return self.sequence(argument[3])
            case "BRANCH":
                ways = [self.sequence(one) for one in argument[1]]
                return lambda place, then: any(way(place, then) for way in ways)
            case "MAX_REPEAT":
                return self.repeat(*argument)
            case "AT":
                return lambda place, then: self.at(str(argument), place) and then(place)
            case "ASSERT" | "ASSERT_NOT":
                return self.look(op == "ASSERT", *argument)
        raise NotImplementedError(op)

    def look(self, wanted: bool, way: int, nodes: Any) -> _Match:
        inner = self.sequence(nodes)
        width = nodes.getwidth()[0] if way < 0 else 0

        def match(place: int, then: _Then) -> bool:
            start = place - width
            return (start >= 0 and inner(start, lambda after: True)) is wanted and then(place)

        return match

    def repeat(self, least: int, most: Any, nodes: Any) -> _Match:
        most = len(self.codes) + 1 if str(most) == "MAXREPEAT" else int(most)
        test = self.single(str(nodes[0][0]), nodes[0][1]) if len(nodes) == 1 else None
        if test is not None:
            return lambda place, then: self.run_of(test, place, least, most, then)
        body = self.sequence(nodes)

        def match(place: int, then: _Then, turns: int = 0) -> bool:
            if turns < most and body(
                place, lambda after: after > place and match(after, then, turns + 1)
            ):
                return True
            return turns >= least and then(place)

        return match

    def run_of(
        self, test: Callable[[int], bool], place: int, least: int, most: int, then: _Then
    ) -> bool:
        end = place
        while end - place < most and self.one(test, end):
            end += 1
        return any(then(after) for after in range(end, place + least - 1, -1))

    def one(self, test: Callable[[int], bool], place: int) -> bool:
        self.steps.count += 1
        return place < len(self.codes) and test(self.codes[place])

    def at(self, where: str, place: int) -> bool:
        self.steps.count += 1
        if where == "AT_BEGINNING":
            return place == 0
        assert where == "AT_END"
        return place == len(self.codes)

    def single(self, op: str, argument: Any) -> Callable[[int], bool] | None:
        """The test of a node that takes one character."""
        match op:
            case "LITERAL":
                wanted = self.folded(argument)
                return lambda code: code == wanted
            case "NOT_LITERAL":
                unwanted = self.folded(argument)
                return lambda code: code != unwanted
            case "ANY":
                return lambda code: True
            case "IN":
                return self.one_of(argument)
        return None

    def one_of(self, items: Any) -> Callable[[int], bool]:
        held: set[int] = set()
        negated = False
        for op, argument in items:
            match str(op):
                case "NEGATE":
                    negated = True
                case "LITERAL":
                    held.add(self.folded(argument))
                case "RANGE":
                    held |= {self.folded(one) for one in range(argument[0], argument[1] + 1)}
                case "CATEGORY":
                    held |= {code for code in range(256) if re.match(r"\s", chr(code))}
                case other:
                    raise NotImplementedError(other)
        return lambda code: (code in held) is not negated

    def folded(self, code: int) -> int:
        return ord(chr(code).lower()) if self.fold else code


class CountingPattern:
    """A compiled pattern that counts what matching costs and answers as the real one."""

    def __init__(self, pattern: re.Pattern[Any], steps: Steps) -> None:
        self._pattern = pattern
        self._tree = _parse.parse(pattern.pattern, pattern.flags)
        self._steps = steps

    def _count(self, text: Any, places: range, whole: bool) -> None:
        run = _Run(text, bool(self._pattern.flags & re.IGNORECASE), self._steps)
        match = run.sequence(self._tree)
        for place in places:
            if match(place, lambda end: not whole or end == len(text)):
                return

    def fullmatch(self, text: Any) -> Any:
        self._count(text, range(1), whole=True)
        return self._pattern.fullmatch(text)

    def match(self, text: Any, place: int = 0) -> Any:
        self._count(text, range(place, place + 1), whole=False)
        return self._pattern.match(text, place)

    def search(self, text: Any) -> Any:
        self._count(text, range(len(text) + 1), whole=False)
        return self._pattern.search(text)

    def findall(self, text: Any) -> Any:
        self._count_all(text)
        return self._pattern.findall(text)

    def sub(self, by: Any, text: Any, count: int = 0) -> Any:
        self._count_all(text)
        return self._pattern.sub(by, text, count=count)

    def _count_all(self, text: Any) -> None:
        place = 0
        for found in self._pattern.finditer(text):
            self._count(text, range(place, found.start() + 1), whole=False)
            place = max(found.end(), place + 1)
        self._count(text, range(place, len(text) + 1), whole=False)


@contextmanager
def counting(modules: list[ModuleType]) -> Iterator[Callable[[Callable[[], object]], int]]:
    """A function that says how many steps a call takes, the patterns of these modules included."""
    steps = Steps()

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_globals["__name__"].startswith("sipfo."):
            return None  # only what reads is looked at; matching counts for itself
        if event == "line":
            steps.count += 1
        return trace

    def cost(work: Callable[[], object]) -> int:
        steps.count = 0
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            work()
        finally:
            sys.settrace(before)
        return steps.count

    limit = sys.getrecursionlimit()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "LONGEST", -1)  # what was read before costs nothing
        for module in modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, re.Pattern):
                    patch.setattr(module, name, CountingPattern(value, steps))
        sys.setrecursionlimit(DEEPEST)
        try:
            yield cost
        finally:
            sys.setrecursionlimit(limit)
