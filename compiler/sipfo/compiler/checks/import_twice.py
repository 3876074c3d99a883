"""A file imports the same library or file twice.

Avoid: `import telnyx` and, further down, `import telnyx`; `import "a.sipfo"` and `import "./a.sipfo"`.
Prefer: one import for each.
Why: it does no harm, but often one of the two was meant to be another. Two files that import the
same third one are fine: it is read once.
"""

from __future__ import annotations

from typing import Final

from sipfo.grammar import tree
from sipfo.grammar.diagnostic import Diagnostic, Label, remove
from sipfo.grammar.source import Span

CODE: Final = "SF207"
TITLE: Final = "Imported twice"


def twice(again: tree.ImportLibrary | tree.ImportFile, first: Span) -> Diagnostic:
    """A warning at the second import; the first is shown."""
    called = again.name if isinstance(again, tree.ImportLibrary) else again.path
    kind = "library" if isinstance(again, tree.ImportLibrary) else "file"
    return Diagnostic(
        CODE,
        "warning",
        TITLE,
        f"this {kind} is already imported",
        called.span,
        "imported again",
        (Label(first, "imported first"),),
        "remove one of them, or import another",
        remove(again.span),
    )
