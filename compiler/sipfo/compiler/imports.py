"""A policy and all that it imports: texts to trees, each file read once.

Nothing is opened here but the bundled libraries; files come from a `Load` that the caller gives.
Every file is decoded, parsed and held to the version of the language by itself. What would
surprise: the files share one space of offsets, so that a span in a tree names its file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from sipfo.compiler.checks import import_failed, language_version
from sipfo.compiler.checks.import_cycle import cycle
from sipfo.compiler.checks.import_twice import twice
from sipfo.compiler.decode import decode
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source, Sources, Span

MOST_FILES: Final = 256
"""Files and libraries of one policy."""

DEEPEST: Final = 32
"""Imports from the policy to the file that is furthest from it."""

_SUFFIX: Final = ".sipfo"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file that is imported: the path to show, what tells it from every other file (two paths
    may lead to one), and its content."""

    path: str
    identity: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file cannot be read, and the names of those beside it."""

    reason: str
    beside: tuple[str, ...] = ()


Load = Callable[[str, str], Loaded | Failure]
"""The path of the file that imports, and the one that it wants, as written."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file as parsed; `library` is its name if it is a library, imported at `place`.

    Of a file that is not `usable` nothing is known: it is no text, or in another version.
    """

    source: Source
    tree: tree.File
    library: str | None = None
    place: Span | None = None
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Parts:
    """The policy's own file, then what it imports in the order in which it was met.

    `found` is what is wrong with texts, versions and imports; `unread` says that a text could not
    all be parsed.
    """

    parts: tuple[Part, ...]
    found: tuple[Diagnostic, ...]
    unread: bool

    @property
    def sources(self) -> Sources:
        """The texts."""
        return Sources(tuple(part.source for part in self.parts))

    @property
    def main(self) -> Part:
        """The policy's own file."""
        return self.parts[0]


def read_parts(text: str | bytes, path: str, load: Load | None, identity: str | None) -> Parts:
    """Read a policy and all that it imports. Never raises.

    `identity` is what `load` would call the policy's own file. In another version of the language
    nothing else can be said about a file, and what it imports is not read.
    """
    reading = _Reading(load)
    main = reading.add(text, path)
    reading.follow(main, [_Step(identity or path, path, None)])
    return Parts(tuple(reading.parts), tuple(reading.found), reading.unread)


@cache
def library_names() -> tuple[str, ...]:
    """The bundled libraries, in the order of the alphabet."""
    room = files("sipfo.compiler.library")
    names = (one.name for one in room.iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


@cache
def regions_in(library: str) -> frozenset[str]:
    """The regions that a bundled library declares."""
    text = (files("sipfo.compiler.library") / f"{library}{_SUFFIX}").read_text(encoding="utf-8")
    file, _ = parse(Source(text, library))
    return frozenset(one.name.text for one in file.statements if isinstance(one, tree.Region))


def libraries_with(region: str) -> tuple[str, ...]:
    """The bundled libraries that declare a region of this name."""
    return tuple(name for name in library_names() if region in regions_in(name))


@dataclass(frozen=True, slots=True)
class _Step:
    """A file on the way from the policy, and the import that leads to it."""

    identity: str
    path: str
    place: Span | None


class _Reading:
    def __init__(self, load: Load | None) -> None:
        self._load = load
        self._known: set[str] = set()
        self._libraries: set[str] = set()
        self._next = 0
        self._full = False
        self.parts: list[Part] = []
        self.found: list[Diagnostic] = []
        self.unread = False

    def add(
        self, text: str | bytes, path: str, library: str | None = None, place: Span | None = None
    ) -> Part:
        """Decode and parse one more file; one that cannot be used may have declared any name."""
        source, wrong = decode(text, path, self._next)
        self._next = source.span.end + 1
        nothing = tree.File(source.span, (), whole=False, imports=True)
        file, unread = (nothing, []) if wrong else parse(source)
        other = language_version.other_version(file)
        if wrong or other is not None:
            part = Part(source, nothing, library, place, usable=False)
            self.found += wrong if other is None else [other]
        else:
            part = Part(source, file, library, place)
            self.found += [*unread, *language_version.misplaced(file)]
            self.unread = self.unread or bool(unread)
        self.parts.append(part)
        return part

    def follow(self, part: Part, chain: list[_Step]) -> None:
        """Read what a file imports; `chain` leads from the policy to this file."""
        place = len(self.parts) - 1
        first: dict[str, Span] = {}
        failed = False
        for statement in part.tree.statements:
            match statement:
                case tree.ImportLibrary():
                    failed = not self._library(statement, first) or failed
                case tree.ImportFile():
                    failed = not self._file(statement, first, chain) or failed
        if failed:
            self.parts[place] = replace(part, tree=replace(part.tree, imports=True))

    def _library(self, statement: tree.ImportLibrary, first: dict[str, Span]) -> bool:
        name = statement.name.text
        if name not in library_names():
            self.found.append(import_failed.no_library(statement, library_names()))
            return False
        if self._again(f"library {name}", statement, first) or name in self._libraries:
            return True
        self._libraries.add(name)
        if self._is_full(statement):
            return False
        data = (files("sipfo.compiler.library") / f"{name}{_SUFFIX}").read_bytes()
        self.add(data, f"sipfo/library/{name}{_SUFFIX}", name, statement.span)
        return True

    def _file(self, statement: tree.ImportFile, first: dict[str, Span], chain: list[_Step]) -> bool:
        loaded = self._loaded(statement, chain)
        if isinstance(loaded, Failure):
            diagnostic = import_failed.no_file(
                statement, loaded.reason, loaded.beside, library_names()
            )
            self.found.append(diagnostic)
            return False
        if self._again(f"file {loaded.identity}", statement, first):
            return True
        on_the_way = [step.identity for step in chain]
        if loaded.identity in on_the_way:
            circle = chain[on_the_way.index(loaded.identity) :]
            paths = [*(step.path for step in circle), circle[0].path]
            begins = circle[1].place if len(circle) > 1 else None
            self.found.append(cycle(paths, statement.span, begins or statement.span))
            return True
        if loaded.identity in self._known:
            return True
        if self._is_full(statement):
            return False
        if len(chain) > DEEPEST:
            self.found.append(import_failed.too_deep(statement, DEEPEST))
            return False
        self._known.add(loaded.identity)
        step = _Step(loaded.identity, loaded.path, statement.span)
        self.follow(self.add(loaded.data, loaded.path), [*chain, step])
        return True

    def _loaded(self, statement: tree.ImportFile, chain: list[_Step]) -> Loaded | Failure:
        if self._load is None:
            return Failure("files are not available here")
        return self._load(chain[-1].path, statement.path.text)

    def _again(
        self,
        key: str,
        statement: tree.ImportLibrary | tree.ImportFile,
        first: dict[str, Span],
    ) -> bool:
        """Whether this very file has the same import already; says so."""
        if key in first:
            self.found.append(twice(statement, first[key]))
            return True
        first[key] = statement.span
        return False

    def _is_full(self, statement: tree.Node) -> bool:
        """Whether no more files are read; said once."""
        if len(self.parts) < MOST_FILES:
            return False
        if not self._full:
            self._full = True
            self.found.append(import_failed.too_many(statement, MOST_FILES))
        return True
