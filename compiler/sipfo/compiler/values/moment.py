"""A commit point is a provisional response, from which on the call stays where it is.

One of: a code from 101 to 199 (`180`), `early-media` (a provisional with a body), `progress` (any
provisional above 100), `answer` (never before the answer).

Avoid: `commit on 503`, `commit on 100`, `commit on 200`.
Prefer: `commit on 180`, `commit on answer`.
Why: 100 Trying is hop by hop and says nothing of the callee; a final response is judged by
`failover on` and `stop on`.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word
from sipfo.plan.model import Commit, CommitOn, CommitOnCode

CODE: Final = "SF111"
TITLE: Final = "Bad commit point"


def moment(word: Word) -> Commit:
    """A commit point as the plan writes it. Raises Wrong."""
    match word.text:
        case "early-media" | "progress" | "answer" as point:
            return CommitOn(point=point)
        case text if re.fullmatch("1[0-9]{2}", text) and text != "100":
            return CommitOnCode(code=int(text))
        case "100":
            message = "100 says nothing of the callee: it only stops retransmissions"
            raise Wrong(CODE, TITLE, message, word.span, "write `progress` for 101 to 199")
        case text if re.fullmatch("2[0-9x]{2}", text):
            message = f"not a provisional response: {quoted(text)}"
            raise Wrong(CODE, TITLE, message, word.span, "write `answer`")
        case text if re.fullmatch("[3-6][0-9x]{2}", text):
            message = f"not a provisional but a final response: {quoted(text)}"
            raise Wrong(CODE, TITLE, message, word.span, f"write `stop on {text}`")
        case text:
            message = f"not a commit point: {quoted(text)}"
            hint = "write `180`, `early-media`, `progress` or `answer`"
            raise Wrong(CODE, TITLE, message, word.span, hint)
