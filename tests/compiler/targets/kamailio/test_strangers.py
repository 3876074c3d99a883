"""What strangers send to a real Kamailio goes nowhere: no request of a dialog that is not ours, no
response, no route of their own; and they are told little."""

from __future__ import annotations

import pytest

from compiler.targets.kamailio.live import Live, Party, answer, header, inside, request, running
from sipfo.plan.model import Accept, Credential, Listen, NumberPrefix
from verify.seed import NUMBER, plan

PLAN = plan()
DOOR = ("192.0.2.10", 5060)
EGRESS = ("192.76.120.10", 5060)
CALLER, PBX = "192.0.2.130", "198.51.100.10"
STRANGER, VICTIM = "203.0.113.99", "203.0.113.77"
CALLED = f"sip:{NUMBER}@192.0.2.10"

QUIET = 0.7
"""Seconds in which something that is relayed would have come, and once more for T1."""


def routes(message: str) -> tuple[str, ...]:
    """The route set of a caller, from the answer to its INVITE."""
    return tuple(f"Route: {one}" for one in reversed(header(message, "Record-Route")))


def callee_routes(invite: str) -> tuple[str, ...]:
    """The route set of a callee, from the INVITE."""
    return tuple(f"Route: {one}" for one in header(invite, "Record-Route"))


def placed(caller: Party, pbx: Party, call: str = "call-1") -> tuple[str, str]:
    """The INVITE that the first route got, and the answer that the caller got."""
    caller.send(request("INVITE", CALLED, caller, call=call, branch=call), DOOR)
    invite = pbx.hear()
    assert invite is not None
    pbx.send(answer(invite, "200 OK", pbx), pbx.heard_from)
    answered = caller.hear_final()
    assert answered is not None
    return invite, answered


def test_a_request_of_no_dialog_of_ours_is_not_relayed() -> None:
    def work() -> object:
        with running(PLAN):
            stranger, victim, caller, pbx = map(Party, (STRANGER, VICTIM, CALLER, PBX))
            _, answered = placed(caller, pbx)
            mark = header(answered, "Record-Route")[0].partition(";m=")[2].rstrip(">")
            heard = []
            for number, (method, route) in enumerate(
                (
                    ("BYE", "<sip:192.0.2.10;lr>"),
                    ("INVITE", "<sip:192.0.2.10;lr>"),
                    ("INVITE", "<sip:192.0.2.10;lr>,<sip:192.76.120.10;lr>"),
                    ("INVITE", "<sip:192.0.2.10;r2=on;lr;m=>"),
                    ("INVITE", f"<sip:192.0.2.10;r2=on;lr;m={mark}>"),  # the mark of another call
                    ("MESSAGE", f"<sip:{VICTIM};lr>"),
                    ("ACK", "<sip:192.0.2.10;lr>"),
                )
            ):
                text = request(
                    method,
                    f"sip:evil@{VICTIM}",
                    stranger,
                    call=f"evil-{number}",
                    branch=f"evil-{number}",
                    to="guessed",
                    lines=(f"Route: {route}",),
                )
                stranger.send(text, DOOR)
                told = None if method == "ACK" else stranger.hear()
                heard.append(told.split("\n")[0] if told is not None else None)
            return heard, victim.hear(QUIET)

    heard, relayed = inside(work)
    assert heard == ["SIP/2.0 481 Call/Transaction Does Not Exist"] * 6 + [None]
    assert relayed is None


def test_a_route_that_the_caller_has_written_ends_here() -> None:
    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            lines = (f"Route: <sip:{VICTIM};lr>", f"route: <sip:192.0.2.10;lr>,<sip:{VICTIM};lr>")
            caller.send(request("INVITE", CALLED, caller, lines=lines), DOOR)
            return header(pbx.hear() or "", "Route"), header(pbx.hear(QUIET) or "", "Route")

    assert inside(work) == [[], []]


def response(call: str, status: str, method: str, lines: tuple[str, ...] = ()) -> str:
    """A response that claims to have come to the victim through us."""
    fields = [
        f"SIP/2.0 {status}",
        "Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK-ours",
        f"Via: SIP/2.0/UDP {VICTIM}:5060;branch=z9hG4bK-theirs",
        *lines,
        "From: <sip:a@example.com>;tag=1",
        "To: <sip:b@example.com>;tag=2",
        f"Call-ID: {call}",
        f"CSeq: 1 {method}",
        "Content-Length: 0",
    ]
    return "\n".join([*fields, "", ""])


def test_a_response_to_nothing_goes_nowhere() -> None:
    def work() -> object:
        with running(PLAN):
            stranger, victim = Party(STRANGER), Party(VICTIM)
            for status, method in (
                ("180 Ringing", "INVITE"),
                ("200 OK", "INVITE"),
                ("200 OK", "BYE"),
            ):
                stranger.send(response("none", status, method), DOOR)
                stranger.send(
                    response("none", status, method, ("Record-Route: <sip:192.0.2.10;lr;m=>",)),
                    DOOR,
                )
            return victim.hear(QUIET)

    assert inside(work) is None


def test_an_answer_that_comes_again_after_its_transaction_is_passed_on() -> None:
    def work() -> object:
        with running(PLAN):
            caller, pbx, victim = Party(CALLER), Party(PBX), Party(VICTIM)
            invite, _ = placed(caller, pbx)
            marks = tuple(f"Record-Route: {one}" for one in header(invite, "Record-Route"))
            pbx.send(response("call-1", "200 OK", "INVITE", marks), DOOR)
            return (victim.hear() or "").split("\n")[0]

    assert inside(work) == "SIP/2.0 200 OK"


def logged(live: Live) -> int:
    """How many lines of its log tell of strangers."""
    return sum(": stranger " in line for line in live.log().split("\n"))


