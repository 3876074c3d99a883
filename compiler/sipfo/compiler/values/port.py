"""A port is a number from 1 to 65535; without one SIP's own, 5060, is meant.

Avoid: `listen udp 192.0.2.10:50600000`.
Prefer: `listen udp 192.0.2.10:5060`.
Why: there is no other port on the wire. In a URI, an explicit port also means that no SRV record
is asked for (RFC 3263 §4.2).
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.source import Span

CODE: Final = "SF102"
TITLE: Final = "Bad port"


def port(text: str, span: Span) -> int:
    """A port number; `span` is the word that holds it. Raises Wrong."""
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        message = f"not a port: {quoted(text)}" if text else "the port is missing after `:`"
        raise Wrong(CODE, TITLE, message, span, "a port is a number from 1 to 65535")
    return int(text)
