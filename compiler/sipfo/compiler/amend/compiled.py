"""A policy and what is changed of it, compiled; tests that were about what has changed are put aside.

What would surprise: a test block is a comment afterwards, when it says something of a changed trunk
that is not so any more. It would keep the change from being made, and is not lost.
"""

from __future__ import annotations

from dataclasses import replace

from sipfo.compiler.amend.texts import Amended, amend
from sipfo.compiler.imports import Load
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Edit
from sipfo.grammar.source import Source, Span
from sipfo.plan.change import Changes, number_trunk


def compile_amended(
    data: bytes, path: str, load: Load, identity: str, changes: Changes
) -> tuple[Amended, Compilation]:
    """The policy with the changes, and what the compiler makes of it. Raises CannotAmend."""
    amended = amend(data, path, load, identity, changes)
    files = amended.files
    compiled = compile_source(files.data, path, files.load, identity)
    if compiled.plan is not None or changes.is_empty:
        return amended, compiled
    edits, titles = _outdated(amended, changes, compiled.diagnostics)
    if not titles:
        return amended, compiled
    files.edit(edits)
    remarks = [f'test "{title}" does not fit what is changed: left out' for title in titles]
    amended = replace(amended, remarks=(*amended.remarks, *remarks))
    return amended, compile_source(files.data, path, files.load, identity)


def _outdated(
    amended: Amended, changes: Changes, found: tuple[Diagnostic, ...]
) -> tuple[dict[str, list[Edit]], list[str]]:
    """The edits that make comments of the tests of changed trunks that are wrong now."""
    wrong = [one.span.start for one in found if one.severity == "error"]
    own = {one.number for one in changes.numbers}
    edits: dict[str, list[Edit]] = {}
    titles: list[str] = []
    for part in amended.files.parts().parts:
        for test in part.tree.statements:
            if not isinstance(test, tree.Test) or not _is_about(test, changes, own):
                continue
            if any(test.span.start <= place < test.span.end for place in wrong):
                titles.append(test.name.text)
                edits.setdefault(part.source.path, []).extend(_commented(part.source, test.span))
    return edits, titles


def _is_about(test: tree.Test, changes: Changes, own: set[str]) -> bool:
    for item in test.items:
        if isinstance(item, tree.Call):
            name = item.trunk.text
            cut = any(number_trunk(name.rpartition("-")[0], one) == name for one in own)
            return cut or changes.of_trunk(name) is not None or bool(own)
    return False


def _commented(source: Source, span: Span) -> list[Edit]:
    """Each line of a block as a comment; what follows the block on its last line is not part of it."""
    text = source.excerpt(span)
    starts = [0, *(place + 1 for place, letter in enumerate(text) if letter == "\n")]
    edits = [Edit(Span(span.start + at, span.start + at), "# ") for at in starts]
    rest = source.excerpt(Span(span.end, source.span.end)).partition("\n")[0].strip()
    if rest and not rest.startswith("#"):
        edits.append(Edit(Span(span.end, span.end), "\n"))
    return edits
