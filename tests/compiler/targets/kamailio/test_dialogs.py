"""Requests of a call that is up, through a real Kamailio: they reach the other side, wherever it is by
now, and nobody else."""

from __future__ import annotations

from compiler.targets.kamailio.live import Party, answer, header, inside, request, running
from compiler.targets.kamailio.test_strangers import (
    CALLED,
    CALLER,
    DOOR,
    EGRESS,
    PBX,
    PLAN,
    QUIET,
    VICTIM,
    callee_routes,
    placed,
    routes,
)


def test_requests_of_a_call_that_is_up_cross_in_both_directions() -> None:
    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            invite, answered = placed(caller, pbx)
            contact = f"sip:callee@{PBX}:5060"
            ack = request("ACK", contact, caller, branch="ack", to="callee", lines=routes(answered))
            caller.send(ack, DOOR)
            heard = [pbx.hear()]
            info = request(
                *("INFO", f"sip:{CALLER}:5060", pbx),
                branch="info",
                tag="callee",
                to="caller",
                lines=callee_routes(invite),
            )
            pbx.send(info, EGRESS)
            heard.append(caller.hear())
            caller.send(answer(heard[-1] or "", "200 OK", caller), caller.heard_from)
            heard.append(pbx.hear_final())
            bye = request("BYE", contact, caller, branch="bye", to="callee", lines=routes(answered))
            caller.send(bye, DOOR)
            heard.append(pbx.hear())
            return [(one or "").split(" ")[0] for one in heard], header(heard[-1] or "", "Route")

    assert inside(work) == [["ACK", "INFO", "SIP/2.0", "BYE"], []]


def test_who_is_in_a_call_reaches_the_other_side_alone() -> None:
    """A caller has a mark of its own call, and could write any URI behind it."""

    def work() -> object:
        with running(PLAN):
            victim, caller, pbx = map(Party, (VICTIM, CALLER, PBX))
            invite, answered = placed(caller, pbx)
            ways = routes(answered)
            back = callee_routes(invite)
            heard = []
            for number, (method, uri, lines) in enumerate(
                (
                    ("BYE", f"sip:evil@{VICTIM}", ways),
                    ("INVITE", f"sip:evil@{VICTIM}", ways),
                    ("MESSAGE", f"sip:callee@{PBX}:5060", (*ways, f"Route: <sip:{VICTIM};lr>")),
                    ("MESSAGE", f"sip:callee@{PBX}:5070", ways),
                    ("MESSAGE", f"sip:evil@{VICTIM}", back),
                )
            ):
                text = request(
                    *(method, uri, caller),
                    branch=f"evil-{number}",
                    to="callee",
                    number=number + 2,
                    lines=lines,
                )
                caller.send(text, DOOR)
                heard.append((caller.hear() or "").split("\n")[0])
            text = request("INFO", f"sip:callee@{PBX}:5060", caller, branch="fine", to="callee")
            text = text.replace("Content-Length", "\n".join((*ways, "Content-Length")))
            caller.send(text, DOOR)
            while (fine := pbx.hear() or "").startswith(("INVITE", "ACK")):
                continue
            return heard, victim.hear(QUIET), fine.split(" ")[0]

    heard, relayed, fine = inside(work)
    assert heard == ["SIP/2.0 481 Call/Transaction Does Not Exist"] * 5
    assert relayed is None
    assert fine == "INFO"


