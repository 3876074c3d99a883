"""The files of a policy to one tree, in which every name of a library is the one that counts.

An imported file is part of the policy: all its names are ours. A library's retry policies are
known as `telnyx.standard` only; its regions by their own name, `us`, unless the policy declares
one, and always as `telnyx.us`. What would surprise: of a library, only the blocks that the policy
uses are in the tree, so that nothing behind this knows about libraries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sipfo.compiler.checks import duplicate_name, unknown_name
from sipfo.compiler.checks.library_note import about_block, about_library
from sipfo.compiler.checks.places import by_name, everywhere
from sipfo.compiler.hosts import LISTEN
from sipfo.compiler.imports import Part, Parts, library_names, regions_in
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted


@dataclass(frozen=True, slots=True)
class Linked:
    """The whole policy, what is wrong with its names, and what libraries say about what it uses."""

    file: tree.File
    found: tuple[Diagnostic, ...]
    notes: tuple[Diagnostic, ...]


def link(parts: Parts) -> Linked:
    """One tree of all files."""
    ours = [part.tree for part in parts.parts if part.library is None]
    libraries = [part for part in parts.parts if part.library is not None]
    whole = replace(
        ours[0],
        statements=tuple(statement for file in ours for statement in file.statements),
        whole=all(file.whole for file in ours),
        lost=frozenset(name for file in ours for name in file.lost),
        imports=any(file.imports for file in ours),
    )
    return _Linking(whole, libraries).linked()


@dataclass(frozen=True, slots=True)
class _Offer:
    """A block of a library; `name` is what the policy knows it by, `qualified` is always right."""

    part: Part
    block: tree.Block
    name: str
    qualified: str


class _Linking:
    def __init__(self, file: tree.File, libraries: list[Part]) -> None:
        self._file = file
        self._libraries = libraries
        own = [one for one in file.statements if isinstance(one, tree.Block)]
        self._own_regions = {one.name.text for one in own if isinstance(one, tree.Region)}
        self._own_retries = {one.name.text for one in own if isinstance(one, tree.Retry)}
        offered = [(part, block) for part in libraries for block in _facts(part)]
        self._claims: dict[str, list[tuple[Part, tree.Block]]] = {}
        for part, block in offered:
            if isinstance(block, tree.Region):
                self._claims.setdefault(block.name.text, []).append((part, block))
        self._offers = [self._offer(part, block) for part, block in offered]
        self._regions: dict[str, _Offer] = {}
        self._retries: dict[str, _Offer] = {}
        for offer in self._offers:
            if isinstance(offer.block, tree.Region):
                self._regions[offer.name] = self._regions[offer.qualified] = offer
            else:
                self._retries[offer.qualified] = offer
        self._used: dict[str, tree.Word] = {}
        self._ambiguous: list[tree.Word] = []
        self._unimported: list[tree.Word] = []
        self._unknown = False

    def linked(self) -> Linked:
        """Every reference made canonical, then the blocks that are used."""
        statements = [self._statement(one) for one in self._file.statements]
        for offer in self._offers:
            # With an unknown name all are kept: one of them may be what was meant.
            if self._unknown or offer.qualified in self._used:
                assert isinstance(offer.block.name, tree.Word)
                name = tree.LibraryName(offer.block.name.span, offer.name, offer.qualified)
                statements.append(replace(offer.block, name=name))
        told = [*self._ambiguous, *self._unimported]
        lost = {name for word in told for name in (word.text, word.text.rpartition(".")[0])}
        for word in self._unimported:  # what else it has is unknown for the same reason
            lost |= regions_in(word.text.partition(".")[0])
        file = replace(self._file, statements=tuple(statements), lost=self._file.lost | lost)
        found = (*self._told_ambiguous(), *self._told_unimported())
        return Linked(file, found, tuple(self._notes()))

    def _offer(self, part: Part, block: tree.Block) -> _Offer:
        bare, qualified = block.name.text, f"{part.library}.{block.name.text}"
        # A retry policy is never alone: `standard` would say nothing of whose it is.
        alone = len(self._claims.get(bare, ())) == 1 and bare not in self._own_regions
        alone = alone and isinstance(block, tree.Region)
        return _Offer(part, block, bare if alone else qualified, qualified)

    # References

    def _statement(self, statement: tree.Node) -> tree.Node:
        if isinstance(statement, tree.Block):
            return replace(statement, items=tuple(self._item(item) for item in statement.items))
        return statement

    def _item(self, item: tree.Node) -> tree.Node:
        """A statement of a block, with the names that it uses as they count."""
        match item:
            case tree.ToRegion(region=word):
                return replace(item, region=self._region(word))
            case tree.SendFrom(egresses=words):
                return replace(item, egresses=tuple(self._region(word) for word in words))
            case tree.Under(retry=word):
                return replace(item, retry=self._retry(word))
            case tree.Forward(egress=tree.Word() as word):
                return replace(item, egress=self._region(word))
            case tree.When(egress=tree.Word() as word):
                return replace(item, egress=self._region(word))
            case tree.ExpectAttempt(egress=word):
                return replace(item, egress=self._region(word))
            case _:
                return item

    def _region(self, word: tree.Word) -> tree.Word:
        """`us`, `us.primary`, `telnyx.us` or `telnyx.us.primary`."""
        head, dot, which = word.text.rpartition(".")
        for name, rest in ((word.text, ""), (head, dot + which)):
            if name in self._own_regions or name in self._file.lost:
                return word
            if name in self._regions:
                return self._use(self._regions[name], word, rest)
            if len(self._claims.get(name, ())) > 1:
                self._ambiguous.append(word)
                return word
        if word.text != LISTEN:
            self._miss(word)
        return word

    def _retry(self, word: tree.Word) -> tree.Word:
        if word.text in self._retries:
            return self._use(self._retries[word.text], word, "")
        if word.text not in self._own_retries and word.text not in self._file.lost:
            self._miss(word)
        return word

    def _miss(self, word: tree.Word) -> None:
        """A name that is nobody's: of a library that is not imported, or unknown."""
        library, dot, _ = word.text.partition(".")
        imported = self._file.imports or any(part.library == library for part in self._libraries)
        if dot and library in library_names() and not imported:
            self._unimported.append(word)
        else:
            self._unknown = True

    def _use(self, offer: _Offer, word: tree.Word, rest: str) -> tree.Word:
        self._used.setdefault(offer.qualified, word)
        return replace(word, text=offer.name + rest)

    # What is said

    def _told_ambiguous(self) -> Iterator[Diagnostic]:
        """A region that two libraries have, named as if one had it."""
        for words in by_name((self._bare(word), word) for word in self._ambiguous):
            bare = self._bare(words[0])
            rest = words[0].text[len(bare) :]
            claims = self._claims[bare]
            full = [quoted(f"{part.library}.{bare}{rest}") for part, _ in claims]
            told = Diagnostic(
                duplicate_name.CODE,
                "error",
                duplicate_name.TITLE,
                f"{len(claims)} libraries have a region {quoted(bare)}",
                words[0].span,
                "which of them",
                hint=f"write {one_of(full)}",
            )
            places = tuple(
                Label(block.name.span, f"in library `{part.library}`") for part, block in claims
            )
            told = everywhere(told, words)
            yield replace(told, secondary=(*told.secondary, *places))

    def _told_unimported(self) -> Iterator[Diagnostic]:
        for words in by_name((word.text.partition(".")[0], word) for word in self._unimported):
            library = words[0].text.partition(".")[0]
            told = Diagnostic(
                unknown_name.CODE,
                "error",
                unknown_name.TITLE,
                f"the library `{library}` is not imported",
                words[0].span,
                "used here",
                hint=f"write `import {library}` below `sipfo 1`",
            )
            yield everywhere(told, words)

    def _bare(self, word: tree.Word) -> str:
        return word.text if word.text in self._claims else word.text.rpartition(".")[0]

    def _notes(self) -> Iterator[Diagnostic]:
        """One for each library and each block that is used and has something to say."""
        used = [offer for offer in self._offers if offer.qualified in self._used]
        for part in self._libraries:
            if part.place is not None and any(offer.part is part for offer in used):
                yield from about_library(part.tree.statements, part.place)
        for offer in used:
            place = self._used[offer.qualified].span
            yield from about_block(offer.block, offer.qualified, place)


def _facts(part: Part) -> Iterator[tree.Block]:
    """What a library declares: regions and retry policies, and nothing else."""
    for one in part.tree.statements:
        if isinstance(one, tree.Region | tree.Retry):
            yield one
