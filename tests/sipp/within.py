"""Rules of `strict` about a message's place among others: an INVITE's companions, and dialogs.

Each is a function from a message and all that was before it to what is wrong, as there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from sipp.wire import Message

TARGETED: Final = ("INVITE", "NOTIFY", "REFER", "SUBSCRIBE", "UPDATE")
"""Requests that say where the next may go (RFC 3261 §12.1.1.1, RFC 3311 §5.1, RFC 6665 §4.4.1)."""


def answered_by(response: Message, before: list[Message]) -> Message | None:
    """The request that a response answers, if there was one."""
    via = response.headers["via"]
    branch = re.search(r"branch=([^;,]+)", via)
    for one in reversed(before):
        if one.status == 0 and branch is not None and branch[0] in one.headers.get("via", ""):
            is_same = one.method == response.cseq_method
            if is_same and one.source == response.target:
                return one
    return None


def companion(one: Message, before: list[Message]) -> Iterator[str]:
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
    if one.cseq_number != invite.cseq_number:
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
        if any(m.status >= 200 for m in answers if m.cseq_method == "INVITE"):
            yield "CANCEL after the final response"
    elif not any(m.status >= 300 and m.headers["to"] == one.headers["to"] for m in answers):
        yield f"To {one.headers['to']}, of no refusal"


def _ack_of_answer(ack: Message, before: list[Message]) -> Iterator[str]:
    """§13.2.2.4: the ACK of a 2xx is in the dialog that this made, and has its INVITE's number."""

    def is_of(one: Message) -> bool:
        same = ("call-id", "from", "to")
        return (
            200 <= one.status < 300
            and one.cseq_method == "INVITE"
            and [one.headers[name] for name in same] == [ack.headers[name] for name in same]
            and one.cseq_number == ack.cseq_number
        )

    if not any(map(is_of, before)):
        yield "acknowledges nothing"


def cancelled(one: Message, before: list[Message]) -> Iterator[str]:
    """§9.2: "the To tag of the response to the CANCEL and the To tag in the response to the
    original request SHOULD be the same"."""
    if one.status < 200 or one.cseq_method not in ("CANCEL", "INVITE"):
        return
    for earlier in before:
        is_other = {earlier.cseq_method, one.cseq_method} == {"CANCEL", "INVITE"}
        if is_other and earlier.status >= 200 and earlier.headers["via"] == one.headers["via"]:
            tags = {two.to_tag for two in (earlier, one)}
            if len(tags) > 1:
                yield "CANCEL and INVITE are answered with two To tags"


def routed(one: Message, before: list[Message]) -> Iterator[str]:
    """§12.1, §12.2.1.1: a request in a dialog goes to the peer's latest Contact, by the proxies that
    recorded themselves when the dialog was made; §12.1.1: whoever answers repeats their record."""
    if one.status:
        request = answered_by(one, before)
        makes = one.cseq_method == "INVITE" and 100 < one.status < 300
        if request is not None and makes and _routes(one) != _routes(request):
            yield f"Record-Route {_routes(one)}, not {_routes(request)}"
        return
    if not one.to_tag or _of_branch(one, before) is not None:
        return
    theirs = [m for m in before if m.source not in (one.source,) and _same_dialog(m, one)]
    contacts = [m.headers["contact"] for m in theirs if _refreshes(m)]
    if contacts and f"<{one.first_line.split()[1]}>" != contacts[-1]:
        yield f"to {one.first_line.split()[1]}, not {contacts[-1]}"
    made = [m for m in theirs if m.cseq_method == "INVITE" and "contact" in m.headers]
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
    is_refresh = one.cseq_method in TARGETED and (one.status == 0 or 100 < one.status < 300)
    return is_refresh and "contact" in one.headers


def _same_dialog(one: Message, other: Message) -> bool:
    """One said by the peer in the dialog of a request of ours; its first request has no To tag."""
    if one.headers["call-id"] != other.headers["call-id"]:
        return False
    ours, peers = other.from_tag, other.to_tag
    if one.status and one.headers["from"] == other.headers["from"]:
        return one.to_tag == peers
    return one.status == 0 and one.from_tag == peers and (one.to_tag in (ours, ""))


def in_order(one: Message, before: list[Message]) -> Iterator[str]:
    """§12.2.1.1: a dialog's requests are numbered upward; §8.1.1.5 for those outside."""
    if one.status or one.method in ("ACK", "CANCEL"):
        return
    branch = one.headers["via"]
    for earlier in before:
        if (
            earlier.method not in (None, "ACK", "CANCEL")
            and earlier.source == one.source
            and earlier.headers["call-id"] == one.headers["call-id"]
            and earlier.from_tag == one.from_tag
            and earlier.headers["via"] != branch
            and earlier.cseq_number >= one.cseq_number
        ):
            yield f"CSeq {one.headers['cseq']} after {earlier.headers['cseq']}"
            return


def _sent(request: Message) -> str:
    """The Via as far as a response repeats it."""
    return request.headers["via"].split(";rport")[0]


def _of_branch(one: Message, before: list[Message]) -> Message | None:
    return next(
        (m for m in before if m.method == "INVITE" and m.headers["via"] == one.headers["via"]), None
    )
