"""A SIP URI names where calls go: `sip:[user@]host[:port][;transport=udp|tcp|tls]`.

Avoid: `to pbx.example.com`, `to sips:pbx.example.com`, `to sip:2001:db8::1`.
Prefer: `to sip:pbx.example.com`, `to sip:[2001:db8::1]:5060;transport=tcp`.
Why: a host without a port is looked up by NAPTR, SRV and addresses (RFC 3263 §4), one with a port
by addresses alone; the difference is yours to write. `sips:` asks for TLS on every hop to the
callee, which no trunk gives; TLS to the next hop is `;transport=tls`.
"""

from __future__ import annotations

import re
from typing import Final

from sipfo.compiler.policy import Uri
from sipfo.compiler.values.address import parse_ip, unfit
from sipfo.compiler.values.host import host_fault, host_hint
from sipfo.compiler.values.port import port
from sipfo.compiler.values.user import USER
from sipfo.compiler.values.wrong import Wrong
from sipfo.grammar.diagnostic import quoted
from sipfo.grammar.source import Span
from sipfo.grammar.tree import Word

CODE: Final = "SF104"
TITLE: Final = "Bad URI"

_ADDRESS_HINT: Final = "write `sip:[2001:db8::1]`, an address without a zone"
_HOST_PORT: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([^:]*))?")


def uri(word: Word) -> Uri:
    """The URI in its canonical form. Raises Wrong."""
    scheme, colon, rest = word.text.partition(":")
    if scheme.lower() == "sips":
        message = f"`sips:` is more than a trunk can promise: {quoted(word.text)}"
        raise _wrong(message, word.span, f"write `sip:{rest.partition(';')[0]};transport=tls`")
    if not colon or scheme.lower() != "sip":
        raise _wrong(f"not a SIP URI: {quoted(word.text)}", word.span, _scheme_hint(word.text))
    user, at, place = rest.rpartition("@")
    if at and not user:
        raise _wrong("the user is missing before `@`", word.span, f"write `sip:{place}`")
    if at and not USER.fullmatch(user):
        hint = "a password does not belong in a URI" if ":" in user else None
        raise _wrong(f"not the user of a SIP URI: {quoted(user)}", word.span, hint)
    host_port, *parameters = place.split(";")
    socket = _host_port(host_port, word.span)
    text = f"sip:{user}{at}{socket}{_transport(parameters, word.span)}"
    host = socket.partition("]")[0] if socket.startswith("[") else socket.partition(":")[0]
    return Uri(text, word.span, is_address=parse_ip(host.strip("[]")) is not None)


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
            hint = f"write `sip:{address}`" if address is not None else _ADDRESS_HINT
            raise _wrong(f"not an IPv6 address: {quoted(host[1:-1])}", span, hint)
        host = f"[{address}]"
    elif fault := host_fault(host):
        raise _wrong(fault, span, host_hint(host) if host else "write `sip:pbx.example.com`")
    literal = parse_ip(host.strip("[]"))
    if literal is not None and (wrong := unfit(literal)) is not None:
        kind, hint = wrong
        message = f"{kind}, not one that a call can go to: {quoted(host)}"
        raise _wrong(message, span, hint and hint.replace("`", "`sip:", 1))
    return host.lower() if number is None else f"{host.lower()}:{port(number, span)}"


def _transport(parameters: list[str], span: Span) -> str:
    chosen = ""
    for parameter in parameters:
        name, _, value = parameter.lower().partition("=")
        if name == "transport" and value in ("ws", "wss", "sctp"):
            hint = "write `;transport=udp`, `;transport=tcp` or `;transport=tls`"
            raise _wrong(f"a transport that sipfo does not speak: {quoted(value)}", span, hint)
        if name != "transport" or value not in ("udp", "tcp", "tls"):
            message = f"a parameter that has no use here: {quoted(parameter)}"
            raise _wrong(message, span, "only `;transport=udp`, `tcp` or `tls` can follow")
        if chosen:
            raise _wrong("the transport is given twice", span, "keep one of them")
        chosen = f";transport={value}"
    return chosen


def _scheme_hint(text: str) -> str:
    if text.startswith("tel:"):
        return "a number is reached through a carrier: `on failure forward to +N via CARRIER`"
    if text == "region":
        return "write `to region NAME`"
    if parse_ip(text) is not None:
        text = f"[{text}]" if ":" in text else text
    try:
        _host_port(text, Span(0, 0))
    except Wrong:
        return "write `sip:HOST`, such as `sip:pbx.example.com`"
    return f"write `sip:{text}`"


def _wrong(message: str, span: Span, hint: str | None = None) -> Wrong:
    return Wrong(CODE, TITLE, message, span, hint)
