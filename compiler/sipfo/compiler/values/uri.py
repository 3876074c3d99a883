"""A SIP URI names where calls go: `sip:[user@]host[:port][;transport=udp|tcp]`.

Avoid: `to pbx.example.com`, `to sips:pbx.example.com`, `to sip:2001:db8::1`.
Prefer: `to sip:pbx.example.com`, `to sip:[2001:db8::1]:5060;transport=tcp`.
Why: a host without a port is looked up by NAPTR, SRV and addresses (RFC 3263 §4), one with a port
by addresses alone; the difference is yours to write. TLS is not in this version.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.policy import Uri
from sipfo.compiler.values.address import parse_ip
from sipfo.compiler.values.host import host_fault
from sipfo.compiler.values.port import port
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.source import Span
from sipfo.grammar.tree import Word

CODE: Final = "SF104"
TITLE: Final = "Bad URI"

# RFC 3261 §25.1: user = 1*( unreserved / escaped / user-unreserved )
_USER: Final = re.compile(r"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]|%[0-9A-Fa-f]{2})+")
_HOST_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?")


def uri(word: Word) -> Uri:
    """The URI in its canonical form. Raises Wrong."""
    scheme, colon, rest = word.text.partition(":")
    if scheme.lower() == "sips":
        raise _not_yet("sips:", word.span)
    if not colon or scheme.lower() != "sip":
        raise _wrong(f"not a SIP URI: {quoted(word.text)}", word.span, _scheme_hint(word.text))
    user, at, place = rest.rpartition("@")
    if at and not user:
        raise _wrong("the user is missing before `@`", word.span, f"write `sip:{place}`")
    if at and not _USER.fullmatch(user):
        hint = "a password does not belong in a URI" if ":" in user else None
        raise _wrong(f"not the user of a SIP URI: {quoted(user)}", word.span, hint)
    host_port, *parameters = place.split(";")
    return Uri(
        f"sip:{user}{at}{_host_port(host_port, word.span)}{_transport(parameters, word.span)}",
        word.span,
    )


def _host_port(text: str, span: Span) -> str:
    if "?" in text:
        raise _wrong("headers in a URI are not used for calls", span, "leave out `?` and the rest")
    found = _HOST_PORT.fullmatch(text)
    if found is None:
        hint = f"write `sip:[{text}]`" if parse_ip(text) else None
        raise _wrong(f"not a host and port: {quoted(text)}", span, hint)
    host, number = found[1], found[2]
    if host.startswith("["):
        address = parse_ip(host[1:-1])
        if address is None or address.version != 6:
            raise _wrong(f"not an IPv6 address: {quoted(host[1:-1])}", span)
        host = f"[{address}]"
    elif fault := host_fault(host):
        raise _wrong(fault, span)
    return host.lower() if number is None else f"{host.lower()}:{port(number, span)}"


def _transport(parameters: list[str], span: Span) -> str:
    chosen = ""
    for parameter in parameters:
        name, _, value = parameter.lower().partition("=")
        if name == "transport" and value in ("tls", "ws", "wss", "sctp"):
            raise _not_yet(f"transport={value}", span)
        if name != "transport" or value not in ("udp", "tcp"):
            message = f"a parameter that has no use here: {quoted(parameter)}"
            raise _wrong(message, span, "only `;transport=udp` or `;transport=tcp` can follow")
        if chosen:
            raise _wrong("the transport is given twice", span)
        chosen = f";transport={value}"
    return chosen


def _scheme_hint(text: str) -> str:
    if text.startswith("tel:"):
        return "a number is reached through a carrier: `on failure forward to +N via CARRIER`"
    if text == "region":
        return "write `to region NAME`"
    return (
        f"write `sip:{text}`"
        if ":" not in text or parse_ip(text.partition(":")[0])
        else ("write `sip:HOST`, such as `sip:pbx.example.com`")
    )


def _wrong(message: str, span: Span, hint: str | None = None) -> Wrong:
    return Wrong(CODE, TITLE, message, span, hint)


def _not_yet(text: str, span: Span) -> Wrong:
    message = f"{quoted(text)} is not in this version"
    hint = "write `sip:` and, if you like, `;transport=udp` or `;transport=tcp`"
    return Wrong("SF004", "Not supported yet", message, span, hint)
