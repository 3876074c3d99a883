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

ONCE: Final = (
    *("call-id", "contact", "content-disposition", "content-length", "content-type", "cseq"),
    *("date", "event", "expires", "from", "max-forwards", "min-expires", "min-se", "privacy"),
    *("rack", "refer-to", "referred-by", "replaces", "retry-after", "rseq", "server"),
    *("session-expires", "subject", "subscription-state", "timestamp", "to", "user-agent"),
)
"""Fields that stand once; Contact as well, since nothing here answers for several places."""

TARGETED: Final = ("INVITE", "NOTIFY", "REFER", "SUBSCRIBE", "UPDATE")
"""Requests that say where the next may go (RFC 3261 §12.1.1.1, RFC 3311 §5.1, RFC 6665 §4.4.1)."""

_TRANSPORT: Final = re.compile(r"SIP/2\.0/([A-Z]+) ([^;]+)(;.*)?")
_BRANCH: Final = re.compile(r";branch=z9hG4bK[^;]{8,}")
_TAG: Final = re.compile(r";tag=([^;>]+)$")
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


def method_of(message: Message) -> str:
    return message.headers.get("cseq", "").rpartition(" ")[2]


def number_of(message: Message) -> int:
    return int(message.headers["cseq"].partition(" ")[0])


def tag_of(value: str) -> str:
    found = _TAG.search(value)
    return found[1] if found else ""


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
    if not tag_of(one.headers["from"]):
        yield "no From tag"
    if one.status == 0:
        if not 0 <= int(one.headers.get("max-forwards", "-1")) <= 70:
            yield f"Max-Forwards {one.headers.get('max-forwards')}"
        if method_of(one) != one.method:
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
        method_of(one) in TARGETED and 101 <= one.status < 300 and bool(tag_of(one.headers["to"]))
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
    request = _answered_by(one, before)
    if request is None:
        yield "answers nothing"
        return
    for name in ("from", "call-id", "cseq"):
        if one.headers[name] != request.headers[name]:
            yield f"{name} {one.headers[name]}, not {request.headers[name]}"
    if len(one.values("via")) != len(request.values("via")):
        yield "another number of Via"
    to, said = one.headers["to"], request.headers["to"]
    if tag_of(said) and to != said:
        yield f"To {to}, not {said}"
    if one.status > 100 and not tag_of(to):
        yield "no To tag"
    if one.status > 100 and not to.startswith(said):
        yield f"To {to} for {said}"
    if one.status == 100 and tag_of(to) != tag_of(said):
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
    if 200 <= one.status < 300 and method_of(one) in ("INVITE", "OPTIONS"):
        for name in ("allow", "supported")[: 2 if method_of(one) == "OPTIONS" else 1]:
            if name not in one.headers:
                yield f"no {name}"  # §13.3.1.4, §11.2
    reliable = "100rel" in one.headers.get("require", "")
    if 100 < one.status < 200 and reliable != ("rseq" in one.headers):
        yield "Require and RSeq do not agree"  # RFC 3262 §3


def _companion(one: Message, before: list[Message]) -> Iterator[str]:
    """CANCEL (§9.1), and the ACK of a refusal (§17.1.1.3), are their INVITE's in all this."""
    if one.method not in ("CANCEL", "ACK"):
        return
    invite = _of_branch(one, before)
    if invite is None:
        if one.method == "CANCEL":
            yield "cancels nothing"
        else:
            yield from _ack_of_answer(one, before)
        return
    if one.first_line.split()[1] != invite.first_line.split()[1]:
        yield f"Request-URI {one.first_line}"
    for name in ("via", "from", "call-id", "route"):
        if one.values(name) != invite.values(name):
            yield f"{name} {one.values(name)}, not {invite.values(name)}"
    if number_of(one) != number_of(invite):
        yield f"CSeq {one.headers['cseq']}"
    for name in ("require", "proxy-require", "contact"):
        if name in one.headers:
            yield f"{name} in {one.method}"
    answers = [m for m in before if m.status and m.headers["via"].startswith(_sent(invite))]
    if one.method == "CANCEL":
        if one.headers["to"] != invite.headers["to"]:
            yield f"To {one.headers['to']}"
        if not any(m.status < 200 for m in answers):
            yield "CANCEL before a provisional"
        if any(m.status >= 200 for m in answers if method_of(m) == "INVITE"):
            yield "CANCEL after the final response"
    elif not any(m.status >= 300 and m.headers["to"] == one.headers["to"] for m in answers):
        yield f"To {one.headers['to']}, of no refusal"


def _ack_of_answer(ack: Message, before: list[Message]) -> Iterator[str]:
    """§13.2.2.4: the ACK of a 2xx is in the dialog that this made, and has its INVITE's number."""

    def is_of(one: Message) -> bool:
        same = ("call-id", "from", "to")
        return (
            200 <= one.status < 300
            and method_of(one) == "INVITE"
            and [one.headers[name] for name in same] == [ack.headers[name] for name in same]
            and number_of(one) == number_of(ack)
        )

    if not any(map(is_of, before)):
        yield "acknowledges nothing"


