"""A test names a destination or an address that the called trunk never uses.

Avoid: `when pbx-west answers 503` in a test of a trunk whose routes are others.
Prefer: the routes of the trunk, the carriers of its forward, and its own addresses.
Why: what such a line says can never happen, so that the test proves less than it seems to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.places import by_name, everywhere
from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.lower import egress_names
from sipfo.compiler.policy import Test
from sipfo.compiler.scope import region_of
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF601"
TITLE: Final = "Not of this trunk"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each name in a test, at its first place, if the trunk itself is right."""
    for test in subject.policy.tests:
        trunk = subject.scope.trunks.get(test.call.trunk.text) if test.call else None
        if trunk is None or test.call is None:
            continue
        if not trunk.whole or not subject.scope.resolves(trunk):
            continue
        call = test.call.trunk
        carriers = trunk.forward.carriers if trunk.forward else ()
        destinations = [word.text for word in (*trunk.routes, *carriers)]
        declared = subject.scope.declared
        strangers = [
            (word.text, word)
            for word in map(subject.scope.place_of, _destinations(test))
            if word.text in declared["route"] or word.text in declared["carrier"]
            if word.text not in destinations
        ]
        for words in by_name(strangers):
            yield everywhere(_finding("calls never go to", words[0], call, destinations), words)
        addresses = egress_names(declared["region"], trunk)
        own = subject.scope.egress_of(trunk.forward) if trunk.forward else None
        if own is not None:
            addresses = (*addresses, own)
        allowed = [*dict.fromkeys(addresses)]
        strangers = [
            (word.text, word)
            for word in _addresses(test)
            if region_of(word.text, declared["region"]) not in (None, word.text)
            or word.text == "listen"
            if word.text not in addresses
        ]
        for words in by_name(strangers):
            yield everywhere(_finding("calls are never sent from", words[0], call, allowed), words)


def _destinations(test: Test) -> list[Word]:
    words = [one.destination for one in test.behaviours]
    words += [one.destination for one in test.attempts]
    return words + [one.by for one in test.results if one.by is not None]


def _addresses(test: Test) -> list[Word]:
    words = [one.egress for one in test.behaviours if one.egress is not None]
    return words + [one.egress for one in test.attempts]


def _finding(says: str, word: Word, call: Word, allowed: list[str]) -> Diagnostic:
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        f"trunk {quoted(call.text)}'s {says} {quoted(word.text)}",
        word.span,
        "not of this trunk",
        (Label(call.span, "the trunk called"),),
        f"it has {one_of([quoted(name) for name in allowed], 'and')}" if len(allowed) < 9 else None,
    )
