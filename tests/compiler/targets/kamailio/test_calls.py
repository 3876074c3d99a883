"""What a real Kamailio does about a call that the lab's endpoints would not do: the same call by two
paths, a late voice from an attempt that was given up, a request that cannot be sent."""

from __future__ import annotations

import pytest

from compiler.targets.kamailio.live import (
    Party,
    answer,
    header,
    inside,
    put,
    request,
    running,
    started,
)
from compiler.targets.kamailio.test_strangers import CALLED, CALLER, DOOR, PBX, placed, routes
from sipfo.plan.model import AnyNumber, OnCause, Rule, Shaping
from verify.seed import RETRY, plan

PLAN = plan()
SECOND = "198.51.100.11"


def status(message: str | None) -> str:
    """The status code of a response; "" for none."""
    return message.split(" ")[1] if message is not None else ""


def acknowledged(refusal: str, uri: str, by: Party, branch: str) -> str:
    """The ACK of a refusal (RFC 3261 section 17.1.1.3)."""
    (to,) = header(refusal, "To")
    return request("ACK", uri, by, branch=branch).replace(f"To: <{uri}>", f"To: {to}")


def test_a_call_that_comes_by_two_paths_is_placed_once() -> None:
    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            caller.send(request("INVITE", CALLED, caller, branch="first"), DOOR)
            invite = pbx.hear()
            assert invite is not None
            other = CALLED.replace("0123@", "0124@")
            caller.send(request("INVITE", other, caller, branch="second"), DOOR)
            refused = caller.hear_final() or ""
            heard = [status(refused)]
            caller.send(acknowledged(refused, other, caller, "second"), DOOR)
            pbx.send(answer(invite, "180 Ringing", pbx), pbx.heard_from)
            caller.send(request("CANCEL", CALLED, caller, branch="first"), DOOR)
            answers = [caller.hear_final() or "", caller.hear_final() or ""]
            heard += sorted(f"{status(one)} {header(one, 'CSeq')[0]}" for one in answers)
            return heard, (pbx.hear() or "").split(" ")[0]

    assert inside(work) == [["482", "200 1 CANCEL", "487 1 INVITE"], "CANCEL"]


@pytest.mark.parametrize("rings", [True, False])
def test_a_caller_that_gives_up_is_told_at_once_and_the_callee_when_it_may_be(rings: bool) -> None:
    """No CANCEL goes to who has said nothing yet (RFC 3261 section 9.1), but when it does."""

    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            caller.send(request("INVITE", CALLED, caller), DOOR)
            invite = pbx.hear() or ""
            if rings:
                pbx.send(answer(invite, "180 Ringing", pbx), pbx.heard_from)
                while not (caller.hear() or "").startswith("SIP/2.0 180"):
                    continue
            caller.send(request("CANCEL", CALLED, caller), DOOR)
            heard = []
            for _ in range(2):
                told = caller.hear_final() or ""
                heard.append(f"{status(told)} {header(told, 'CSeq')[0]}")
                if told.startswith("SIP/2.0 487"):
                    caller.send(acknowledged(told, CALLED, caller, "one"), DOOR)
            if not rings:
                pbx.send(answer(invite, "180 Ringing", pbx), pbx.heard_from)
            while (last := pbx.hear() or "").startswith("INVITE"):
                continue
            caller.send(request("CANCEL", CALLED, caller, call="none", branch="none"), DOOR)
            return heard, last.split(" ")[0], status(caller.hear_final())

    assert inside(work) == [["200 1 CANCEL", "487 1 INVITE"], "CANCEL", "481"]


