"""The door with a password: RFC 3261 §22.3, RFC 7616, RFC 8760, and what strangers make of it."""

from __future__ import annotations

import pytest

from runtime.passwords import ANN, ANNS, BOB, BOBS, Account, guarded, notices, parameters, world_of
from runtime.world import CALLER, EAST, SIPFO, Callee, World
from sipfo.plan.model import Accept, NumberPrefix, Plan, Trunk
from sipfo.runtime.limits import Limits
from sipfo.runtime.nonces import LIFE
from sipfo.runtime.sip import digest
from sipfo.runtime.sip.digest import parse_challenge
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response, parse, serialize

HERE = ("203.0.113.7", 5060)
ELSEWHERE = ("203.0.113.8", 5060)


def scene(
    plan: Plan | None = None,
    user: str = "ann",
    password: str = ANNS,
    algorithm: str = "SHA-256",
    limits: Limits | None = None,
) -> tuple[World, Account, Callee]:
    """A trunk with a password, somebody who calls, and pbx-east, which answers."""
    world = world_of(plan or guarded(), limits)
    return world, Account(world, HERE, user, password, algorithm), Callee(world, EAST, (0, 200))


def tell(caller: Account, *statuses: int) -> None:
    """The final responses to the caller's INVITEs so far."""
    finals = [
        one.status
        for _, one in caller.heard
        if isinstance(one, Response) and one.status >= 200 and one.cseq.method == "INVITE"
    ]
    assert finals == list(statuses)


# What is asked.


def test_the_first_invite_is_asked_for_a_password_and_leaves_nothing_behind() -> None:
    world, caller, east = scene()
    caller.answers = False
    caller.call()
    world.run(5)
    assert caller.statuses() == [407]
    assert len(world.engine.core.transactions) == 0
    assert world.engine.calls_alive == 0 and world.engine.next_due() is None
    assert east.heard == [] and world.records == []


def test_two_algorithms_are_offered_the_better_one_first() -> None:
    """RFC 8760 §2.3; "MUST always send a qop parameter" (§2.6)."""
    world, caller, _ = scene()
    caller.answers = False
    caller.call()
    world.run(1)
    first, second = caller.last(407).headers.lines(b"proxy-authenticate")
    one, other = parse_challenge(first), parse_challenge(second)
    assert (one.algorithm, other.algorithm) == (b"SHA-256", b"MD5")
    assert one.realm == other.realm == SIPFO[0].encode()
    assert one.qop and other.qop and not one.stale
    assert one.nonce == other.nonce


@pytest.mark.parametrize("offered", [(b"MD5", b"SHA-256"), (b"MD5",), (b"SHA-256",)])
def test_what_is_offered_and_in_which_order_can_be_said(offered: tuple[bytes, ...]) -> None:
    """Phones that know MD5 only fail at a challenge of another, some only when it comes first."""
    world, caller, _ = scene(limits=Limits(digests=offered))
    caller.answers = False
    caller.call()
    world.run(1)
    asked = caller.last(407).headers.lines(b"proxy-authenticate")
    assert tuple(parse_challenge(one).algorithm for one in asked) == offered


@pytest.mark.parametrize(("algorithm", "other"), [("MD5", b"SHA-256"), ("SHA-256", b"MD5")])
def test_an_algorithm_that_is_not_offered_proves_nothing(algorithm: str, other: bytes) -> None:
    world, caller, east = scene(algorithm=other.decode(), limits=Limits(digests=(other,)))
    caller.answers = False
    invite = caller.call()
    world.run(1)
    asked = caller.challenge(caller.last(407)) | {"algorithm": algorithm}
    proof = caller.prove(asked, invite.uri.decode())
    caller.retry(caller.last(407), proxy_authorization=proof)
    world.run(5)
    assert caller.statuses() == [407, 407]
    assert east.heard == []


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_the_right_password_lets_the_call_in(algorithm: str) -> None:
    world, caller, east = scene(algorithm=algorithm)
    caller.call()
    world.run(5)
    assert caller.statuses() == [407, 100, 200]
    assert world.attempts == [("us.primary", "pbx-east", "200")]
    assert len(east.requests("ACK")) == 1
    assert notices(world) == []
    assert world.calls[0].source == HERE[0]


def test_an_invite_that_is_sent_again_after_it_was_let_in_is_no_second_call() -> None:
    world, caller, _ = scene()
    caller.call()
    world.run(0.03)  # the answer to the challenge is on its way
    caller.again()
    world.run(5)
    assert len(world.calls) == 1 and world.answered


def test_every_call_is_asked() -> None:
    world, caller, _ = scene()
    for n in range(3):
        caller.call()
        world.run(5.0 * (n + 1))
    tell(caller, 407, 200, 407, 200, 407, 200)