def _cancelled(one: Message, before: list[Message]) -> Iterator[str]:
    """§9.2: "the To tag of the response to the CANCEL and the To tag in the response to the
    original request SHOULD be the same"."""
    if one.status < 200 or method_of(one) not in ("CANCEL", "INVITE"):
        return
    for earlier in before:
        is_other = {method_of(earlier), method_of(one)} == {"CANCEL", "INVITE"}
        if is_other and earlier.status >= 200 and earlier.headers["via"] == one.headers["via"]:
            tags = {tag_of(two.headers["to"]) for two in (earlier, one)}
            if len(tags) > 1:
                yield "CANCEL and INVITE are answered with two To tags"


def _routed(one: Message, before: list[Message]) -> Iterator[str]:
    """§12.1, §12.2.1.1: a request in a dialog goes to the peer's latest Contact, by the proxies that
    recorded themselves when the dialog was made; §12.1.1: whoever answers repeats their record."""
    if one.status:
        request = _answered_by(one, before)
        makes = method_of(one) == "INVITE" and 100 < one.status < 300
        if request is not None and makes and _routes(one) != _routes(request):
            yield f"Record-Route {_routes(one)}, not {_routes(request)}"
        return
    if not tag_of(one.headers["to"]) or _of_branch(one, before) is not None:
        return
    theirs = [m for m in before if m.source not in (one.source,) and _same_dialog(m, one)]
    contacts = [m.headers["contact"] for m in theirs if _refreshes(m)]
    if contacts and f"<{one.first_line.split()[1]}>" != contacts[-1]:
        yield f"to {one.first_line.split()[1]}, not {contacts[-1]}"
    made = [m for m in theirs if method_of(m) == "INVITE" and "contact" in m.headers]
    if made:
        # "recomputed based on the 2xx" (§13.2.2.4)
        maker = next((m for m in made if 200 <= m.status < 300), made[0])
        recorded = _routes(maker)
        wanted = recorded[::-1] if maker.status else recorded
        said = [item.strip() for value in one.values("route") for item in value.split(",")]
        if said != wanted:
            yield f"Route {said}, not {wanted}"


def _routes(one: Message) -> list[str]:
    return [item.strip() for value in one.values("record-route") for item in value.split(",")]


def _refreshes(one: Message) -> bool:
    is_refresh = method_of(one) in TARGETED and (one.status == 0 or 100 < one.status < 300)
    return is_refresh and "contact" in one.headers


def _same_dialog(one: Message, other: Message) -> bool:
    """One said by the peer in the dialog of a request of ours; its first request has no To tag."""
    if one.headers["call-id"] != other.headers["call-id"]:
        return False
    ours, peers = tag_of(other.headers["from"]), tag_of(other.headers["to"])
    if one.status and one.headers["from"] == other.headers["from"]:
        return tag_of(one.headers["to"]) == peers
    return (
        one.status == 0
        and tag_of(one.headers["from"]) == peers
        and (tag_of(one.headers["to"]) in (ours, ""))
    )


def _in_order(one: Message, before: list[Message]) -> Iterator[str]:
    """§12.2.1.1: a dialog's requests are numbered upward; §8.1.1.5 for those outside."""
    if one.status or one.method in ("ACK", "CANCEL"):
        return
    branch = one.headers["via"]
    for earlier in before:
        if (
            earlier.method not in (None, "ACK", "CANCEL")
            and earlier.source == one.source
            and earlier.headers["call-id"] == one.headers["call-id"]
            and tag_of(earlier.headers["from"]) == tag_of(one.headers["from"])
            and earlier.headers["via"] != branch
            and number_of(earlier) >= number_of(one)
        ):
            yield f"CSeq {one.headers['cseq']} after {earlier.headers['cseq']}"
            return


def _sent(request: Message) -> str:
    """The Via as far as a response repeats it."""
    return request.headers["via"].split(";rport")[0]


def _answered_by(response: Message, before: list[Message]) -> Message | None:
    via = response.headers["via"]
    branch = re.search(r"branch=([^;,]+)", via)
    for one in reversed(before):
        if one.status == 0 and branch is not None and branch[0] in one.headers.get("via", ""):
            is_same = one.method == method_of(response)
            if is_same and one.source == response.target:
                return one
    return None


def _of_branch(one: Message, before: list[Message]) -> Message | None:
    return next(
        (m for m in before if m.method == "INVITE" and m.headers["via"] == one.headers["via"]), None
    )


_RULES: Final[tuple[Rule, ...]] = (
    *(_framed, _once, _mandatory, _via, _no_proxy, _contact, _response, _status),
    *(_companion, _cancelled, _routed, _in_order),
)
