"""Files import each other in a circle, or a file imports itself.

Avoid: `import "b.sipfo"` in `a.sipfo` and `import "a.sipfo"` in `b.sipfo`.
Prefer: what both need in a third file that imports neither.
Why: an imported file is part of the policy of whoever imports it; in a circle no file is the
policy, and which one is read first would decide what is declared first.
"""

from __future__ import annotations

from typing import Final

from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span

CODE: Final = "SF206"
TITLE: Final = "Import cycle"

_SHOWN: Final = 6


def cycle(paths: list[str], closing: Span, first: Span) -> Diagnostic:
    """`paths` begins and ends with one file; `first` is the import that begins the circle, and
    `closing` the one that ends it."""
    if len(paths) == 2:
        message = f"a file imports itself: {quoted(paths[0])}"
    else:
        shown = [quoted(path) for path in paths]
        if len(shown) > _SHOWN:
            shown = [*shown[: _SHOWN - 2], "…", shown[-1]]
        message = f"files import each other: {' → '.join(shown)}"
    return Diagnostic(
        CODE,
        "error",
        TITLE,
        message,
        closing,
        "closes the circle" if closing != first else "imports itself",
        (Label(first, "begins it"),) if closing != first else (),
        "remove one of these imports" if closing != first else "remove it",
    )
