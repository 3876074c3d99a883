"""What is changed of single numbers, to a trunk of its own for each, cut out of the one it was in.

Such a trunk says what the other says but for the forward. What would surprise: a number of a trunk
with a limit cannot be cut out, because two trunks cannot share a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sipfo.compiler.amend.trunk import INDENT, WORDS, CannotAmend, edits_of, forward_statement
from sipfo.compiler.gather.reader import first_of
from sipfo.compiler.imports import Parts
from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Edit
from sipfo.grammar.source import Source, Span
from sipfo.plan.change import NumberChange, number_trunk
from sipfo.plan.numbering import normalise


@dataclass(frozen=True, slots=True)
class _Owner:
    """The trunk that a number is of, the set that says so, and how narrow that set is."""

    source: Source
    trunk: tree.Trunk
    numbers: tree.NumberSet
    rank: tuple[int, int]


def with_numbers(
    parts: Parts, changes: Iterable[NumberChange], remarks: list[str]
) -> tuple[dict[str, list[Edit]], set[str]]:
    """The edits of each file, by path, and the numbers of which the policy says it all itself.
    Raises CannotAmend."""
    carriers = [
        one for part in parts.parts for one in part.tree.statements if isinstance(one, tree.Carrier)
    ]
    cut: dict[str, list[tuple[_Owner, NumberChange]]] = {}
    edits: dict[str, list[Edit]] = {}
    renamed: dict[tuple[str, str], str] = {}
    needless: set[str] = set()
    for change in sorted(changes, key=lambda one: one.number):
        owner = _owner(parts, change.number)
        if owner is None:
            remarks.append(f"no trunk has {change.number}: what was changed of it waits")
        elif _is_alone(owner, change.number):
            found = list(edits_of(owner.source, owner.trunk, change, carriers))
            if not found:
                needless.add(change.number)
            edits.setdefault(owner.source.path, []).extend(found)
        else:
            name = owner.trunk.name.text
            cut.setdefault(name, []).append((owner, change))
            renamed[name, change.number] = number_trunk(name, change.number)
    for several in cut.values():
        owner = several[0][0]
        mine = edits.setdefault(owner.source.path, [])
        mine.append(_left(owner, [change.number for _, change in several]))
        blocks = [_block(one, change, carriers) for one, change in several]
        end = owner.trunk.span.end
        mine.append(Edit(Span(end, end), "".join(f"\n\n{block}" for block in blocks)))
    for path, edit in _calls(parts, renamed):
        edits.setdefault(path, []).append(edit)
    return {path: made for path, made in edits.items() if made}, needless


def _owner(parts: Parts, number: str) -> _Owner | None:
    """Whose a number is: a range is narrower than a prefix, a longer prefix than a shorter one."""
    best: _Owner | None = None
    for part in parts.parts:
        for trunk in part.tree.statements:
            if not isinstance(trunk, tree.Trunk):
                continue
            listed = first_of(tree.Numbers, trunk)
            for one in listed.sets if listed is not None else ():
                rank = _rank(one, number)
                if rank is not None and (best is None or rank > best.rank):
                    best = _Owner(part.source, trunk, one, rank)
    return best


def _rank(one: tree.NumberSet, number: str) -> tuple[int, int] | None:
    first = one.first.text
    if one.last is not None:
        last = one.last.text
        inside = len(first) == len(number) and first <= number <= last
        return (2, 0) if inside else None
    if first == "any":
        return 0, 0
    return (1, len(first)) if number.startswith(first) else None


def _is_alone(owner: _Owner, number: str) -> bool:
    """Whether the trunk is this number's and no other's already."""
    only = owner.numbers
    ends = {only.first.text, only.last.text if only.last is not None else only.first.text}
    return len(_listed(owner).sets) == 1 and ends == {number}


def _listed(owner: _Owner) -> tree.Numbers:
    listed = first_of(tree.Numbers, owner.trunk)
    assert listed is not None  # one of its sets is the owner's
    return listed


def _left(owner: _Owner, numbers: Sequence[str]) -> Edit:
    """The trunk's numbers without those that get trunks of their own. Raises CannotAmend."""
    listed = _listed(owner)
    left = [text for one in listed.sets for text in _without(one, numbers)]
    if not left:
        raise CannotAmend(
            f"no number of trunk {owner.trunk.name.text} would be left: change the whole trunk"
        )
    return Edit(Span(listed.sets[0].span.start, listed.span.end), ", ".join(left))


def _without(one: tree.NumberSet, numbers: Sequence[str]) -> Iterator[str]:
    """A set of numbers without some of them, which are in order, as it is written. A prefix is less narrow than the
    whole numbers in it, and stays."""
    if one.last is None:
        if one.first.text not in numbers:
            yield one.first.text
        return
    start, end = int(one.first.text), int(one.last.text)
    inside = [int(number) for number in numbers if len(number) == len(one.last.text)]
    for number in [*(found for found in inside if start <= found <= end), end + 1]:
        if start < number:
            yield _range(start, number - 1)
        start = number + 1


def _range(first: int, last: int) -> str:
    return f"+{first} .. +{last}"


def _block(owner: _Owner, change: NumberChange, carriers: Sequence[tree.Carrier]) -> str:
    """The number's own trunk. Raises CannotAmend."""
    trunk, source = owner.trunk, owner.source
    name = trunk.name.text
    if first_of(tree.Limit, trunk) is not None:
        raise CannotAmend(
            f"trunk {name} has a limit, which {change.number} could not share: change the whole"
            " trunk, or declare a trunk for the number"
        )
    number = change.number
    lines = [f"numbers {number} .. {number}"]
    for item in trunk.items:
        if not isinstance(item, tree.Numbers | tree.Forward | tree.Note | tree.Source):
            lines.append(source.excerpt(item.span).replace("\r\n", "\n"))
    statement = _statement(source, trunk, change, carriers)
    lines += [statement] if statement else []
    body = "".join(f"{INDENT}{line}\n" for line in lines)
    return f"trunk {number_trunk(name, number)} {{  # cut out of {name}\n{body}}}"


def _statement(
    source: Source, trunk: tree.Trunk, change: NumberChange, carriers: Sequence[tree.Carrier]
) -> str:
    """The forward of a number's own trunk: the trunk's, as the number wants it."""
    node = first_of(tree.Forward, trunk)
    always = isinstance(node, tree.AlwaysForward)
    now = "off" if node is None else "always" if always else "on-failure"
    wanted = change.forwarding or now
    if wanted == "off":
        return ""
    number = change.forwards_to or (node.number.text if node is not None else None)
    if number is None:
        raise CannotAmend(f"{change.number} is forwarded nowhere: say to which number")
    if node is None:
        return forward_statement("always" if wanted == "always" else "on-failure", number, carriers)
    rest = source.excerpt(Span(node.number.span.end, node.span.end))
    word = WORDS["always" if wanted == "always" else "on-failure"]
    return f"{word} to {number}{rest}"


def _calls(parts: Parts, renamed: dict[tuple[str, str], str]) -> Iterator[tuple[str, Edit]]:
    """The policy's tests that call such a number call its own trunk."""
    for part in parts.parts:
        for test in part.tree.statements:
            call = first_of(tree.Call, test) if isinstance(test, tree.Test) else None
            if call is not None:
                name = renamed.get((call.trunk.text, normalise(call.number.text)))
                if name is not None:
                    yield part.source.path, Edit(call.trunk.span, name)
