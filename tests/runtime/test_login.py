"""Which challenges an account answers, one at a time; whole calls are in test_digest."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from runtime.passwords import AUTH, OURS, SECRETS, parameters, respond, with_auth
from runtime.world import policy
from sipfo.plan.order import Order, Step
from sipfo.runtime.core import Core
from sipfo.runtime.limits import REALMS
from sipfo.runtime.locate import Target
from sipfo.runtime.login import Account, Keyring, Login
from sipfo.runtime.mapping import Mapping
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse
from sipfo.runtime.sip.transaction.values import TimerValues

PLAN = with_auth(policy(carriers={"northstar": "sip:203.0.113.9"}), "pbx-east", "northstar")
EAST = Target("udp", "198.51.100.10", 5060, "198.51.100.10")
FLOW = Flow("udp", ("192.76.120.10", 5060), ("198.51.100.10", 5060))


def core() -> Core:
    numbers = itertools.count(1)
    return Core(lambda: f"t{next(numbers)}", lambda most: 0, Mapping(), TimerValues())


def step(route: str) -> Step:
    steps = Order(PLAN).steps(PLAN.trunks[0], "+13125550123", (0, 1))
    return next(one for one in steps if one.route == route)


def login(keyring: Keyring, target: Target = EAST, *others: Target) -> Login:
    found = keyring.login(step("pbx-east"), target, (target, *others))
    assert found is not None
    return found


def invite(method: str = "INVITE", *fields: str) -> Request:
    lines = [
        f"{method} sip:+13125550123@198.51.100.10 SIP/2.0",
        "Via: SIP/2.0/UDP 192.76.120.10;branch=z9hG4bK1;rport",
        "From: <sip:a@192.0.2.1>;tag=1",
        "To: <sip:b@198.51.100.10>",
        "Call-ID: c1",
        f"CSeq: 1 {method}",
        *fields,
    ]
    request = parse("\r\n".join(lines).encode() + b"\r\n\r\nbody")
    assert isinstance(request, Request)
    return request


def asked(request: Request, status: int = 407, realm: str = "r", **more: str) -> Response:
    response = make_response(request, status)
    field = b"www-authenticate" if status == 401 else b"proxy-authenticate"
    rest = "".join(f", {name}={value}" for name, value in more.items())
    response.headers.add(field, f'Digest realm="{realm}", nonce="n"{rest}'.encode())
    return response


def test_only_who_has_an_account_logs_in() -> None:
    keyring = Keyring(core(), PLAN, SECRETS)
    found = [keyring.login(step(one), EAST, (EAST,)) for one in ("pbx-east", "pbx-west")]
    assert [one is None for one in found] == [False, True]
    assert keyring.login(step("northstar"), EAST, (EAST,)) is not None


def test_a_route_and_a_carrier_may_share_an_account() -> None:
    assert Keyring(core(), PLAN, {AUTH.secret: Secret(OURS)}).login(step("northstar"), EAST, ())


@pytest.mark.parametrize(
    ("status", "field"), [(401, b"authorization"), (407, b"proxy-authorization")]
)
def test_the_answer_is_the_request_with_credentials_a_number_and_a_via(
    status: int, field: bytes
) -> None:
    request = invite("INVITE", "Max-Forwards: 69", "Subject: x")
    response = asked(request, status, qop='"auth"')
    again = login(Keyring(core(), PLAN, SECRETS)).answer(request, response, FLOW, 7, 0)
    assert again is not None
    (value,) = again.headers.lines(field)
    said = parameters(value)
    assert said["response"] == respond(said, OURS, "INVITE")
    assert (again.cseq.number, again.cseq.method) == (7, "INVITE")
    assert len(again.headers.lines(b"via")) == 1
    assert again.via.branch != request.via.branch
    kept = {b"via", b"cseq", field}
    assert [one for one in again.headers if one[0] not in kept] == [
        one for one in request.headers if one[0] not in kept
    ]
    assert (again.uri, again.body) == (request.uri, b"body")
    assert request.headers.lines(field) == []  # the one that was sent stays as it was


@pytest.mark.parametrize(
    ("status", "more", "answered", "is_answered"),
    [
        (407, {}, 0, True),
        (407, {"stale": "true"}, 0, True),
        (407, {}, 1, False),
        (407, {"stale": "false"}, 1, False),
        (407, {"stale": "true"}, 1, True),
        (407, {"stale": "true"}, 2, False),
        (403, {}, 0, False),
        (407, {"algorithm": "MD5-sess"}, 0, False),
    ],
)
def test_one_challenge_is_answered_and_one_more_that_is_stale(
    status: int, more: dict[str, str], answered: int, is_answered: bool
) -> None:
    request = invite()
    response = asked(request, status, **more)
    again = login(Keyring(core(), PLAN, SECRETS)).answer(request, response, FLOW, 2, answered)
    assert (again is not None) == is_answered


def test_only_the_addresses_of_the_destination_are_answered() -> None:
    other = replace(EAST, host="198.51.100.11")
    one = login(Keyring(core(), PLAN, SECRETS), EAST, other)
    request = invite()
    for host, is_answered in (("198.51.100.11", True), ("198.51.100.12", False)):
        flow = FLOW._replace(remote=(host, 5060))
        assert (one.answer(request, asked(request), flow, 2, 0) is not None) == is_answered


def test_the_first_realm_of_a_target_is_the_only_one() -> None:
    shared = core()
    keyring = Keyring(shared, PLAN, SECRETS)
    request = invite()
    assert login(keyring).answer(request, asked(request, realm="first"), FLOW, 2, 0)
    assert not login(keyring).answer(request, asked(request, realm="second"), FLOW, 2, 0)
    assert len(shared.records) == 1
    both = asked(request, realm="second")
    both.headers.add(b"proxy-authenticate", b'Digest realm="first", nonce="n"')
    assert login(keyring).answer(request, both, FLOW, 2, 0)
    elsewhere = replace(EAST, port=5070)
    assert login(keyring, elsewhere).answer(request, asked(request, realm="second"), FLOW, 2, 0)


def test_a_challenge_that_cannot_be_answered_binds_no_realm() -> None:
    keyring = Keyring(core(), PLAN, SECRETS)
    request = invite()
    strange = asked(request, realm="strange", algorithm="SHA3-512")
    assert not login(keyring).answer(request, strange, FLOW, 2, 0)
    assert login(keyring).answer(request, asked(request, realm="plain"), FLOW, 2, 0)


def test_realms_are_remembered_for_so_many_targets() -> None:
    keyring = Keyring(core(), PLAN, SECRETS)
    account = Account("pbx-east", b"acme", Secret(OURS))
    for n in range(REALMS + 10):
        keyring.bind(account, f"target {n}", b"r")
    assert keyring.realm(account, "target 9") is None
    assert keyring.realm(account, "target 10") == b"r"


def test_an_ack_gets_the_credentials_of_its_own_invite_only() -> None:
    one = login(Keyring(core(), PLAN, SECRETS))
    before = invite("ACK")
    one.acknowledge(before)
    request = invite()
    again = one.answer(request, asked(request), FLOW, 2, 0)
    assert again is not None
    field = b"proxy-authorization"
    for number, credentials in ((1, []), (2, again.headers.lines(field)), (3, [])):
        ack = invite("ACK")
        ack.headers.set(b"cseq", b"%d ACK" % number)
        one.acknowledge(ack)
        assert ack.headers.lines(field) == credentials
    assert before.headers.lines(field) == []
