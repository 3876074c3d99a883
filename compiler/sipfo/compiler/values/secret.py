"""A secret is named like an environment variable: letters, digits and `_`.

Avoid: `password secret alice-pw`, `password secret "hunter2"`.
Prefer: `password secret ALICE_PW`.
Why: its value is read from the environment or a secrets file when the plan is run; a policy, a plan
and a log hold the name alone.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.tree import Word

CODE: Final = "SF115"
TITLE: Final = "Bad secret name"


def secret_name(word: Word) -> str:
    """The name of a secret. Raises Wrong."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,127}", word.text):
        return word.text
    clean = re.sub("[^A-Za-z0-9_]+", "_", word.text).strip("_")
    # What stands here may be a password that somebody typed: it is not shown again.
    hint = f"write `{clean}`" if re.fullmatch("[A-Za-z_][A-Za-z_-]*", word.text) else None
    message = "not the name of a secret: letters, digits and `_`"
    raise Wrong(CODE, TITLE, message, word.span, hint or "name it, such as `ALICE_PW`")
