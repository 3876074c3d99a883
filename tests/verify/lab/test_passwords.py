"""Plans with credentials are played with passwords that nobody chose."""

from __future__ import annotations

import asyncio

import pytest

from sipfo.plan.model import Accept, Credential, Plan
from sipfo.plan.scenario import Scenario
from sipfo.runtime.secret import Secret, names
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.digest import Challenge, parse_credentials
from sipfo.runtime.sip.message import Request, parse
from sipfo.verify.lab.caller import Caller, Received
from sipfo.verify.lab.passwords import Proof, draw_secrets, proof_for
from sipfo.verify.lab.play import play, staged
from sipfo.verify.simulate import simulate
from verify.seed import call, does, plan

ANN = Credential(user="änn", secret="ANN_PW")
OURS = Credential(user="acme", secret="OURS")


def guarded(accept: Accept | None = None) -> Plan:
    """The seed's plan, for who has a password, with an account of ours at pbx-east."""
    seed = plan()
    (trunk,) = seed.trunks
    accepted = trunk.model_copy(update={"accept": accept or Accept(credentials=(ANN,))})
    routes = tuple(
        route.model_copy(update={"auth": OURS}) if route.name == "pbx-east" else route
        for route in seed.routes
    )
    return seed.model_copy(update={"trunks": (accepted,), "routes": routes})


def test_a_call_that_a_password_lets_in_takes_the_ladder_of_the_model() -> None:
    scenario = call(does("pbx-east", 503), does("pbx-west", 180, 200))
    ladder = asyncio.run(play(guarded(), scenario))
    model = simulate(guarded(), scenario)
    assert [(one.route, one.outcome) for one in ladder.attempts] == [
        (one.route, one.outcome) for one in model.attempts
    ]
    assert ladder.result == model.result
    assert ladder.result.kind == "answered"


def test_a_caller_who_cancels_has_proven_itself_before() -> None:
    scenario = call(does("pbx-east", 180), cancel_after=0.3)
    assert asyncio.run(play(guarded(), scenario)).result.kind == "cancelled"


def test_without_its_password_the_caller_gets_no_further() -> None:
    async def unproven(scenario: Scenario) -> tuple[Received, int]:
        async with staged(guarded(), scenario) as production:
            stage, addresses = production._stage, production._addresses
            at = (addresses.of("192.0.2.10"), 5060)
            caller = Caller("udp", addresses.of(stage.caller), at)
            received = await caller.call(scenario.number, None, 5.0)
            return received, production._records.qsize()

    received, calls = asyncio.run(unproven(call(does("pbx-east", 200))))
    assert (received.status, received.provisionals, calls) == (407, (), 0)


def test_every_play_draws_its_own_secrets() -> None:
    one, other = draw_secrets(guarded()), draw_secrets(guarded())
    assert one.keys() == other.keys() == names(guarded()).keys() == {"ANN_PW", "OURS"}
    values = [*one.values(), *other.values()]
    assert len(set(values)) == 4 and all(len(value.reveal()) == 32 for value in values)


@pytest.mark.parametrize(
    ("accept", "user"),
    [
        (Accept(credentials=(ANN, OURS)), "änn"),
        (Accept(networks=("203.0.113.0/24",), credentials=(ANN,)), None),
        (Accept(anyone=True), None),
        (Accept(), None),
    ],
)
def test_a_caller_needs_a_password_where_its_address_is_not_enough(
    accept: Accept, user: str | None
) -> None:
    trunk = guarded(accept).trunks[0]
    proof = proof_for(trunk, {"ANN_PW": Secret("a"), "OURS": Secret("b")})
    assert (proof.user if proof is not None else None) == user


def invite() -> Request:
    made = parse(
        b"INVITE sip:1@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.1;branch=z9hG4bK1\r\n"
        b"From: <sip:a@x>;tag=1\r\nTo: <sip:1@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\nv=0"
    )
    assert isinstance(made, Request)
    return made


@pytest.mark.parametrize(
    ("status", "asks", "proves"),
    [
        (401, b"www-authenticate", b"authorization"),
        (407, b"proxy-authenticate", b"proxy-authorization"),
    ],
)
def test_a_proof_is_the_invite_again_with_an_answer(
    status: int, asks: bytes, proves: bytes
) -> None:
    challenged = make_response(invite(), status)
    challenged.headers.add(asks, Challenge(b"r", b"n", b"MD5").encode())
    challenged.headers.add(asks, Challenge(b"r", b"n", b"SHA-256").encode())
    again = Proof("änn", Secret("pw")).answer(
        invite(), challenged, b"SIP/2.0/UDP x;branch=z9hG4bK2"
    )
    assert again is not None
    (value,) = again.headers.lines(proves)
    given = parse_credentials(value)
    assert given.user == "änn".encode() and given.algorithm == b"SHA-256"
    assert given.is_right(b"pw", "INVITE") and not given.is_right(b"other", "INVITE")
    assert (again.cseq.number, again.via.branch, again.body) == (2, b"z9hG4bK2", b"v=0")
    assert (again.call_id, again.from_) == (invite().call_id, invite().from_)


def test_a_challenge_that_cannot_be_answered_has_no_proof() -> None:
    challenged = make_response(invite(), 407)
    challenged.headers.add(b"proxy-authenticate", b'Basic realm="r"')
    assert Proof("a", Secret("pw")).answer(invite(), challenged, b"x") is None