def test_what_an_attempt_says_after_it_was_given_up_does_not_touch_the_next() -> None:
    quick = RETRY.model_copy(update={"no_response": 0.6, "no_progress": 0.6})
    failing = quick.rules[0].model_copy(
        update={"match": quick.rules[4].match.model_copy(update={"outcome": "no-response"})}
    )
    retry = quick.model_copy(update={"rules": (*quick.rules, failing)})

    def work() -> object:
        with running(plan(retry=retry)):
            caller, first, second = Party(CALLER), Party(PBX), Party(SECOND)
            caller.send(request("INVITE", CALLED, caller), DOOR)
            one = first.hear()
            two = second.hear()
            assert one is not None
            assert two is not None
            there = first.heard_from
            first.send(answer(one, "180 Ringing", first), there)  # it would commit
            cancelled = first.hear()
            while cancelled is not None and cancelled.startswith("INVITE"):
                cancelled = first.hear()
            # the second one is silent: its own timer ends it, and the first comes again
            while (again := first.hear()) is not None and again.startswith("CANCEL"):
                continue
            return (cancelled or "").split(" ")[0], (again or "").split(" ")[0]

    assert inside(work) == ["CANCEL", "INVITE"]


def test_a_request_of_a_dialog_that_cannot_be_sent_is_answered() -> None:
    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            _, answered = placed(caller, pbx)
            target = f"sip:callee@{PBX}:5060;transport=tcp"  # a Contact that nobody can reach
            text = request("BYE", target, caller, branch="bye", to="callee", lines=routes(answered))
            caller.send(text, DOOR)
            return status(caller.hear_final())

    assert str(inside(work)).startswith(("4", "5"))


def test_a_call_outlives_a_restart() -> None:
    def work() -> object:
        folder = put(PLAN)
        caller, pbx = Party(CALLER), Party(PBX)
        with started(PLAN, folder):
            _, answered = placed(caller, pbx)
        with started(PLAN, folder):
            contact = f"sip:callee@{PBX}:5060"
            text = request(
                "BYE", contact, caller, branch="bye", to="callee", lines=routes(answered)
            )
            caller.send(text, DOOR)
            while (heard := pbx.hear()) is not None and not heard.startswith("BYE"):
                continue
        key = folder / "run" / "key"
        return (heard or "").split(" ")[0], oct(key.stat().st_mode), len(key.read_text())

    assert inside(work) == ["BYE", "0o100600", 32]


@pytest.mark.parametrize(
    ("lines", "goes_on"),
    [
        (("Reason: Q.850;cause=34",), True),
        (("Reason: Q.850;cause=16",), False),
        (("Reason: Q.850;cause=16, Q.850;cause=34",), True),
        (("Reason: Q.850;cause=34, Q.850 ;cause=16",), True),
        (("Reason: SIP;cause=503", 'Reason: Q.850;cause=34;text="No circuit"'), True),
        (("Reason: Q.850;cause=17", "Reason: q.850; cause = 34"), False),  # the first one decides
        (("Reason: Q.850;cause=34", "Reason: Q.850;cause=17"), True),
        (("Reason: Q.850;cause=3, Q.850;cause=340",), False),
    ],
)
def test_each_cause_of_a_response_is_looked_at(lines: tuple[str, ...], goes_on: bool) -> None:
    causes = (
        Rule(match=OnCause(cause=34), verdict="failover"),
        Rule(match=OnCause(cause=17), verdict="stop"),
    )
    retry = RETRY.model_copy(update={"rules": (*RETRY.rules, *causes)})

    def work() -> object:
        with running(plan(retry=retry)):
            caller, first, second = Party(CALLER), Party(PBX), Party(SECOND)
            caller.send(request("INVITE", CALLED, caller), DOOR)
            invite = first.hear() or ""
            refusal = answer(invite, "500 Server Internal Error", first)
            fields = "\n".join((*lines, "Content-Length"))
            first.send(refusal.replace("Content-Length", fields), first.heard_from)
            return second.hear(0.7) is not None

    assert inside(work) == goes_on


NOBODY = (
    "",
    "%2B13125550123",
    "+1>;x=<y",
    "+1312555\\0123",
    "+1312555$ru",
    "+1312555{0}",
    '"',
    "a b",
)


