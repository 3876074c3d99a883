"""A trunk sends from, or a test names, an address of a region that there is not.

Avoid: `from us.third`, `expect us to pbx-east 503`, `from listen`.
Prefer: in a trunk `from us` or `from us.primary`; in a test `us.primary` or `us.secondary`, and
`listen` for a trunk without `from`.
Why: an attempt is sent from one address, and a region has two; a ladder says which of them it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.places import by_name, everywhere, is_address
from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.checks.unknown_name import SUGGESTED
from sipfo.compiler.hosts import LISTEN
from sipfo.compiler.imports import libraries_with
from sipfo.compiler.scope import Scope, region_of, those_there_are
from sipfo.grammar.diagnostic import Diagnostic, one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.tree import Word

CODE: Final = "SF204"
TITLE: Final = "Unknown address"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each region that there is not, and for each address that a region has not."""
    scope = subject.scope
    in_trunks = [word for trunk in scope.policy.trunks for word in trunk.egresses]
    in_trunks += [
        trunk.forward.egress
        for trunk in scope.policy.trunks
        if trunk.forward is not None and trunk.forward.egress is not None
    ]
    in_tests = list(scope.tested_egresses())
    words = [word for word in in_trunks if not _is_known(scope, word, in_trunk=True)]
    words += [word for word in in_tests if not _is_known(scope, word, in_trunk=False)]
    trunks = {word.span for word in in_trunks}
    networks = {
        word.span: f"from {trunk.name.text}"
        for trunk in scope.policy.trunks
        for word in trunk.egresses
    }
    keyed = (
        (networks.get(word.span, word.text) if is_address(word) else _key(scope, word), word)
        for word in words
    )
    for told, places in enumerate(by_name(keyed)):
        in_trunk = any(one.span in trunks for one in places)
        finding = _finding(scope, places[0], in_trunk=in_trunk, suggest=told < SUGGESTED)
        yield everywhere(finding, places)


def _is_known(scope: Scope, word: Word, *, in_trunk: bool) -> bool:
    """A trunk may name a whole region; a test one address, or the one that is listened on."""
    if scope.may_be(word.text) or scope.may_be(word.text.rpartition(".")[0]):
        return True
    if not in_trunk and word.text == LISTEN:
        return True
    region = region_of(word.text, scope.declared["region"])
    return region is not None and (in_trunk or word.text != region)


def _key(scope: Scope, word: Word) -> str:
    """An unknown region is one mistake, whichever of its addresses is named."""
    region = _region(scope, word)
    return word.text if region in scope.declared["region"] else region


def _region(scope: Scope, word: Word) -> str:
    """The region that a word means to name: all of it, or what stands before its last dot."""
    if word.text in scope.declared["region"]:
        return word.text
    return word.text.rpartition(".")[0] or word.text


def _finding(scope: Scope, word: Word, *, in_trunk: bool, suggest: bool) -> Diagnostic:
    regions = scope.declared["region"]
    region = _region(scope, word)
    rest = word.text[len(region) :]
    if is_address(word):
        message = f"an address or network is no region: {quoted(word.text)}"
        hint = (
            f"a trunk sends from a region, `from us`; who may call is `accept from {word.text}`"
            if in_trunk
            else "write the name that a ladder shows: `us.primary`, or `listen`"
        )
    elif region in regions:
        message = f"no address of a region is called {quoted(word.text)}"
        hint = f"write `{region}.primary` or `{region}.secondary`"
    elif word.text == LISTEN:
        message = "`listen` is no region"
        hint = "leave `from` out: calls are then sent from the listening address"
    else:
        message = f"no region is called {quoted(region)}"
        names = [*scope.names("region"), *(() if in_trunk else (LISTEN,))] if suggest else ()
        meant = near(region, names)
        libraries = libraries_with(region) if suggest else ()
        if meant:
            hint = f"did you mean {one_of([quoted(name + rest) for name in meant])}?"
        elif libraries:
            brought = [f"`import {name}`" for name in libraries]
            hint = f"{one_of(brought)} brings it: write that below `sipfo 1`"
        else:
            hint = those_there_are(scope, ("region",))
    return Diagnostic(CODE, "error", TITLE, message, word.span, "not declared", hint=hint)
