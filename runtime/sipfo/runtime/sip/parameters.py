"""Parameters after a value, `;name=value`, and hosts with ports: what Via and addresses share."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final

from sipfo.runtime.sip.limits import MAX_PARAMETERS
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.names import is_token
from sipfo.runtime.sip.remembered import remembered

Parameters = tuple[tuple[bytes, bytes | None], ...]

_PARAMETER = re.compile(
    rb"""[ \t]*;[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)
         (?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^\x00-\x20\x7f;,"<>]*))?""",
    re.VERBOSE | re.DOTALL,
)


def allowing(octets: bytes) -> bytes:
    """A table that translates every octet but these, the set of a pattern, to NUL."""
    allowed = re.compile(octets)
    return bytes(octet if allowed.match(bytes((octet,))) else 0 for octet in range(256))


_PLAIN: Final = allowing(rb'[^\x00-\x20\x7f,"<>]')
"""What parameters are made of as nearly everybody writes them: no blanks, no quotes."""

_EQUALS: Final = 0x3D  # a number: `b"=" in part` tries its bytes as one first
_USUAL: Final = {
    name: name for name in (b"branch", b"rport", b"received", b"tag", b"lr", b"transport", b"ob")
}

_HOST_PORT = re.compile(
    r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<host>[A-Za-z0-9_.-]{1,255}))(?:[ \t]*:[ \t]*(?P<port>[0-9]{1,5}))?"
)
# An IPv4 address, or labels of which the last is not a number (RFC 3261 §25.1, RFC 1123 §2.1).
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}|(?:{_LABEL}\.)*(?![0-9]+\.?$){_LABEL}\.?")

_THIRD_COLON = re.compile(r":::(?=[0-9]{1,3}\.)")


def parse_parameters(text: bytes) -> Parameters:
    """Every `;name[=value]` of the text, names in lower case. Raises Malformed.

    A value may hold more than RFC 3261 §25.1 lets it: a peer that answers with such a tag has
    answered, and must be acknowledged under it.
    """
    if not text:
        return ()
    if text.startswith(b";"):
        rest = text[1:]
        if 0 not in rest.translate(_PLAIN):
            return _plain(rest)
    found: list[tuple[bytes, bytes | None]] = []
    place = 0
    while place < len(text):
        one = _PARAMETER.match(text, place)
        if one is None:
            if not text[place:].strip(b" \t"):
                break
            raise Malformed(400, "bad parameter")
        if len(found) == MAX_PARAMETERS:
            raise Malformed(400, "too many parameters")
        found.append((one[1].lower(), one[2]))
        place = one.end()
    return tuple(found)


def _plain(text: bytes) -> Parameters:
    """The same without the first semicolon, of plain text: nothing in it can hide a semicolon."""
    found: list[tuple[bytes, bytes | None]] = []
    for part in text.split(b";"):
        if part.startswith(b"branch="):  # what Via, From and To have, and mostly little else
            found.append((b"branch", part[7:]))
        elif part.startswith(b"tag="):
            found.append((b"tag", part[4:]))
        elif _EQUALS in part:
            name, _, value = part.partition(b"=")
            found.append((_name(name), value))
        else:
            found.append((_name(part), None))
        if len(found) > MAX_PARAMETERS:
            raise Malformed(400, "too many parameters")
    return tuple(found)


def _name(text: bytes) -> bytes:
    usual = _USUAL.get(text)
    if usual is not None:
        return usual
    if not is_token(text):
        raise Malformed(400, "bad parameter")
    return text.lower()


def encode_parameters(parameters: Parameters) -> bytes:
    """The parameters as they are written."""
    text = b""
    for name, value in parameters:
        text = b"%s;%s" % (text, name) if value is None else b"%s;%s=%s" % (text, name, value)
    return text


@remembered
def parse_host_port(text: str) -> tuple[str, int | None]:
    """A host (a name in lower case, or an address without brackets) and its port, if there.

    Raises Malformed.
    """
    found = _HOST_PORT.fullmatch(text)
    if found is None:
        raise Malformed(400, "bad host")
    port = int(found["port"]) if found["port"] is not None else None
    if port is not None and not 1 <= port <= 65535:
        raise Malformed(400, "bad port")
    if found["six"] is not None:
        # RFC 3261's grammar let a third colon in before an IPv4 part (RFC 5118 §4.10).
        six = _THIRD_COLON.sub("::", found["six"], count=1)
        try:
            return str(IPv6Address(six)), port
        except ValueError:
            raise Malformed(400, "bad IPv6 address") from None
    if not _HOST.fullmatch(found["host"]):
        raise Malformed(400, "bad host")
    return found["host"].lower(), port


def encode_host(host: str, port: int | None) -> str:
    """A host and port as they stand in a URI or Via; IPv6 in brackets (RFC 5118 §4.1)."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"
