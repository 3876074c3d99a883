"""An outcome is a final response or one of four that are made here.

A code (`503`), a class (`5xx`), a range (`500-599`), a code with a vendor's tag (`486 tagged "D5"`)
or Q.850 causes (`cause 34, 38`); `transport-error`, `no-response`, `no-progress`, `no-answer`.

Avoid: `failover on 180`, `stop on 200`, `failover on timeout`.
Prefer: `commit on 180`; nothing for 200, which always ends the hunt; `failover on no-response`.
Why: a provisional response is no end of an attempt, and an answered call is never tried again.
"""

from __future__ import annotations

import re
from typing import Final, get_args

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.tree import Cause, Ending, Outcome, Quoted, Word
from sipfo.plan.model import (
    LocalOutcome,
    Match,
    OnCause,
    OnCode,
    OnLocal,
    OnRange,
    OnTag,
)

CODE: Final = "SF110"
TITLE: Final = "Bad outcome"

LOCAL: Final[tuple[LocalOutcome, ...]] = get_args(LocalOutcome)
_LONGEST_TAG: Final = 64


def match_of(node: Ending) -> Match:
    """What a `failover on` or `stop on` names. Raises Wrong."""
    if isinstance(node, Cause):
        return OnCause(cause=cause_number(node.number))
    assert isinstance(node, Outcome)
    if node.tag is not None:
        if not re.fullmatch("[0-9]{3}", node.match.text):
            message = f"only a code can be tagged: {quoted(node.match.text)}"
            hint = f'write each code with its tag: `486 tagged "{node.tag.text[:32]}"`'
            raise Wrong(CODE, TITLE, message, node.match.span, hint)
        code = _final(node.match)
        return OnTag(code=code, tag=tag(node.tag))
    return _plain(node.match)


def tag(text: Quoted) -> str:
    """A vendor's tag. Raises Wrong."""
    if not 1 <= len(text.text) <= _LONGEST_TAG or not text.text.isprintable():
        message = f"a tag has 1 to {_LONGEST_TAG} printable characters"
        hint = 'write what stands in the reason phrase, such as `tagged "D5"`'
        raise Wrong(CODE, "Bad tag", message, text.span, hint)
    return text.text


def _plain(word: Word) -> Match:
    for local in LOCAL:
        if word.text == local:
            return OnLocal(outcome=local)
    if found := re.fullmatch("([0-9])[xX]{2}", word.text):
        first, last = int(found[1]) * 100, int(found[1]) * 100 + 99
    elif found := re.fullmatch("([0-9]{3})-([0-9]{3})", word.text):
        first, last = int(found[1]), int(found[2])
    else:
        return OnCode(code=_final(word))
    if first > last:
        message = f"the range ends before it begins: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, f"write `{last}-{first}`")
    if first < 300 or last > 699:
        raise _out_of_range(word, first)
    return OnRange(first=first, last=last)


def cause_number(word: Word) -> int:
    """A Q.850 cause. Raises Wrong."""
    if not re.fullmatch("[0-9]{1,3}", word.text) or not 1 <= int(word.text) <= 127:
        message = f"not a Q.850 cause: {quoted(word.text)}"
        hint = "a cause is a number from 1 to 127; other outcomes go before `cause`"
        raise Wrong(CODE, "Bad cause", message, word.span, hint)
    return int(word.text)


def _final(word: Word) -> int:
    if not re.fullmatch("[0-9]{3}", word.text):
        raise Wrong(CODE, TITLE, f"not an outcome: {quoted(word.text)}", word.span, _hint(word))
    if not 300 <= int(word.text) <= 699:
        raise _out_of_range(word, int(word.text))
    return int(word.text)


def _out_of_range(word: Word, code: int) -> Wrong:
    hint: str | None
    if 100 <= code <= 199:
        message = f"a provisional response ends no attempt: {quoted(word.text)}"
        hint = f"to end failover on it, write `commit on {code}`" if code > 100 else None
    elif 200 <= code <= 299:
        message = f"an answered call is never tried again: {quoted(word.text)}"
        hint = "leave it out: 2xx always ends the hunt"
    else:
        message = f"no such response: {quoted(word.text)}"
        hint = "final responses are 300 to 699"
    return Wrong(CODE, TITLE, message, word.span, hint)


def _hint(word: Word) -> str:
    if word.text == "timeout":
        return "say which: `no-response`, `no-progress` or `no-answer`"
    if re.fullmatch("[1-9][0-9]?", word.text):
        return f"a code has three digits, `503`; a Q.850 cause is written `cause {word.text}`"
    meant = near(word.text, LOCAL)
    if meant:
        return f"did you mean {one_of([f'`{name}`' for name in meant])}?"
    return f"write a code (`503`), a class (`5xx`), a range (`500-599`) or {one_of([f'`{n}`' for n in LOCAL])}"
