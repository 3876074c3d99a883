"""Dialogs named in header fields, in the words of the other side: Replaces, Refer-To, Event.

Each call is two dialogs here. A peer can name only the one that it has; whoever is to find the
call by the name has the other. What would surprise: a name that is not of ours is left as it is in
Refer-To, since two phones may have dialogs that never passed here, but finds nothing in Replaces.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from sipfo.runtime.directory import Directory
from sipfo.runtime.leg import Leg
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.parameters import Parameters, encode_parameters, parse_parameters
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import DEFAULT_PORT, TLS_PORT

_EVENT = re.compile(
    rb"([ \t]*refer[ \t]*(?:;[^=]*=[^;]*)*?;[ \t]*id[ \t]*=[ \t]*)([0-9]{1,10})([ \t]*(?:;.*)?)",
    re.IGNORECASE | re.DOTALL,
)


class Replaces(NamedTuple):
    """A dialog as its peer's peer names it (RFC 3891 §6.1): `to_tag` is of whoever is asked."""

    call_id: bytes
    to_tag: bytes
    from_tag: bytes
    others: Parameters = ()

    def encode(self) -> bytes:
        tags: Parameters = ((b"to-tag", self.to_tag), (b"from-tag", self.from_tag))
        return self.call_id + encode_parameters(tags + self.others)


class Named(NamedTuple):
    """The dialog on the other side of one that was named, and where whoever is there is reached."""

    name: Replaces
    target: bytes


def parse_replaces(value: bytes) -> Replaces:
    """Raises Malformed."""
    call_id, semicolon, rest = value.partition(b";")
    parameters = parse_parameters(semicolon + rest)
    tags = dict(parameters)
    to_tag, from_tag = tags.get(b"to-tag"), tags.get(b"from-tag")
    if not call_id.strip() or not to_tag or not from_tag:
        raise Malformed(400, "bad Replaces")
    others = tuple(one for one in parameters if one[0] not in (b"to-tag", b"from-tag"))
    return Replaces(call_id.strip(), to_tag, from_tag, others)


def carry_replaces(request: Request, directory: Directory) -> bool:
    """Make an INVITE's Replaces name the dialog on the other side of the call that it names; False
    when it names none of ours. Raises Malformed.

    Whether the sender may replace it, and whether it is early, is for the end that it names to say
    (RFC 3891 §3).
    """
    values = request.headers.lines(b"replaces")
    if not values:
        return True
    if len(values) > 1:
        raise Malformed(400, "more than one Replaces")  # §3
    said = parse_replaces(values[0])
    there = other_side(said, directory)
    if there is None:
        return False
    request.headers.set(b"replaces", there.name.encode())
    return True


def referred(request: Request) -> Replaces | None:
    """The dialog that a REFER's Refer-To names, if it names one."""
    value = request.headers.first(b"refer-to")
    if value is None:
        return None
    try:
        fields = _fields(parse_uri(parse_address(value).uri))
        named = next((v for n, v in fields if n.lower() == "replaces"), None)
        return None if named is None else parse_replaces(named.encode("ascii", "replace"))
    except Malformed:
        return None


def carry_refer_to(request: Request, leg: Leg, directory: Directory) -> None:
    """Make a REFER's Refer-To say where to, and instead of which call, in words that the peer of
    `leg` knows (RFC 3515 §2.1, RFC 3891 §6). What is no SIP URI stays."""
    value = request.headers.first(b"refer-to")
    if value is None:
        return
    try:
        address = parse_address(value)
        uri = parse_uri(address.uri)
        fields = _fields(uri)
        named = next((v for n, v in fields if n.lower() == "replaces"), None)
        there = (
            other_side(parse_replaces(named.encode("ascii", "replace")), directory)
            if named is not None
            else None
        )
    except Malformed:
        return
    if there is not None:
        said = there.name.encode().decode("latin-1")
        fields = [(n, said if n.lower() == "replaces" else v) for n, v in fields]
    moved = _moved(uri, leg, there.target if there is not None else None)
    if moved is not uri or there is not None:
        shown = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in fields)
        moved = moved.asking(f"?{shown}" if shown else "")
        request.headers.set(b"refer-to", address.at(moved.encode()).encode())


def carry_event(request: Request, refers: dict[int, int]) -> None:
    """Make the `id` of a NOTIFY's `Event: refer` the CSeq number that the REFER has on the other
    side (RFC 3515 §2.4.6); `refers` has the numbers here and there."""
    value = request.headers.first(b"event")
    found = _EVENT.fullmatch(value) if value is not None else None
    if found is not None and int(found[2]) in refers:
        number = b"%d" % refers[int(found[2])]
        request.headers.set(b"event", found[1] + number + found[3])


def other_side(said: Replaces, directory: Directory) -> Named | None:
    """What is on the other side of the dialog that is named, if it is known here."""
    # "the to-tag parameter is compared to the local tag, and the from-tag parameter ... to the
    # remote tag" (RFC 3891 §3)
    key = (said.call_id, said.to_tag, said.from_tag)
    leg = directory.leg(key)
    if leg is None or leg.peer is leg:  # an early dialog of an attempt that is over
        abroad = directory.abroad.get(key)
        if abroad is None:
            return None
        (call_id, to_tag, from_tag), target = abroad
        return Named(Replaces(call_id, to_tag, from_tag, said.others), target)
    far = leg.peer.dialog
    name = Replaces(far.call_id, far.remote.tag or b"", far.local.tag or b"", said.others)
    return Named(name, far.remote_target)


def _moved(uri: SipUri, leg: Leg, named: bytes | None) -> SipUri:
    """The URI as the peer of `leg` can reach it, when its host is the one that we have on `leg`:
    our bare Contact is whoever the call named is with; a number there is one that we are called by,
    at the address that the peer knows if that takes calls. An address that calls are only sent from
    takes none, so the one that was said stays then."""
    host, port = leg.flow.local
    if uri.host != host or (uri.port or port) != port:
        return uri
    if uri.user is None and named is not None:
        return parse_uri(named)
    secure = uri.scheme == "sips" or uri.param("transport") == "tls"
    transport = "tls" if secure else uri.param("transport") or "udp"
    default = TLS_PORT if secure else DEFAULT_PORT
    there = leg.peer.flow.local[0]
    for listening, at, door in sorted(leg.core.listening):
        if (listening, at) == (transport, there) and (uri.port is not None or door == default):
            return uri.at(there, door if uri.port is not None else None)
    return uri


def _fields(uri: SipUri) -> list[tuple[str, str]]:
    """The header fields of a URI (RFC 3261 §19.1.1)."""
    parts = [one.partition("=") for one in uri.headers.removeprefix("?").split("&") if one]
    return [(unquote(name), unquote(value, "latin-1")) for name, _, value in parts]