def test_a_number_of_nobody_is_not_found() -> None:
    """What is no user by RFC 3261 section 25.1 neither; nothing of it is sent anywhere."""

    def work() -> object:
        with running(PLAN):
            caller, pbx = Party(CALLER), Party(PBX)
            heard = []
            for number, user in enumerate(NOBODY):
                uri = f"sip:{user}@192.0.2.10" if user else "sip:192.0.2.10"
                name = f"nobody-{number}"
                caller.send(request("INVITE", uri, caller, call=name, branch=name), DOOR)
                heard.append(status(caller.hear_final(1.0)))
            return heard, pbx.hear(0.2)

    told, sent = inside(work)
    assert sent is None
    assert set(told) <= {"404", "400", ""}  # "": no SIP at all, to Kamailio
    assert told[0] == told[1] == "404"


@pytest.mark.parametrize(
    ("shaping", "user"),
    [
        (Shaping(strip=1), "13125550000"),
        (Shaping(strip=2, prepend="00"), "003125550000"),
        (Shaping(prepend="7#"), "7%23+13125550000"),
        (Shaping(strip=12, prepend="0"), "0"),
    ],
)
def test_a_carrier_gets_the_number_in_its_shape(shaping: Shaping, user: str) -> None:
    base = plan(("pbx-east",), carriers=("north",))
    carrier = base.carriers[0].model_copy(update={"shaping": shaping})
    drawn = base.model_copy(update={"carriers": (carrier,)})

    def work() -> object:
        with running(drawn):
            caller, pbx, north = Party(CALLER), Party(PBX), Party("203.0.113.10")
            caller.send(request("INVITE", CALLED, caller), DOOR)
            for _ in range(2):  # from either address
                pbx.send(answer(pbx.hear() or "", "503 Service Unavailable", pbx), pbx.heard_from)
                assert (pbx.hear() or "").startswith("ACK")
            return (north.hear() or "").split(" ")[1]

    assert inside(work) == f"sip:{user}@203.0.113.10"


TAKEN = {
    "alice": "alice",
    "*98": "*98",
    "1-312.555(0123)": "+13125550123",
    "+13125550123;phone-context=x": "+13125550123",
    "+1 312": "",
    "+1>;x=<y": "",
    '"': "",
    "": "",
    "a{b": "",
}


def test_who_takes_any_number_gets_it_as_it_is_or_as_e164() -> None:
    """What is no user of a URI gets nowhere: it would be written into a Diversion and into others."""
    base = plan(("pbx-east",))
    trunk = base.trunks[0].model_copy(update={"numbers": (AnyNumber(),)})
    drawn = base.model_copy(update={"trunks": (trunk,)})

    def work() -> object:
        found = {}
        with running(drawn):
            caller, pbx = Party(CALLER), Party(PBX)
            for number, user in enumerate(TAKEN):
                uri = f"sip:{user}@192.0.2.10" if user else "sip:192.0.2.10"
                name = f"any-{number}"
                caller.send(request("INVITE", uri, caller, call=name, branch=name), DOOR)
                found[user] = ""
                while (heard := pbx.hear(0.4)) is not None:
                    if heard.startswith("INVITE"):
                        found[user] = heard.split(" ")[1].partition("@")[0].removeprefix("sip:")
                        pbx.send(answer(heard, "486 Busy Here", pbx), pbx.heard_from)
        return found

    assert inside(work) == TAKEN


def test_a_call_may_last_as_long_as_its_attempts_together() -> None:
    """tm would end it after its own 180 s, here made one: the second attempt has its whole time."""
    slow = RETRY.model_copy(update={"no_response": 1.5, "otherwise": "failover"})
    drawn = plan(retry=slow)

    def work() -> object:
        folder = put(drawn)
        config = folder / "kamailio.cfg"
        shorter = 'modparam("tm", "max_inv_lifetime", 1000)\nmodparam("rr"'
        config.write_text(config.read_text().replace('modparam("rr"', shorter, 1))
        with started(drawn, folder):
            caller, first, second = Party(CALLER), Party(PBX), Party(SECOND)
            caller.send(request("INVITE", CALLED, caller), DOOR)
            assert first.hear() is not None
            heard = second.hear() or ""
            second.send(answer(heard, "180 Ringing", second), second.heard_from)
            early = second.hear(0.7)  # a CANCEL, if it were given up
            second.send(answer(heard, "200 OK", second), second.heard_from)
            return early, status(caller.hear_final())

    assert inside(work) == [None, "200"]
