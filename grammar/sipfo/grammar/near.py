"""Names that were perhaps meant: the nearest ones to a misspelt word, by edit distance.

Distance counts a swap of two neighbours as one mistake and ignores case. The cost is bounded by
the lengths of the candidates, so that a word of a megabyte costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST = 4


def near(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """At most four of `names` that are close to `word`, the closest first."""
    scored: list[tuple[int, str]] = []
    for name in dict.fromkeys(names):
        allowed = max(1, min(len(word), len(name)) // 3)
        if min(len(word), len(name)) < 2:
            continue
        if name == word or abs(len(word) - len(name)) > allowed:
            continue
        mistakes = distance(word.lower(), name.lower())
        if mistakes <= allowed:
            scored.append((mistakes, name))
    return tuple(name for _, name in sorted(scored)[:MOST])


def distance(a: str, b: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, above, row = row, before, [i]
        for j, y in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, above[j - 2] + 1)
            row.append(best)
    return row[-1]
