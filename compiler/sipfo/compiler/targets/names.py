"""Names as identifiers of an engine's configuration language."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count


def plain_names(names: Iterable[str]) -> dict[str, str]:
    """Each name with `_` for what an identifier cannot hold, all of them different: the second that
    would read `a_b` is `a_b_2`."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        stem = chosen = re.sub(r"[^A-Za-z0-9]", "_", name)
        for number in count(2):
            if chosen not in taken:
                break
            chosen = f"{stem}_{number}"
        taken.add(chosen)
        found[name] = chosen
    return found