def test_what_comes_in_the_dialog_is_not_asked() -> None:
    world, caller, east = scene()
    caller.call()
    world.run(2)
    caller.say("INVITE", caller.last(200), 3)
    world.run(4)
    caller.say("BYE", caller.last(200), 4)
    world.run(40)
    tell(caller, 407, 200, 200)
    assert caller.statuses()[-1] == 200
    assert len(east.requests("BYE")) == 1
    assert world.engine.calls_alive == 0


def test_who_cancels_is_not_asked() -> None:
    world, caller, east = scene()
    east.script = ((0.1, 180),)
    caller.call()
    world.run(1)
    caller.cancel()
    world.run(40)
    assert caller.statuses() == [407, 100, 180, 200, 487]


def test_a_known_network_is_not_asked() -> None:
    world, caller, _ = scene(guarded(networks=("203.0.113.0/24",)))
    caller.call()
    world.run(2)
    assert caller.statuses() == [100, 200]


def test_elsewhere_a_password_is_not_wanted() -> None:
    plan = guarded().model_copy(update={"listen": guarded().listen[:1]})
    world, caller, _ = scene(plan)
    caller.call()
    invite = caller.invite
    assert invite is not None
    world.after(0.0, lambda: world.engine.receive(serialize(invite), _elsewhere(), world.now))
    world.run(1)
    ((_, _, answer),) = [one for one in world.sent if one[1].local[1] == 5090]
    assert isinstance(answer, Response) and answer.status == 403


def _elsewhere() -> Flow:
    """A socket of ours on which the plan does not listen."""
    return Flow("udp", (SIPFO[0], 5090), HERE)


# Two trunks, two users.


def two_trunks() -> Plan:
    """Acme's numbers are Ann's, who is also known by her network; +44… is Bob's."""
    plan = guarded(ANN, networks=("203.0.113.7/32",))
    (acme,) = plan.trunks
    acme = acme.model_copy(update={"numbers": (NumberPrefix(prefix="+1"),)})
    other = acme.model_copy(
        update={
            "name": "bobs",
            "numbers": (NumberPrefix(prefix="+44"),),
            "accept": Accept(credentials=(BOB,)),
        }
    )
    return plan.model_copy(update={"trunks": (acme, other)})


def test_a_source_that_one_trunk_knows_is_asked_for_the_number_of_another() -> None:
    world, caller, _ = scene(two_trunks(), user="bob", password=BOBS)
    caller.call("+13125550123")
    world.run(2)
    caller.call("+442079460000")
    world.run(4)
    tell(caller, 200, 407, 200)
    assert [one.trunk for one in world.calls] == ["acme", "bobs"]


def test_a_password_is_for_the_trunks_that_name_it() -> None:
    world, caller, east = scene(two_trunks())
    caller.call("+442079460000")
    world.run(2)
    tell(caller, 407, 403)
    assert east.heard == []
    assert notices(world) == [f"403 to {HERE[0]}: credential not accepted by trunk bobs"]


def test_a_number_of_no_trunk_is_said_to_who_has_a_password_only() -> None:
    world, _, _ = scene(two_trunks())
    stranger = Account(world, ELSEWHERE, "bob", BOBS)
    stranger.answers = False
    for number in ("+9990", "+442079460000"):
        stranger.call(number)
    world.run(2)
    assert stranger.statuses() == [407, 407]
    stranger.answers = True
    stranger.call("+9990")
    world.run(4)
    assert stranger.statuses() == [407, 407, 407, 404]


# Wrong.


@pytest.mark.parametrize(
    ("user", "password"), [("ann", "wrong"), ("ann", ""), ("nobody", ANNS), ("", "")]
)
def test_wrong_credentials_are_refused_without_a_call(user: str, password: str) -> None:
    world, caller, east = scene(user=user, password=password)
    caller.call()
    world.run(5)
    assert caller.statuses() == [407, 403]
    assert east.heard == [] and world.calls == []
    assert len(world.engine.core.transactions) == 0
    assert notices(world) == [f"stranger {HERE[0]} sent INVITE: 403"]


def test_an_unknown_user_costs_the_same_work_as_a_known_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked: list[bytes | None] = []
    respond_ = digest._respond

    def counted(algorithm: bytes | None, *rest: object) -> bytes:
        worked.append(algorithm)
        return respond_(algorithm, *rest)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(digest, "_respond", counted)
    twice = ANN.model_copy(update={"secret": "BOB_PW"})
    work: list[int] = []
    for user, password in (("ann", ANNS), ("ann", "wrong"), ("nobody", ANNS), ("bob", BOBS)):
        world, caller, _ = scene(guarded(ANN, twice, BOB), user, password)
        worked.clear()
        caller.call()
        world.run(1)
        work.append(len(worked))
    assert work == [2, 2, 2, 2]  # as many passwords as the user with most has


