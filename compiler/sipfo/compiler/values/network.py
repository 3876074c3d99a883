"""A network is an address and a prefix length: `203.0.113.0/24`, `2001:db8::/32`.

Avoid: `accept from 203.0.113.7/24`.
Prefer: `accept from 203.0.113.0/24` for the network, `203.0.113.7` for the one address.
Why: an address with bits below its prefix length is a slip of the hand in either the address or
the length, and here it decides who may place calls at your cost.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Final

from sipfo.compiler.values.address import parse_ip
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF103"
TITLE: Final = "Bad network"


def network(word: Word) -> str:
    """A network in CIDR form; an address alone is the network of it. Raises Wrong."""
    text = word.text
    try:
        if "%" not in text:
            return str(ip_network(text))
        wider = None
    except ValueError:
        wider = _network_of(text)
    if wider is not None:
        hint = f"write `{wider}` for the network, or `{text.partition('/')[0]}` for the one address"
        message = f"not a network but an address in one: {quoted(text)}"
        raise Wrong(CODE, TITLE, message, word.span, hint)
    raise Wrong(CODE, TITLE, f"not a network: {quoted(text)}", word.span, _hint(text))


def _hint(text: str) -> str:
    if text == "anyone":
        return "write `accept anyone`"
    address, slash, length = text.partition("/")
    bare = f"{address.strip('[]')}{slash}{length}"
    if bare != text and _network_of(bare) is not None:
        return f"write `{_network_of(bare)}`"
    if slash and (found := parse_ip(address)) is not None:
        return f"the length of an IPv{found.version} network is 0 to {found.max_prefixlen}"
    return "write an address or a network, such as `203.0.113.0/24`"


def _network_of(text: str) -> str | None:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return None
