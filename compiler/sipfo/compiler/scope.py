"""Which names a policy declares and which it uses, each with its place.

Routes and carriers share one family of names, since a test's `when NAME` means either. A name that
an unreadable statement may have declared counts as declared.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from sipfo.compiler.policy import (
    Destination,
    Forward,
    Policy,
    Route,
    Test,
    ToRegion,
    ToRegistered,
    Trunk,
    Uri,
)
from sipfo.compiler.values.name import name_fault
from sipfo.grammar.diagnostic import one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.source import Span
from sipfo.grammar.tree import File, LibraryName, Registrar, Word

Kind = Literal["region", "retry", "route", "registrar", "carrier", "trunk"]

KIND: Final[dict[Kind, str]] = {
    "region": "region",
    "retry": "retry policy",
    "route": "route",
    "registrar": "registrar",
    "carrier": "carrier",
    "trunk": "trunk",
}
"""What each kind is called in an error."""

_LISTED: Final = 8


@dataclass(frozen=True, slots=True)
class Use:
    """A place that names something, and the kinds that it could be."""

    word: Word
    kinds: tuple[Kind, ...]


class Scope:
    """The names of one policy; of a name declared twice the first counts."""

    def __init__(self, file: File, policy: Policy) -> None:
        self.policy = policy
        self._file = file
        self.declared: dict[Kind, dict[str, Word]] = {
            "region": _first(one.name for one in policy.regions),
            "retry": _first(one.name for one in policy.retries),
            "route": _first(one.name for one in policy.routes),
            "registrar": _first(one.name for one in policy.registrars),
            "carrier": _first(one.name for one in policy.carriers),
            "trunk": _first(one.name for one in policy.trunks),
        }
        self.routes = {one.name.text: one for one in reversed(policy.routes)}
        self._destinations: dict[str, Destination | None] = {
            **{one.name.text: one.destination for one in policy.carriers},
            **{one.name.text: one.destination for one in policy.routes},
        }
        self.registrars = {one.name.text: one for one in reversed(policy.registrars)}
        self._torn = {
            one.name.text for one in file.statements if isinstance(one, Registrar) and not one.whole
        }
        self._misnamed: dict[Kind, tuple[str, ...]] = {
            kind: tuple(islice(_misnamed(words.values()), _LISTED))
            for kind, words in self.declared.items()
        }
        self.trunks = {one.name.text: one for one in reversed(policy.trunks)}

    def uses(self) -> Iterator[Use]:
        """Every reference but those to an address of a region."""
        for route in self.policy.routes:
            if isinstance(route.destination, ToRegion):
                yield Use(route.destination.region, ("region",))
            elif isinstance(route.destination, ToRegistered):
                yield Use(route.destination.registrar, ("registrar",))
        for trunk in self.policy.trunks:
            yield from _trunk_uses(trunk)
        for test in self.policy.tests:
            yield from self._test_uses(test)

    def tested_egresses(self) -> Iterator[Word]:
        """Every place in a test that names an address to send from."""
        for test in self.policy.tests:
            yield from (one.egress for one in test.behaviours if one.egress)
            yield from (one.egress for one in test.attempts)

    def _test_uses(self, test: Test) -> Iterator[Use]:
        if test.call is not None:
            yield Use(test.call.trunk, ("trunk",))
            yield from (Use(word, ("route",)) for word in test.call.drawn)
        yield from (Use(one.destination, ("route",)) for one in test.holders)
        named = [one.destination for one in test.behaviours]
        named += [one.destination for one in test.attempts]
        named += [one.by for one in test.results if one.by is not None]
        for word in named:
            yield Use(self.place_of(word), ("route", "carrier"))

    def place_of(self, word: Word) -> Word:
        """The route of `route.level`; the word itself where that route has no such level."""
        name, dot, level = word.text.rpartition(".")
        if not dot or name in self.declared["carrier"]:
            return word
        route = self.routes.get(name)
        if route is None:  # what is wrong is the name before the dot
            return Word(Span(word.span.start, word.span.start + len(name)), name)
        known = self._knows_levels_of(route)
        return Word(word.span, name) if not known or level in self.levels_of(route) else word

    def _knows_levels_of(self, route: Route) -> bool:
        """Whether nothing is wrong, and told elsewhere, with what its levels are declared by."""
        match route.destination:
            case None:
                return False
            case ToRegistered(registrar=word):
                return word.text in self.registrars and not self.is_partly_read(word.text)
            case _:
                return True

    def is_partly_read(self, registrar: str) -> bool:
        """Whether a statement of a registrar could not be read."""
        return registrar in self._torn

    def destination_of(self, name: str) -> Uri | None:
        """The URI of a route or carrier that has one."""
        destination = self._destinations.get(name)
        return destination if isinstance(destination, Uri) else None

    def levels_of(self, route: Route) -> tuple[str, ...]:
        """The names of a route's destinations, where it has several."""
        match route.destination:
            case ToRegion():
                return ("primary", "secondary")
            case ToRegistered(registrar=word) if word.text in self.registrars:
                return tuple(one.name.text for one in self.registrars[word.text].instances)
            case _:
                return ()

    def egress_of(self, forward: Forward) -> str | None:
        """The address that a forward's carriers are called from, where it has one of its own."""
        if forward.egress is None:
            return None
        text = forward.egress.text
        return f"{text}.primary" if text in self.declared["region"] else text

    def may_be(self, name: str) -> bool:
        """Whether a statement that could not be read may have declared this name."""
        return self._file.imports or name in self._file.lost

    def is_misnamed(self, use: Use) -> bool:
        """Whether something was declared by a name that is none, and this is how it was meant."""
        kinds = (one for kind in use.kinds for one in self._misnamed[kind])
        return bool(near(use.word.text, kinds))

    def has(self, use: Use) -> bool:
        """Whether something of a fitting kind has the name."""
        return any(use.word.text in self.declared[kind] for kind in use.kinds)

    def names(self, kind: Kind) -> list[str]:
        """Every name that would be right for a kind: a library's block has two."""
        words = self.declared[kind].values()
        full = [word.qualified for word in words if isinstance(word, LibraryName)]
        wrong = set(_misnamed(words))
        return [one for one in dict.fromkeys([*self.declared[kind], *full]) if one not in wrong]

    def resolves(self, trunk: Trunk) -> bool:
        """Whether a trunk has routes, and all that it names is declared."""
        regions = self.declared["region"]
        return (
            bool(trunk.routes)
            and all(self.has(use) for use in _trunk_uses(trunk))
            and all(region_of(word.text, regions) is not None for word in trunk.egresses)
        )


