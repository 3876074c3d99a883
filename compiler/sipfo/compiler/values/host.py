"""A host name is labels of letters, digits and `-`, between dots (RFC 3261 §25.1, RFC 1123 §2.1).

Avoid: `to sip:pbx_east.example.com`, `domain sip..example.com`.
Prefer: `to sip:pbx-east.example.com`.
Why: resolvers and peers refuse other names, some only in an outage, when they are asked again.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.address import parse_ip
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF106"
TITLE: Final = "Bad host name"

_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST: Final = 253


def host_name(word: Word) -> str:
    """A host name in lower case. Raises Wrong."""
    if fault := host_fault(word.text):
        raise Wrong(CODE, TITLE, fault, word.span, host_hint(word.text))
    if parse_ip(word.text) is not None:
        message = f"an address, not a name: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, "write a name, such as `sip.example.com`")
    return word.text.lower()


def host_hint(text: str) -> str | None:
    """What to write instead of a host that is none."""
    if re.fullmatch(r"[0-9.]+", text):
        return "an IPv4 address is four numbers from 0 to 255, without leading zeros"
    if not text.isascii():
        try:
            return f"write it as DNS has it: `{text.encode('idna').decode()}`"
        except UnicodeError:
            return None
    if "_" in text and host_fault(text.replace("_", "-")) is None:
        return "a host name has letters, digits and `-`, and no `_`"
    return None if len(text) > _LONGEST else "a host name is labels of letters, digits and `-`"


def host_fault(text: str) -> str | None:
    """What is wrong with a host name or IPv4 address, or None."""
    if not text:
        return "the host is missing"
    if re.fullmatch(r"[0-9.]+", text):
        return None if parse_ip(text) else f"not an IPv4 address: {quoted(text)}"
    if len(text) > _LONGEST:
        return f"a host name longer than {_LONGEST} characters: {quoted(text)}"
    labels = text.removesuffix(".").split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return f"not a host name: {quoted(text)}"
    # RFC 3261 §25.1: toplabel begins with a letter, so that it is never an address.
    return None if labels[-1][0].isalpha() else f"not a host name: {quoted(text)}"
