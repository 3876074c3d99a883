"""A path names a file on the machine that runs the plan, in quotes.

Avoid: `certificate ""`.
Prefer: `certificate "/etc/sipfo/tls.pem"`.
Why: the file is read when the plan is run, and again when it changes; a policy that compiles here
may run elsewhere, so that it is not looked for now.
"""

from __future__ import annotations

from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.tree import Quoted

CODE: Final = "SF118"
TITLE: Final = "Bad path"

_LONGEST: Final = 4096


def path(text: Quoted) -> str:
    """A path as written. Raises Wrong."""
    if not text.text.strip() or not text.text.isprintable() or len(text.text) > _LONGEST:
        raise Wrong(CODE, TITLE, "not a path of a file", text.span, "write the path in quotes")
    return text.text
