"""A policy's files and what is changed of it, to the files as they would read with the changes.

Only words that a change is about are touched: comments and layout stay. What would surprise: a
change that the policy itself has come to say is dropped without a word, and one that the policy has
come to contradict stands, with a remark that names both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sipfo.compiler.amend.number import with_numbers
from sipfo.compiler.amend.trunk import CannotAmend, edits_of, said_of
from sipfo.compiler.fixing import fixed
from sipfo.compiler.imports import Failure, Load, Loaded, Parts, read_parts
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Edit, Fix
from sipfo.plan.change import Changes, Said, TrunkChange

__all__ = ["Amended", "CannotAmend", "amend"]


@dataclass(frozen=True, slots=True)
class Amended:
    """`files` are the policy's texts with the changes, `said` what each changed trunk says without
    them, `remarks` what an operator should know; `left` are the changes that the policy has not come
    to say itself."""

    files: Files
    said: dict[str, Said]
    remarks: tuple[str, ...]
    left: Changes

    @property
    def digest(self) -> str:
        """What tells the policy, as it was, from every other: of all that has been read of it, so
        that it is whole once the policy has been compiled."""
        return self.files.digest()


def amend(data: bytes, path: str, load: Load, identity: str, changes: Changes) -> Amended:
    """Make the changes. Raises CannotAmend for one that cannot be made."""
    files = Files(data, path, load, identity)
    parts = files.parts()
    said: dict[str, Said] = {}
    remarks: list[str] = []
    left = changes
    if all(part.usable for part in parts.parts) and not parts.unread:
        for trunk, change in _changed(parts, changes, remarks):
            said[change.trunk] = said_of(trunk)
            remarks += _contradictions(change, said[change.trunk])
            left = left.with_trunk(change.without(said[change.trunk]))
        _make(files, parts, changes)
        if changes.numbers:
            edits, needless = with_numbers(files.parts(), changes.numbers, remarks)
            files.edit(edits)
            kept = tuple(one for one in left.numbers if one.number not in needless)
            left = left.model_copy(update={"numbers": kept})
    return Amended(files, said, tuple(remarks), left)


class Files:
    """The texts of a policy by the path that is shown, as they were and as they are to be."""

    def __init__(self, data: bytes, path: str, load: Load, identity: str) -> None:
        """`path` is shown, `identity` what `load` would call this file."""
        self.texts = {path: data}
        self._before = {path: data}
        self._path, self._identity, self._load = path, identity, load

    @property
    def data(self) -> bytes:
        """The policy's own file."""
        return self.texts[self._path]

    def parts(self) -> Parts:
        """The texts as they are now, parsed."""
        return read_parts(self.texts[self._path], self._path, self.load, self._identity)

    def load(self, importing: str, wanted: str) -> Loaded | Failure:
        """As the policy's own, with what has been changed."""
        found = self._load(importing, wanted)
        if isinstance(found, Failure):
            return found
        self._before.setdefault(found.path, found.data)
        # What is compiled is what was read first, whoever writes the file meanwhile.
        return replace(found, data=self.texts.setdefault(found.path, found.data))

    def edit(self, edits: dict[str, list[Edit]]) -> None:
        """Make edits, by path."""
        parts = {part.source.path: part for part in self.parts().parts}
        for path, made in edits.items():
            text = self.texts[path].decode("utf-8")
            changed = fixed(parts[path].source, text, [Fix(tuple(made), "changed")])
            self.texts[path] = changed.encode("utf-8")

    def changed(self) -> dict[str, bytes]:
        """The texts that are not as they were, by path."""
        return {path: text for path, text in self.texts.items() if text != self._before[path]}

    def digest(self) -> str:
        """What tells the policy, as it was, from every other."""
        total = hashlib.sha256()
        for path in sorted(self._before):
            text = self._before[path]
            total.update(f"{path}\0{len(text)}\0".encode("utf-8", "surrogateescape") + text)
        return total.hexdigest()


def _changed(
    parts: Parts, changes: Changes, remarks: list[str]
) -> Iterator[tuple[tree.Trunk, TrunkChange]]:
    trunks = {
        one.name.text: one
        for part in parts.parts
        for one in part.tree.statements
        if isinstance(one, tree.Trunk)
    }
    for change in changes.trunks:
        found = trunks.get(change.trunk)
        if found is None:
            remarks.append(f"trunk {change.trunk} is gone: what was changed of it waits")
        else:
            yield found, change


def _make(files: Files, parts: Parts, changes: Changes) -> None:
    carriers = [
        one for part in parts.parts for one in part.tree.statements if isinstance(one, tree.Carrier)
    ]
    edits: dict[str, list[Edit]] = {}
    for part in parts.parts:
        for trunk in part.tree.statements:
            if not isinstance(trunk, tree.Trunk):
                continue
            change = changes.of_trunk(trunk.name.text)
            if change is not None:
                found = list(edits_of(part.source, trunk, change, carriers))
                edits.setdefault(part.source.path, []).extend(found)
    files.edit({path: made for path, made in edits.items() if made})


def _contradictions(change: TrunkChange, now: Said) -> Iterator[str]:
    """What the policy has come to say of the trunk since it was changed, if it is a third thing."""
    for field, word in (
        ("method", "routes"),
        ("forwarding", "forwarding"),
        ("forwards_to", "forward to"),
    ):
        ours, was, says = (getattr(one, field) for one in (change, change.over, now))
        if ours is not None and says not in (was, ours):
            yield (
                f"trunk {change.trunk}: the policy has come to say `{word} {says}`, and `{ours}`"
                " that was set over the API stands: set it to null there to go by the policy"
            )