def test_a_user_may_have_two_passwords() -> None:
    world, caller, _ = scene(guarded(ANN, ANN.model_copy(update={"secret": "BOB_PW"})))
    caller.call()
    world.run(2)
    caller.password = BOBS
    caller.call()
    world.run(4)
    tell(caller, 407, 200, 407, 200)


def test_ten_wrong_passwords_lock_a_source_out_for_five_minutes() -> None:
    world, caller, _ = scene(password="wrong")
    for n in range(10):
        caller.call()
        world.run(10.0 * (n + 1))
    caller.password = ANNS
    caller.call()
    world.run(110)
    assert caller.statuses() == [407, 403] * 10 + [403]  # nobody is even asked
    other = Account(world, ELSEWHERE)
    other.call()
    world.run(120)
    assert other.statuses() == [407, 100, 200]
    world.run(301)  # the first failure is five minutes old
    caller.call()
    world.run(310)
    assert caller.statuses()[-3:] == [407, 100, 200]
    assert len(world.calls) == 2


def test_passwords_cannot_be_tried_without_a_nonce_of_ones_own() -> None:
    world, caller, _ = scene()
    caller.answers = False
    caller.call()
    world.run(1)
    challenge = caller.challenge(caller.last(407))
    thief = Account(world, ELSEWHERE)
    thief.answers = False
    invite = thief.call()
    world.run(2)
    thief.call(proxy_authorization=caller.prove(challenge, invite.uri.decode()))
    forged = {**challenge, "nonce": "0" * 60}
    thief.call(proxy_authorization=caller.prove(forged, invite.uri.decode()))
    world.run(4)
    assert thief.statuses() == [407, 407, 407]  # and never counted as a failure
    assert _is_stale(thief.last(407))


def _is_stale(response: Response) -> bool:
    values = response.headers.lines(b"proxy-authenticate")
    return all(parse_challenge(value).stale for value in values)


@pytest.mark.parametrize(
    "value",
    [
        "Basic YW5uOm9wZW4gc2VzYW1l",
        "Digest u",
        'Digest username="ann", realm="elsewhere", nonce="n", uri="x", response="' + "0" * 32 + '"',
        'Digest username="ann", realm="192.0.2.10", nonce="n", uri="x", response=""',
    ],
)
def test_what_is_no_answer_to_us_is_asked_again(value: str) -> None:
    world, caller, _ = scene()
    caller.answers = False
    caller.call(proxy_authorization=value)
    world.run(1)
    assert caller.statuses() == [407]
    assert not _is_stale(caller.last(407))


def test_an_algorithm_that_was_not_offered_is_no_answer() -> None:
    world, caller, _ = scene()
    caller.answers = False
    invite = caller.call()
    world.run(1)
    challenge = {**caller.challenge(caller.last(407)), "algorithm": "SHA-512-256"}
    caller.call(proxy_authorization=caller.prove(challenge, invite.uri.decode()))
    world.run(2)
    assert caller.statuses() == [407, 407]


# Again.


def repeated(count: int, *, after: float = 1.0, qop: bool = True) -> tuple[World, Account]:
    """A call that was let in with a nonce, and another with the same nonce."""
    world, caller, _ = scene()
    caller.answers = False
    invite = caller.call()
    world.run(1)
    challenge = caller.challenge(caller.last(407))
    uri = invite.uri.decode()
    caller.call(proxy_authorization=caller.prove(challenge, uri, 1, qop))
    world.run(2)
    world.run(2 + after)
    caller.call(proxy_authorization=caller.prove(challenge, uri, count, qop))
    world.run(5 + after)
    return world, caller


def test_credentials_that_are_sent_twice_are_asked_again() -> None:
    """ "if the same nc value is seen twice, then the request is a replay" (RFC 7616 §3.4)"""
    _, caller = repeated(1)
    tell(caller, 407, 200, 407)
    assert _is_stale(caller.last(407))


def test_a_nonce_may_be_used_again_with_the_next_count() -> None:
    _, caller = repeated(2)
    tell(caller, 407, 200, 200)


def test_without_qop_a_nonce_is_good_once() -> None:
    _, caller = repeated(1, qop=False)
    tell(caller, 407, 200, 407)


def test_after_five_minutes_a_nonce_is_stale_and_the_next_one_is_good() -> None:
    world, caller = repeated(2, after=LIFE)
    tell(caller, 407, 200, 407)
    assert _is_stale(caller.last(407))
    caller.retry(caller.last(407))
    world.run(world.now + 5)
    tell(caller, 407, 200, 407, 200)


# What goes on.


