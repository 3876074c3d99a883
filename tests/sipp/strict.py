"""What sipfo puts on the wire, held against RFC 3261 message by message, and in its place.

A judge of its own: it reads text, and has nothing of sipfo's. A rule is a function from a message
and all that was before it to what is wrong. What would surprise: all messages of one capture are
needed, since a response is judged by its request, and CANCEL and ACK by their INVITE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from sipp.addresses import at
from sipp.wire import Message
from sipp.within import TARGETED, answered_by, cancelled, companion, in_order, routed

ONCE: Final = (
    *("call-id", "contact", "content-disposition", "content-length", "content-type", "cseq"),
    *("date", "event", "expires", "from", "max-forwards", "min-expires", "min-se", "privacy"),
    *("rack", "refer-to", "referred-by", "replaces", "retry-after", "rseq", "server"),
    *("session-expires", "subject", "subscription-state", "timestamp", "to", "user-agent"),
)
"""Fields that stand once; Contact as well, since nothing here answers for several places."""

_TRANSPORT: Final = re.compile(r"SIP/2\.0/([A-Z]+) ([^;]+)(;.*)?")
_BRANCH: Final = re.compile(r";branch=z9hG4bK[^;]{8,}")
_CONTACT: Final = re.compile(r"<sips?:(?:[^@>]*@)?(\[[^\]]*\]:[0-9]+|[^;>]*)((?:;[^>]*)?)>")

Rule = Callable[[Message, list[Message]], Iterator[str]]


def faults(messages: list[Message], ours: tuple[str, ...]) -> list[str]:
    """What is wrong with the messages that these parties sent, a line each."""
    said: list[str] = []
    for place, one in enumerate(messages):
        if one.source in ours:
            for rule in _RULES:
                what = f"{one.source} > {one.target}: {one.first_line}"
                said += [f"{what}: {wrong}" for wrong in rule(one, messages[:place])]
    return said


def _framed(one: Message, before: list[Message]) -> Iterator[str]:
    """§20.14: the length is said, always, and is right."""
    if one.headers.get("content-length") != str(len(one.body)):
        yield f"Content-Length {one.headers.get('content-length')} of {len(one.body)}"
    if bool(one.body) != ("content-type" in one.headers):
        yield "a body without Content-Type, or the reverse"


def _once(one: Message, before: list[Message]) -> Iterator[str]:
    is_redirect = 300 <= one.status < 400
    for name in ONCE:
        if len(one.values(name)) > 1 and not (name == "contact" and is_redirect):
            yield f"{name} stands {len(one.values(name))} times"
    for name, value in one.fields:
        if not value and name not in ("supported", "accept", "subject"):
            yield f"{name} is empty"


def _mandatory(one: Message, before: list[Message]) -> Iterator[str]:
    """§8.1.1: what every request has; §8.2.6.2: what every response repeats."""
    for name in ("via", "from", "to", "call-id", "cseq"):
        if name not in one.headers:
            yield f"no {name}"
    if not one.from_tag:
        yield "no From tag"
    if one.status == 0:
        if not 0 <= int(one.headers.get("max-forwards", "-1")) <= 70:
            yield f"Max-Forwards {one.headers.get('max-forwards')}"
        if one.cseq_method != one.method:
            yield f"CSeq {one.headers['cseq']}"


def _via(one: Message, before: list[Message]) -> Iterator[str]:
    """A back-to-back user agent is where its requests begin: one Via, its own (§8.1.1.7, §18.1.1)."""
    if one.status:
        return
    vias = [item for value in one.values("via") for item in value.split(",")]
    if len(vias) != 1:
        yield f"{len(vias)} Via"
    found = _TRANSPORT.fullmatch(vias[0])
    if found is None or not _BRANCH.search(found[3] or ""):
        yield f"Via {vias[0]}"
        return
    host = found[2].rpartition(":")[0]
    if host != at(one.place[0]):
        yield f"sent-by {found[2]} from {one.place}"


def _no_proxy(one: Message, before: list[Message]) -> Iterator[str]:
    """It records no route: it is no proxy (§12.1.1 copies those of others into a 2xx)."""
    if one.status == 0 and "record-route" in one.headers:
        yield "Record-Route"


def _contact(one: Message, before: list[Message]) -> Iterator[str]:
    """Who makes or refreshes a dialog says where he is, over what he is (§8.1.1.8, §12.1.1)."""
    makes = one.method in TARGETED or (
        one.cseq_method in TARGETED and 101 <= one.status < 300 and bool(one.to_tag)
    )
    value = one.headers.get("contact")
    if value is None:
        if makes:
            yield "no Contact"
        return
    if 300 <= one.status < 400:
        return
    found = _CONTACT.fullmatch(value)
    if found is None:
        yield f"Contact {value}"
        return
    transport = _via_transport(one)
    said = re.search(r";transport=([a-z]+)", found[2])
    if transport != "UDP" and (said is None or said[1].upper() != transport):
        yield f"Contact {value} over {transport}"
    if found[1].rpartition(":")[0] != at(one.place[0]):
        yield f"Contact {value} from {one.place}"


def _via_transport(one: Message) -> str:
    found = _TRANSPORT.match(one.headers["via"])
    return found[1] if found else ""


def _response(one: Message, before: list[Message]) -> Iterator[str]:
    """§8.2.6.2: a response repeats the Via, From, Call-ID and CSeq of its request, and the To but
    for our tag."""
    if not one.status:
        return
    request = answered_by(one, before)
    if request is None:
        yield "answers nothing"
        return
    for name in ("from", "call-id", "cseq"):
        if one.headers[name] != request.headers[name]:
            yield f"{name} {one.headers[name]}, not {request.headers[name]}"
    if len(one.values("via")) != len(request.values("via")):
        yield "another number of Via"
    to, said = one.headers["to"], request.headers["to"]
    if request.to_tag and to != said:
        yield f"To {to}, not {said}"
    if one.status > 100 and not one.to_tag:
        yield "no To tag"
    if one.status > 100 and not to.startswith(said):
        yield f"To {to} for {said}"
    if one.status == 100 and one.to_tag != request.to_tag:
        yield "a To tag on 100"


def _status(one: Message, before: list[Message]) -> Iterator[str]:
    """What a status asks for beside it."""
    wanted = {
        401: ("www-authenticate",),
        405: ("allow",),  # §21.4.6
        407: ("proxy-authenticate",),
        420: ("unsupported",),  # §21.4.15
        422: ("min-se",),  # RFC 4028 §6
        423: ("min-expires",),
    }
    for name in wanted.get(one.status, ()):
        if name not in one.headers:
            yield f"no {name}"
    if 200 <= one.status < 300 and one.cseq_method in ("INVITE", "OPTIONS"):
        for name in ("allow", "supported")[: 2 if one.cseq_method == "OPTIONS" else 1]:
            if name not in one.headers:
                yield f"no {name}"  # §13.3.1.4, §11.2
    reliable = "100rel" in one.headers.get("require", "")
    if 100 < one.status < 200 and reliable != ("rseq" in one.headers):
        yield "Require and RSeq do not agree"  # RFC 3262 §3


_RULES: Final[tuple[Rule, ...]] = (
    *(_framed, _once, _mandatory, _via, _no_proxy, _contact, _response, _status),
    *(companion, cancelled, routed, in_order),
)
