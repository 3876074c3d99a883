"""The rate decks of a policy's carriers: files to packed tables, each file read once.

Nothing is opened here: a `Load` gives the files. What would surprise: a deck's text is a source of
the policy only when something is wrong with it, so that a million good lines cost nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sipfo.compiler import policy
from sipfo.compiler.checks import rates_unreadable
from sipfo.compiler.decode import decode
from sipfo.compiler.imports import Failure, Load, Loaded
from sipfo.compiler.sheet import read_sheet
from sipfo.grammar.diagnostic import Diagnostic
from sipfo.grammar.source import Sources
from sipfo.plan.model import Deck


@dataclass(frozen=True, slots=True)
class Decks:
    """The decks of a plan, what is wrong with them, and which carrier has which; `sources` are the
    policy's texts, with those of decks that something is wrong with."""

    decks: tuple[Deck, ...] = ()
    found: tuple[Diagnostic, ...] = ()
    sources: Sources | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, carrier: policy.Carrier) -> str | None:
        """What the deck of a carrier is called in the plan."""
        return self.names.get(carrier.name.text)


NO_DECKS: Final = Decks()


def read_decks(source: policy.Policy, sources: Sources, load: Load | None) -> Decks:
    """Read every deck that a carrier names. Never raises."""
    reading = _Reading(sources, load)
    for carrier in source.carriers:
        if carrier.rates is not None:
            reading.add(carrier.name.text, carrier.rates)
    decks = tuple(reading.decks.values())
    return Decks(decks, tuple(reading.found), reading.sources, reading.names)


class _Reading:
    def __init__(self, sources: Sources, load: Load | None) -> None:
        self.sources = sources
        self.decks: dict[str, Deck] = {}
        self.found: list[Diagnostic] = []
        self.names: dict[str, str] = {}
        self._load = load
        self._known: dict[str, str | None] = {}  # identity to name; None where it is of no use

    def add(self, carrier: str, rates: policy.Rates) -> None:
        """Read the deck of one carrier, unless another has it."""
        saying = self.sources.of(rates.span.start).path
        loaded = (
            Failure("files are not available here")
            if self._load is None
            else self._load(saying, rates.path)
        )
        if isinstance(loaded, Failure):
            self.found.append(rates_unreadable.no_file(rates, loaded.reason, loaded.beside))
            return
        if loaded.identity not in self._known:
            self._known[loaded.identity] = self._read(rates, loaded)
        name = self._known[loaded.identity]
        if name is not None:
            self.names[carrier] = name

    def _read(self, rates: policy.Rates, loaded: Loaded) -> str | None:
        """The name of a deck that is good."""
        base = self.sources.span.end + 1
        text, wrong = decode(loaded.data, loaded.path, base)
        sheet = None if wrong else read_sheet(text)
        if sheet is None or sheet.found:
            self.found += sheet.found if sheet is not None else wrong
            self.sources = Sources((*self.sources.files, text))
            return None
        name = next(one for one in _names(rates.path) if one not in self.decks)
        self.decks[name] = Deck(file=name, rows=sheet.rows, table=sheet.table)
        return name


def _names(path: str) -> Iterator[str]:
    """What a deck may be called: as it is written, and otherwise where another folder has one of
    that name."""
    yield path
    number = 2
    while True:
        yield f"{path} ({number})"
        number += 1
