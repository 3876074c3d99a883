"""An address is an IPv4 or IPv6 address that peers can send to, with a port if one is needed.

Avoid: `primary 192.0.2.300`, `listen udp 0.0.0.0:5060`, `primary sbc.example.com`.
Prefer: `primary 192.0.2.30`, `listen udp 192.0.2.10:5060`, `primary [2001:db8::1]:5060`.
Why: the address is written into Via and Contact, where the other side answers to it, so that it
must be one address of this host and not a name or "all of them".
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from sipfo.compiler.policy import Endpoint
from sipfo.compiler.values.port import port
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.tree import Word

CODE: Final = "SF101"
TITLE: Final = "Bad address"

_BRACKETED: Final = re.compile(r"\[([^\[\]]*)\](?::(.*))?")
_LIKE_A_PORT: Final = re.compile(r":([1-9][0-9]{3})$")
_WITH_PORT: Final = re.compile(r"([^:]*):([^:]*)")


def endpoint(word: Word) -> Endpoint:
    """`192.0.2.1`, `192.0.2.1:5060`, `2001:db8::1` or `[2001:db8::1]:5060`. Raises Wrong."""
    host, number = word.text, None
    found = _BRACKETED.fullmatch(word.text) or _WITH_PORT.fullmatch(word.text)
    if found is not None:
        host, number = found[1], found[2]
    address = parse_ip(host)
    if address is None:
        raise Wrong(CODE, TITLE, f"not an IP address: {quoted(host)}", word.span, _hint(host))
    if fault := unfit(address):
        kind, hint = fault
        message = f"{kind}, not one that peers can answer to: {quoted(host)}"
        raise Wrong(
            CODE, TITLE, message, word.span, hint or "write one of this host's own addresses"
        )
    if found is None and (end := _LIKE_A_PORT.search(host)) is not None:
        message = f"an IPv6 address that may end in a port: {quoted(host)}"
        hint = f"write `[{host[: end.start()]}]:{end[1]}`, or `[{host}]` if it is no port"
        raise Wrong(CODE, TITLE, message, word.span, hint)
    return Endpoint(str(address), None if number is None else port(number, word.span), word.span)


def bare_address(word: Word) -> Endpoint:
    """An address without a port, whose place has one already. Raises Wrong."""
    found = endpoint(word)
    if found.port is not None:
        host = f"[{found.host}]" if ":" in found.host else found.host
        message = f"a port where the policy's is kept: {quoted(word.text)}"
        raise Wrong(CODE, TITLE, message, word.span, f"write the address alone: `{host}`")
    return found


def parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address without brackets, port or zone; None if it is none."""
    if "%" in text:
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def unfit(address: IPv4Address | IPv6Address) -> tuple[str, str | None] | None:
    """What an address is that no call can go to or come from, and what to write instead if that is
    known; None for any other."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if mapped is not None:
        return "an IPv4 address in IPv6 form", f"write `{mapped}`"
    if address.is_unspecified:
        return "all addresses of a host", None
    if address.is_multicast:
        return "a multicast address", None
    if address == IPv4Address("255.255.255.255"):
        return "the broadcast address", None
    if address.version == 6 and address.is_link_local:
        return "an address of one link", None  # It says nothing without a zone (RFC 4007 §6).
    return None


def _hint(host: str) -> str | None:
    bare = host.strip("[]")
    if "%" in host:
        return "an address with a zone is of one link: write one that peers can answer to"
    if bare != host and parse_ip(bare) is not None:
        return f"write `[{bare}]:5060`, with both brackets"
    if bare.rpartition("]")[2].isdigit() and parse_ip(bare.partition("]")[0]) is not None:
        address, _, number = bare.partition("]")
        return f"write `[{address}]:{number}`"
    if not host:
        return "write an address, such as `192.0.2.10:5060` or `[2001:db8::1]:5060`"
    if "/" in host:
        return "write one address, without `/` and a length"
    if re.search("[A-Za-z]", host) and ":" not in host:
        return "write the address; a name belongs in a route: `to sip:NAME`"
    if re.fullmatch(r"[0-9.]+", host):
        return "an IPv4 address is four numbers from 0 to 255, without leading zeros"
    return None