def test_our_credentials_are_taken_out_and_others_cross() -> None:
    world, caller, east = scene()
    others = 'Digest username="u", realm="pbx", nonce="x", uri="s", response="0"'
    caller.call(authorization=others)
    world.run(0.03)
    assert caller.statuses() == [407]
    challenged = caller.last(407)
    proof = caller.prove(caller.challenge(challenged), f"sip:+13125550123@{SIPFO[0]}", 2)
    caller.call(proxy_authorization=f"{others}\r\nproxy-authorization: {proof}")
    world.run(5)
    for invite in east.requests("INVITE"):
        for value in invite.headers.lines(b"proxy-authorization"):
            assert value == others.encode()
    assert [len(one.headers.lines(b"proxy-authorization")) for one in east.requests("INVITE")] == [
        0,
        1,
    ]


def test_credentials_with_a_bare_realm_are_taken_out_too() -> None:
    world, caller, east = scene()
    caller.answers = False
    caller.call()
    world.run(1)
    uri = f"sip:+13125550123@{SIPFO[0]}"
    proof = caller.prove(caller.challenge(caller.last(407)), uri)
    caller.call(proxy_authorization=proof.replace(f'"{SIPFO[0]}"', SIPFO[0]))
    world.run(5)
    assert world.answered
    assert east.requests("INVITE")[0].headers.lines(b"proxy-authorization") == []


def test_in_the_dialog_they_are_taken_out_too() -> None:
    world, caller, east = scene()
    caller.call()
    world.run(2)
    proof = parameters(caller.invite.headers.lines(b"proxy-authorization")[0])  # type: ignore[union-attr]  # a call was placed
    value = caller.prove({**proof}, proof["uri"], 2)
    caller.say("INFO", caller.last(200), 3, proxy_authorization=value)
    world.run(4)
    (info,) = east.requests("INFO")
    assert info.headers.lines(b"proxy-authorization") == []


# Strangers.


def test_challenges_to_a_stranger_are_as_seldom_as_all_answers() -> None:
    world, caller, _ = scene()
    caller.answers = False
    for _ in range(50):
        caller.call()
    world.run(1)
    limits = Limits()
    assert limits.answers_burst <= len(caller.statuses()) <= limits.answers_burst + 2
    assert set(caller.statuses()) == {407}
    assert notices(world) == [f"stranger {HERE[0]} sent INVITE: silence"]


def test_a_scanning_program_is_not_asked() -> None:
    world, caller, _ = scene()
    caller.call(user_agent="friendly-scanner")
    world.run(1)
    assert caller.statuses() == []
    assert notices(world) == [f"stranger {HERE[0]} sent a scan: silence"]


def test_other_requests_of_strangers_are_turned_away_as_ever() -> None:
    world, caller, _ = scene()
    caller.answers = False
    data = serialize(caller.call())
    for number, method in enumerate((b"MESSAGE", b"REGISTER", b"OPTIONS")):
        other = data.replace(b"INVITE", method).replace(b"z9hG4bK", b"z9hG4bK%d" % number)
        message = parse(other)
        assert isinstance(message, Request)
        world.deliver(message, HERE, SIPFO)
    world.run(1)
    assert caller.statuses() == [407, 403, 403, 200]
    assert len(world.engine.core.transactions) == 0


def test_who_has_a_password_is_no_stranger_for_an_hour() -> None:
    world, caller, _ = scene()
    assert not world.engine.knows(HERE[0])
    caller.call()
    world.run(2)
    assert world.engine.knows(HERE[0]) and not world.engine.knows(ELSEWHERE[0])
    caller.say("BYE", caller.last(200), 3)
    world.run(Limits().proven_time + 10)
    other = Account(world, ELSEWHERE)
    other.call()
    world.run(world.now + 2)
    assert not world.engine.knows(HERE[0]) and world.engine.knows(ELSEWHERE[0])


def test_a_burst_of_calls_with_a_password_is_not_held_to_a_strangers_rate() -> None:
    world, caller, _ = scene()
    caller.call()
    world.run(2)
    caller.heard.clear()
    for _ in range(40):
        caller.call()
    world.run(10)
    assert caller.statuses().count(407) == 40


def test_while_draining_a_password_helps_nobody() -> None:
    world, caller, _ = scene()
    world.engine.draining = True
    caller.call()
    world.run(2)
    assert caller.statuses() == [407, 503]


def test_a_plan_without_passwords_asks_nobody() -> None:
    world = world_of(guarded().model_copy(update={"trunks": _by_network()}))
    stranger = Account(world, HERE)
    stranger.call()
    known = Account(world, CALLER)
    Callee(world, EAST, (0, 200))
    known.call()
    world.run(2)
    assert (stranger.statuses(), known.statuses()) == ([403], [100, 200])


def _by_network() -> tuple[Trunk, ...]:
    (trunk,) = guarded().trunks
    accept = Accept(networks=("192.0.2.128/25",))
    return (trunk.model_copy(update={"accept": accept}),)