def region_of(address: str, regions: Container[str]) -> str | None:
    """The region of `us`, or of an address of it, `us.primary`; None if there is none."""
    if address in regions:
        return address
    region, dot, which = address.rpartition(".")
    return region if dot and which in ("primary", "secondary") and region in regions else None


def those_there_are(scope: Scope, kinds: tuple[Kind, ...]) -> str:
    """A hint that lists the few names of some kinds, or says how to declare one."""
    count = sum(len(scope.declared[kind]) for kind in kinds)
    if not count:
        return f"declare it: `{kinds[0]} NAME {{ … }}`"
    if count > _LISTED:
        return f"none of the {count} has a name like it"
    names = [name for kind in kinds for name in scope.declared[kind]]
    verb = "is" if len(names) == 1 else "are"
    return f"there {verb} {one_of([quoted(name) for name in names], 'and')}"


def _first(names: Iterator[Word]) -> dict[str, Word]:
    found: dict[str, Word] = {}
    for word in names:
        found.setdefault(word.text, word)
    return found


def _misnamed(words: Iterable[Word]) -> Iterator[str]:
    """The names that are none, each told where it is declared."""
    for word in words:
        if type(word) is Word and name_fault(word) is not None:
            yield word.text


def _trunk_uses(trunk: Trunk) -> Iterator[Use]:
    yield from (Use(word, ("route",)) for word in trunk.routes)
    if trunk.retry is not None:
        yield Use(trunk.retry, ("retry",))
    if trunk.forward is not None:
        yield from (Use(word, ("carrier",)) for word in trunk.forward.carriers)
