"""A user is what stands before the `@` of its address, or a digest user name in quotes.

Avoid: `user alice@sip.acme.example password …`, `auth "" password …`.
Prefer: `user alice password secret ALICE_PW`, `auth "acme" password secret ACME_PW`.
Why: a registrar adds its own domain to the user; a digest user name is sent as it is written.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Quoted, Word

CODE: Final = "SF116"
TITLE: Final = "Bad user"

_LONGEST: Final = 64

# RFC 3261 §25.1: user = 1*( unreserved / escaped / user-unreserved )
USER: Final = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+")


def registered_user(word: Word) -> str:
    """A user of a registrar. Raises Wrong."""
    text = word.text
    if USER.fullmatch(text) and len(text) <= _LONGEST:
        return text
    before, at, _ = text.partition("@")
    before = before.removeprefix("sip:")
    good = at and USER.fullmatch(before) and len(before) <= _LONGEST
    hint = f"write `{before}`: the domain is the registrar's" if good else None
    raise Wrong(CODE, TITLE, f"not a user: {quoted(text)}", word.span, hint)


def digest_user(text: Quoted) -> str:
    """The user name of a digest credential. Raises Wrong."""
    if not 1 <= len(text.text) <= _LONGEST or not text.text.isprintable():
        message = f"a user name has 1 to {_LONGEST} printable characters"
        raise Wrong(CODE, TITLE, message, text.span)
    return text.text