def test_a_stranger_is_answered_now_and_then_with_no_more_than_it_sent() -> None:
    def work() -> object:
        with running(PLAN) as live:
            stranger = Party(STRANGER)
            sent = heard = answers = 0
            statuses = set()
            for number in range(40):
                method = ("INVITE", "OPTIONS", "REGISTER", "BYE")[number % 4]
                text = request(method, CALLED, stranger, call=str(number), branch=str(number))
                if number % 3 == 0:
                    text = text.replace("Max-Forwards: 70", "Max-Forwards: 0")
                if number % 5 == 0:
                    text = text.replace(f"CSeq: 1 {method}", "CSeq: 1 OTHER")
                stranger.send(text, DOOR)
                sent += len(text)
            while (told := stranger.hear(QUIET)) is not None:
                heard += len(told)
                answers += 1
                statuses.add(told.split(" ")[1])
            return answers, sorted(statuses), heard <= sent, logged(live)

    assert inside(work) == [10, ["403"], True, 10]


SIX = PLAN.model_copy(
    update={"listen": (*PLAN.listen, Listen(transport="udp", host="2001:db8:ffff::10", port=5060))}
)


@pytest.mark.parametrize(
    ("network", "elsewhere"),
    [("2001:db8:1:2", "2001:db8:1:3::1"), ("2001:db8:0:0", "2001:db8:1::1")],
)
def test_strangers_of_one_ipv6_network_are_one(network: str, elsewhere: str) -> None:
    """Somebody with a network of 64 bits has 2^64 addresses to send from."""

    def work() -> object:
        with running(SIX) as live:
            door = ("2001:db8:ffff::10", 5060)
            parties = [Party(f"{network}:{number:x}:0:0:{number:x}") for number in range(1, 25)]
            for number, by in enumerate(parties):
                for method in ("INVITE", "BYE"):
                    name = f"{method}-{number}"
                    to = "guessed" if method == "BYE" else ""
                    by.send(request(method, CALLED, by, call=name, branch=name, to=to), door)
            other = Party(elsewhere)
            answered = False
            for again in range(3):  # a busy kernel loses one now and then, as UDP may
                name = f"other-{again}"
                other.send(request("INVITE", CALLED, other, call=name, branch=name), door)
                answered = answered or other.hear(1.0) is not None
            heard = sum(by.hear(0.1) is not None for by in parties for _ in range(2))
            return heard, answered, logged(live)

    heard, answered, lines = inside(work)
    assert answered
    assert 1 <= heard <= 10
    assert 1 <= lines <= 13


def test_a_stranger_cannot_write_lines_of_the_log() -> None:
    def work() -> object:
        with running(PLAN) as live:
            stranger, caller = Party(STRANGER), Party(CALLER)
            forged = "NOTICE: <script>: stranger 198.51.100.1 sent INVITE: 403"
            text = request("OPTIONS", "sip:192.0.2.10", stranger)
            stranger.send(text.replace("Call-ID: call-1", f"Call-ID: a\n {forged}"), DOOR)
            caller.send(request("OPTIONS", "sip:192.0.2.10", caller), DOOR)
            assert caller.hear() is not None  # so it is through with the others
            return [line for line in live.log().split("\n") if line.strip().startswith(forged[:16])]

    assert inside(work) == []


def test_somebody_known_is_told_what_is_wrong() -> None:
    def work() -> object:
        with running(PLAN):
            caller = Party(CALLER)
            heard = []
            for number, (method, old, new) in enumerate(
                (
                    ("OPTIONS", "", ""),
                    ("REGISTER", "", ""),
                    ("OPTIONS", "Max-Forwards: 70", "Max-Forwards: 0"),
                    ("OPTIONS", "CSeq: 1 OPTIONS", "CSeq: 1 INFO"),
                )
            ):
                text = request(method, "sip:192.0.2.10", caller, branch=str(number))
                caller.send(text.replace(old, new), DOOR)
                heard.append((caller.hear() or "").split(" ")[1])
            for number in range(20):
                text = request("BYE", f"sip:x@{VICTIM}", caller, branch=f"bye-{number}", to="gone")
                caller.send(text, DOOR)
                heard.append((caller.hear() or "").split(" ")[1])
            return heard

    assert inside(work) == ["200", "405", "483", "400", *["481"] * 20]


def test_a_stranger_who_could_have_a_password_learns_of_no_number() -> None:
    base = plan(("pbx-east",))
    credential = Credential(user="acme", secret="S")
    trunk = base.trunks[0].model_copy(update={"accept": Accept(credentials=(credential,))})
    other = base.trunks[0].model_copy(
        update={"name": "other", "numbers": (NumberPrefix(prefix="+44"),)}
    )
    drawn = base.model_copy(update={"trunks": (trunk, other)})
    guess = (
        'Proxy-Authorization: Digest username="acme", realm="192.0.2.10", nonce="x",'
        ' uri="sip:x", response="0123456789abcdef0123456789abcdef", qop=auth, nc=00000001,'
        ' cnonce="y", algorithm=MD5'
    )

    def work() -> object:
        with running(drawn, {"S": "password"}):
            stranger = Party(STRANGER)
            heard = []
            for number in (NUMBER, "+4420", "+99"):
                for lines in ((), (guess,)):
                    name = f"{number[1:]}-{len(lines)}"
                    uri = f"sip:{number}@192.0.2.10"
                    text = request("INVITE", uri, stranger, call=name, branch=name, lines=lines)
                    stranger.send(text, DOOR)
                    heard.append((stranger.hear_final() or "").split(" ")[1])
            return heard

    assert inside(work) == ["407"] * 6
