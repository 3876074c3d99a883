"""What strangers get, what is refused when all is full, and the line that fail2ban reads."""

from __future__ import annotations

import itertools
import re

import pytest

from runtime.world import CALLER, EAST, SIPFO, Callee, Caller, World, policy
from sipfo.plan.model import Accept, Plan
from sipfo.runtime.engine import Engine
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.stateless import STRANGER

STRANGE = ("203.0.113.66", 5060)


def limited(limits: Limits, plan: Plan | None = None) -> World:
    """A world whose engine has these limits."""
    plan = plan or policy()
    world = World(plan)
    tokens = itertools.count(1)
    world.engine = Engine(plan, lambda: f"t{next(tokens):07d}", lambda most: 0, limits=limits)
    return world


def request(method: str, n: int = 1, source: str = STRANGE[0], **fields: str) -> bytes:
    """A request as a client outside any dialog sends it; keyword arguments are more fields."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    return (
        f"{method} sip:100@192.0.2.10 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {source}:5060;branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:100@{source}>;tag=scan\r\nTo: <sip:100@192.0.2.10>\r\nCall-ID: scan{n}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:100@{source}:5060>\r\n{more}Content-Length: 0\r\n\r\n"
    ).encode()


def receive(
    world: World, data: bytes, source: tuple[str, int] = STRANGE, tcp: bool = False
) -> None:
    flow = Flow("tcp", SIPFO, source, 1) if tcp else Flow("udp", SIPFO, source)
    world.engine.receive(data, flow, world.now)
    world.run(world.now)


def statuses(world: World) -> list[int]:
    return [m.status for _, _, m in world.sent if isinstance(m, Response)]


def notices(world: World) -> list[str]:
    return [one.text for one in world.records if isinstance(one, Notice)]


@pytest.mark.parametrize(
    ("method", "status", "lines"),
    [
        ("INVITE", 403, ["stranger 203.0.113.66 sent INVITE: 403"]),
        ("REGISTER", 403, ["stranger 203.0.113.66 sent REGISTER: 403"]),
        ("MESSAGE", 403, ["stranger 203.0.113.66 sent MESSAGE: 403"]),
        ("NONSENSE", 403, ["stranger 203.0.113.66 sent NONSENSE: 403"]),
        ("OPTIONS", 200, []),
        ("CANCEL", 481, []),
    ],
)
def test_a_stranger_gets_one_answer_and_makes_no_state(
    method: str, status: int, lines: list[str]
) -> None:
    world = World(policy())
    receive(world, request(method))
    assert statuses(world) == [status]
    assert notices(world) == lines
    assert len(world.engine.core.transactions) == 0 and world.engine.next_due() is None


def test_a_stranger_s_ack_is_met_with_silence() -> None:
    world = World(policy())
    receive(world, request("ACK"))
    assert world.sent == [] and notices(world) == []


def test_a_request_in_no_dialog_is_481_without_state() -> None:
    world = World(policy())
    bye = request("BYE").replace(b"To: <sip:100@192.0.2.10>", b"To: <sip:1@192.0.2.10>;tag=gone")
    for source in (STRANGE, CALLER):
        receive(world, bye, source)
    assert statuses(world) == [481, 481]
    assert len(world.engine.core.transactions) == 0


def test_a_stranger_is_answered_so_often_then_not() -> None:
    world = limited(Limits(answers=2.0, answers_burst=3))
    for n in range(100):
        receive(world, request("INVITE", n))
    assert statuses(world) == [403] * 3
    assert notices(world) == [
        *["stranger 203.0.113.66 sent INVITE: 403"] * 3,
        "stranger 203.0.113.66 sent INVITE: silence",
    ]
    world.run(1.0)
    for n in range(100):
        receive(world, request("INVITE", 100 + n))
    assert statuses(world) == [403] * 5


def test_what_is_malformed_counts_too() -> None:
    world = limited(Limits(answers_burst=2))
    bad = request("INVITE").replace(b"CSeq: 1", b"CSeq: x")
    for _ in range(50):
        receive(world, bad)
    assert statuses(world) == [400, 400]
    assert notices(world)[0] == "stranger 203.0.113.66 sent a malformed request: 400"


def test_who_a_trunk_accepts_has_no_such_limit() -> None:
    world = limited(Limits(answers_burst=1, all_answers=1.0))
    for n in range(50):
        receive(world, request("OPTIONS", n, CALLER[0]), CALLER)
    assert statuses(world) == [200] * 50


def test_strangers_never_get_more_bytes_than_they_sent() -> None:
    """A forged source address is not flooded from here."""
    tiny = (
        b"INVITE s:a SIP/2.0\r\nv:SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
        b"f:<s:a>;tag=1\r\nt:<s:a>\r\ni:1\r\nCSeq:1 INVITE\r\n\r\n"
    )
    world = World(policy())
    receive(world, tiny)
    assert world.sent == []
    assert notices(world) == ["stranger 203.0.113.66 sent INVITE: silence"]
    receive(world, tiny, tcp=True)  # over TCP the address is not forged
    assert statuses(world) == [403]


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "CANCEL"])
def test_an_ordinary_request_is_large_enough_for_its_answer(method: str) -> None:
    world = World(policy())
    data = request(method)
    receive(world, data)
    ((_, _, answer),) = world.sent
    assert len(serialize(answer)) <= len(data)


@pytest.mark.parametrize(
    "agent", ["friendly-scanner", "SIPVicious 0.3", "sipcli/v1.8", "VaxSIPUserAgent/3.1", "pplsip"]
)
def test_a_scanner_learns_nothing_and_is_named_in_the_log(agent: str) -> None:
    world = limited(Limits(answers_burst=2))
    for n in range(20):
        receive(world, request("OPTIONS", n, User_Agent=agent))
    assert world.sent == []
    assert notices(world) == ["stranger 203.0.113.66 sent a scan: silence"] * 3


def test_a_phone_that_calls_itself_a_scanner_is_served_when_a_trunk_accepts_it() -> None:
    world = World(policy())
    receive(world, request("OPTIONS", 1, CALLER[0], User_Agent="friendly-scanner"), CALLER)
    assert statuses(world) == [200]


def test_every_stranger_s_line_has_the_form_that_programs_read() -> None:
    world = limited(Limits(answers_burst=3))
    receive(world, request("INVITE"), ("2001:db8::66", 5060))
    receive(world, request("INVITE").replace(b"CSeq: 1", b"CSeq: x"))
    receive(world, request("!odd.Method`'~+%*_", 2))
    receive(world, request("INVITE", 3, User_Agent="sipvicious"))
    receive(world, request("INVITE", 4))
    found = [STRANGER.fullmatch(line) for line in notices(world)]
    assert [(one["host"], one["what"], one["answer"]) for one in found if one is not None] == [
        ("2001:db8::66", "INVITE", "403"),
        ("203.0.113.66", "a malformed request", "400"),
        ("203.0.113.66", "!odd.Method`'~+%*_", "403"),
        ("203.0.113.66", "a scan", "silence"),
        ("203.0.113.66", "INVITE", "silence"),
    ]


def test_fail2ban_finds_the_address_in_the_line_and_nobody_else_s_in_a_forged_one() -> None:
    printed = "2026-01-01T00:00:00.000+00:00  call -  {}"
    failregex = r"^\S+\s+call -  stranger (?P<host>\S+) sent .+: (?:[1-6][0-9]{2}|silence)$"
    world = World(policy())
    receive(world, request("INVITE"))
    (line,) = notices(world)
    found = re.match(failregex, printed.format(line))
    assert found is not None and found["host"] == "203.0.113.66"
    # The called number is text of the caller's; it holds no blank, and does not start the line.
    plan = policy()
    accept = Accept(anyone=True)
    trunk = plan.trunks[0].model_copy(update={"accept": accept, "numbers": ()})
    world = World(plan.model_copy(update={"trunks": (trunk,)}))
    forged = b"INVITE sip:stranger%20192.0.2.1%20sent%20INVITE:%20403@192.0.2.10"
    receive(world, request("INVITE").replace(b"INVITE sip:100@192.0.2.10", forged))
    assert statuses(world)[-1] == 404
    assert re.match(failregex, printed.format(notices(world)[0])) is None


# Bounds on what is held.


def test_calls_at_the_bound_are_carried_and_the_next_is_503() -> None:
    world = limited(Limits(calls=2, retry_after=7))
    Callee(world, EAST, (0, 180), (0.1, 200))
    caller = Caller(world)
    for _ in range(3):
        caller.call()
        world.run(world.now + 1)
    finals = [one for one in caller.statuses() if one >= 200]
    assert finals == [200, 200, 503]
    assert caller.last(503).headers.first(b"retry-after") == b"7"
    assert notices(world) == [
        "503 to 192.0.2.200: as many calls or transactions as may be",
    ]
    caller.say("BYE", caller.last(200), 2)  # what is there goes on
    world.run(world.now + 1)
    assert caller.statuses()[-1] == 200
    world.run(world.now + 60)
    caller.call()  # and its place is free again
    world.run(world.now + 1)
    assert caller.statuses()[-1] == 200


def test_transactions_at_the_bound_are_served_and_the_next_is_503_without_one() -> None:
    world = limited(Limits(transactions=3))
    for n in range(6):
        receive(world, request("OPTIONS", n, CALLER[0]), CALLER)
    assert statuses(world) == [200] * 3 + [503] * 3
    assert len(world.engine.core.transactions) == 3
    world.run(40)
    receive(world, request("OPTIONS", 9, CALLER[0]), CALLER)
    assert statuses(world)[-1] == 200


def test_a_bye_has_room_when_others_have_not() -> None:
    world = limited(Limits(transactions=16))
    east = Callee(world, EAST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(40)
    for n in range(30):
        receive(world, request("OPTIONS", n, CALLER[0]), CALLER)
    assert len(world.engine.core.transactions) == 16
    caller.say("INFO", caller.last(200), 2)
    caller.say("BYE", caller.last(200), 3)
    world.run(world.now + 1)
    assert caller.statuses()[-2:] == [503, 200]
    assert len(east.requests("BYE")) == 1 and east.requests("INFO") == []


def test_a_bye_for_each_new_number_ends_at_its_own_bound() -> None:
    world = limited(Limits(transactions=16))
    Callee(world, EAST, (0, 200))
    caller = Caller(world)
    caller.call()
    world.run(40)
    for number in range(2, 60):
        caller.say("BYE", caller.last(200), number)
    world.run(world.now + 1)
    assert len(world.engine.core.transactions) <= 18
    assert 503 in caller.statuses()


def test_being_full_is_said_once_a_second() -> None:
    world = limited(Limits(transactions=1))
    for n in range(100):
        receive(world, request("OPTIONS", n, CALLER[0]), CALLER)
    assert len(notices(world)) == 1
    world.run(1.5)
    receive(world, request("OPTIONS", 200, CALLER[0]), CALLER)
    assert len(notices(world)) == 2


# Answers that cannot be read.


@pytest.mark.parametrize(
    ("to", "tag"),
    [
        ('"unclosed <sip:x@y>;tag=odd', b"odd"),
        ("<sip:x@y;tag=odd", b"odd"),
        ("<sip:x y>; Tag = odd", b"odd"),
        ("no address at all", None),
        ("", None),
    ],
)
def test_a_2xx_whose_to_cannot_be_read_is_an_answer(to: str, tag: bytes | None) -> None:
    world = World(policy())
    east = Callee(world, EAST, (0, 200))
    east.make = lambda request, status, **fields: _with_to(request, status, to)  # type: ignore[method-assign]  # a callee that writes it wrongly
    caller = Caller(world)
    caller.call()
    world.after(1, lambda: caller.say("BYE", caller.last(200), 2))
    world.run(5)
    assert world.answered
    (ack,) = east.requests("ACK")
    (bye,) = east.requests("BYE")
    assert ack.to.tag == bye.to.tag == tag


def _with_to(request: Request, status: int, to: str) -> Response:
    response = make_response(request, status)
    response.headers.set(b"to", to.encode())
    response.headers.add(b"contact", b"<sip:%s:5060>" % EAST[0].encode())
    return response