def test_who_moves_is_reached_where_it_has_moved_to() -> None:
    """A re-INVITE with another Contact, which the other side accepts (RFC 3261 section 12.2)."""

    def work() -> object:
        with running(PLAN):
            caller, pbx, moved = Party(CALLER), Party(PBX), Party("192.0.2.140")
            invite, answered = placed(caller, pbx)
            contact = f"sip:callee@{PBX}:5060"
            again = request(
                *("INVITE", contact, caller),
                branch="again",
                to="callee",
                number=2,
                lines=routes(answered),
            ).replace(f"Contact: <sip:{CALLER}:5060>", f"Contact: <sip:{moved.host}:5060>")
            heard = []
            for accepted in (False, True):
                text = again.replace("again", f"again-{accepted}")
                text = text.replace("CSeq: 2", f"CSeq: {2 + accepted}")
                caller.send(text, DOOR)
                while (asked := pbx.hear() or "").split("\n")[0].find(contact) < 0 or (
                    f"CSeq: {2 + accepted}" not in asked
                ):
                    continue
                status = "200 OK" if accepted else "488 Not Acceptable Here"
                pbx.send(answer(asked, status, pbx), pbx.heard_from)
                while f"CSeq: {2 + accepted}" not in (told := caller.hear_final() or ""):
                    assert told  # a refusal is sent again: nobody has acknowledged it
                info = request(
                    *("INFO", f"sip:{moved.host}:5060", pbx),
                    branch=f"info-{accepted}",
                    tag="callee",
                    to="caller",
                    lines=callee_routes(invite),
                )
                pbx.send(info, EGRESS)
                heard.append((moved.hear(QUIET) or "").split(" ")[0])
            return heard

    assert inside(work) == ["", "INFO"]


def test_a_proxy_of_the_other_side_stays_between() -> None:
    """The callee's side has a proxy that records its route; so has the caller's."""

    def work() -> object:
        with running(PLAN):
            caller, pbx, beyond = Party(CALLER), Party(PBX), Party("198.51.100.99")
            own = "Record-Route: <sip:192.0.2.141:5060;lr>"
            caller.send(request("INVITE", CALLED, caller, lines=(own,)), DOOR)
            invite = pbx.hear() or ""
            reply = (
                answer(invite, "200 OK", pbx)
                .replace("Record-Route:", f"Record-Route: <sip:{PBX};lr>\nRecord-Route:", 1)
                .replace(f"Contact: <sip:callee@{PBX}", f"Contact: <sip:callee@{beyond.host}")
            )
            pbx.send(reply, pbx.heard_from)
            answered = caller.hear_final() or ""
            ways = routes(answered)[
                1:
            ]  # without the caller's own proxy, which has taken itself off
            heard = []
            ack = request(
                *("ACK", f"sip:callee@{beyond.host}:5060", caller),
                branch="ack",
                to="callee",
                lines=ways,
            )
            caller.send(ack, DOOR)
            while (told := pbx.hear() or "").startswith("INVITE"):
                continue
            heard.append(told.split(" ")[0])
            upstream = Party("192.0.2.141")
            back = (*callee_routes(invite),)
            info = request(
                *("INFO", f"sip:{CALLER}:5060", pbx),
                branch="info",
                tag="callee",
                to="caller",
                lines=back,
            )
            pbx.send(info, EGRESS)
            heard.append((upstream.hear() or "").split(" ")[0])
            return heard, beyond.hear(QUIET)

    assert inside(work) == [["ACK", "INFO"], None]


def test_a_contact_without_a_port_is_the_one_with_the_usual_port() -> None:
    """A request may say the port that a Contact leaves out, and the other way round."""

    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            caller.send(request("INVITE", CALLED, caller), DOOR)
            invite = pbx.hear() or ""
            reply = answer(invite, "200 OK", pbx).replace(f"@{PBX}:5060", f"@{PBX}")
            pbx.send(reply, pbx.heard_from)
            answered = caller.hear_final() or ""
            heard: list[str] = []
            for number, uri in enumerate((f"sip:callee@{PBX}", f"sip:callee@{PBX}:5060")):
                text = request(
                    *("INFO", uri, caller),
                    branch=f"info-{number}",
                    to="callee",
                    number=number + 2,
                    lines=routes(answered),
                )
                caller.send(text, DOOR)
                while f"CSeq: {number + 2} INFO" not in (told := pbx.hear() or "CSeq: none"):
                    assert told != "CSeq: none"
                heard.append(told.split(" ")[1])
            return heard

    assert inside(work) == [f"sip:callee@{PBX}", f"sip:callee@{PBX}:5060"]
