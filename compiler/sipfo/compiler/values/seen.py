"""What a test says of an attempt or a call: final codes, and the names of outcomes.

Avoid: `answers 180`, `expect refused 200`, `expect us.primary to pbx-east timeout`.
Prefer: `rings`, `expect answered`, `expect us.primary to pbx-east no-response`.
Why: a provisional response answers nothing, and a call that got 2xx was not refused.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.outcome import LOCAL
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.tree import Word

CODE: Final = "SF113"
TITLE: Final = "Bad code"

SEEN: Final = (*LOCAL, "cancelled", "deadline")
"""The names that the outcome of an attempt may have; the last two never fail over."""

_PROVISIONAL: Final = {"100": "trying", "180": "rings", "183": "progress"}


def answer(word: Word) -> int:
    """The code of `answers CODE`: a final response. Raises Wrong."""
    if re.fullmatch("1[0-9]{2}", word.text):
        message = f"a provisional response answers nothing: {quoted(word.text)}"
        instead = _PROVISIONAL.get(word.text)
        hint = f"write `{instead}`" if instead else "write `trying`, `rings` or `progress`"
        raise Wrong(CODE, TITLE, message, word.span, hint)
    return _code(word, 200, "final responses are 200 to 699")


def refusal(word: Word) -> int:
    """The code of `expect refused CODE`. Raises Wrong."""
    if re.fullmatch("2[0-9]{2}", word.text):
        message = f"no call is refused with {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, "write `expect answered`")
    return _code(word, 300, "a call is refused with 300 to 699")


def attempt_outcome(word: Word) -> str:
    """The outcome of `expect EGRESS to ROUTE OUTCOME`. Raises Wrong."""
    if word.text in SEEN:
        return word.text
    meant = near(word.text, SEEN) or SEEN
    names = one_of([f"`{name}`" for name in meant])
    return str(_code(word, 200, f"write a final code, 200 to 699, or {names}"))


def _code(word: Word, first: int, hint: str) -> int:
    if not re.fullmatch("[0-9]{3}", word.text) or not first <= int(word.text) <= 699:
        raise Wrong(CODE, TITLE, f"no such outcome: {quoted(word.text)}", word.span, hint)
    return int(word.text)
