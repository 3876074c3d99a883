"""Asserted identity (RFC 3325) and what a user keeps to itself (RFC 3323)."""

from __future__ import annotations

import pytest

from runtime.phones import Phone
from runtime.world import EAST, NORTHSTAR, SDP, Caller, World, policy
from sipfo.plan.model import Plan
from sipfo.runtime.privacy import Trust, cannot_be_given, still_wanted, wanted, withheld
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request

NUMBER = "+13125550123"
ASSERTED = "<sip:+13125550001@192.0.2.200>"
PAI = b"p-asserted-identity"


def trusting(*whom: str, carriers: dict[str, str] | None = None) -> Plan:
    """A plan that trusts the trunk, its routes, its carriers, or none of them."""
    plan = policy(carriers=carriers)
    made = plan.model_dump()
    for kind in whom:
        for one in made[kind]:
            one["trusted"] = True
    return Plan.model_validate(made)


def placed(plan: Plan, **fields: str) -> Request:
    """The INVITE that pbx-east gets."""
    world = World(plan)
    phone = Phone(world, EAST, (0.1, 200))
    Caller(world).call(NUMBER, SDP, **fields)
    world.run(2)
    return phone.requests("INVITE")[0]


def asked(*values: str) -> Headers:
    return Headers([(b"privacy", value.encode()) for value in values])


# Identity: RFC 3325.


def test_identity_asserted_by_whom_nothing_is_known_does_not_cross() -> None:
    """RFC 3325 §5."""
    invite = placed(trusting("routes"), p_asserted_identity=ASSERTED)
    assert invite.headers.first(PAI) is None


def test_identity_asserted_by_a_trusted_trunk_crosses() -> None:
    invite = placed(trusting("trunks"), p_asserted_identity=ASSERTED)
    assert invite.headers.lines(PAI) == [ASSERTED.encode()]


@pytest.mark.parametrize("privacy", ["id", "header;id", "ID", "user; id"])
def test_identity_that_is_to_stay_private_goes_to_trusted_routes_only(privacy: str) -> None:
    """RFC 3325 §7."""
    fields = {"p_asserted_identity": ASSERTED, "privacy": privacy}
    assert placed(trusting("trunks"), **fields).headers.first(PAI) is None
    inside = placed(trusting("trunks", "routes"), **fields)
    assert inside.headers.lines(PAI) == [ASSERTED.encode()]
    assert inside.headers.lines(b"privacy") == [privacy.encode()]


def test_privacy_none_leaves_the_identity_in() -> None:
    """RFC 3325 §7: it "MUST NOT" be removed."""
    invite = placed(trusting("trunks"), p_asserted_identity=ASSERTED, privacy="none")
    assert invite.headers.lines(PAI) == [ASSERTED.encode()]


def test_preferred_identity_goes_to_whoever_is_trusted_to_assert_one() -> None:
    """RFC 3325 §6."""
    fields = {"p_preferred_identity": ASSERTED}
    assert placed(trusting(), **fields).headers.first(b"p-preferred-identity") is None
    inside = placed(trusting("routes"), **fields)
    assert inside.headers.lines(b"p-preferred-identity") == [ASSERTED.encode()]


@pytest.mark.parametrize(("whom", "crosses"), [((), False), (("routes",), True)])
def test_identity_of_who_answers_crosses_from_a_trusted_route(
    whom: tuple[str, ...], crosses: bool
) -> None:
    world = World(trusting(*whom))
    Phone(world, EAST, (0.1, 200, {"p_asserted_identity": "<tel:+13125550123>"}))
    caller = Caller(world)
    caller.call()
    world.run(2)
    assert (caller.last(200).headers.first(PAI) is not None) is crosses


def test_trust_in_a_carrier_is_its_own() -> None:
    world = World(trusting("trunks", "carriers", carriers={"northstar": f"sip:{NORTHSTAR[0]}"}))
    carrier = Phone(world, NORTHSTAR, (0, 200))
    Caller(world).call(p_asserted_identity=ASSERTED, privacy="id")
    world.run(2)
    assert carrier.requests("INVITE")[0].headers.lines(PAI) == [ASSERTED.encode()]


def test_identity_in_a_call_follows_the_same_trust() -> None:
    for whom, crosses in ((("trunks",), True), ((), False)):
        world = World(trusting(*whom))
        phone = Phone(world, EAST, (0.1, 200))
        caller = Caller(world)
        caller.call()
        world.run(2)
        caller.say("UPDATE", caller.last(200), 2, p_asserted_identity=ASSERTED)
        world.run(3)
        assert (phone.requests("UPDATE")[0].headers.first(PAI) is not None) is crosses


# Privacy: RFC 3323.


def test_user_privacy_takes_the_user_out_of_what_leaves_the_trust_domain() -> None:
    """RFC 3323 §5.3."""
    told = {"subject": "rent", "user_agent": "Ann's phone", "identity": "e30.e30.AA"}
    invite = placed(trusting("trunks"), privacy="user", **told)
    assert invite.from_.uri == b"sip:anonymous@anonymous.invalid"
    assert invite.from_.display == b'"Anonymous"'
    for name in (b"subject", b"user-agent", b"identity", b"privacy"):
        assert invite.headers.first(name) is None


def test_user_privacy_is_left_to_a_trusted_route() -> None:
    invite = placed(trusting("routes"), privacy="user", subject="rent")
    assert b"+13125550001" in invite.from_.uri
    assert invite.headers.first(b"subject") == b"rent"
    assert invite.headers.lines(b"privacy") == [b"user"]


def test_call_with_a_hidden_caller_goes_on_in_both_dialogs() -> None:
    """RFC 3323 §5.3: what the user is told has its own From."""
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    invite = caller.call(privacy="user;id")
    world.run(2)
    assert caller.last(200).from_ == invite.from_
    caller.say("INFO", caller.last(200), 2)
    phone.say("INFO", 1)
    world.run(3)
    assert phone.requests("INFO")[0].from_.uri == b"sip:anonymous@anonymous.invalid"
    assert caller.requests("INFO")[0].to.uri == invite.from_.uri


def test_from_that_names_nobody_stays() -> None:
    nobody = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=caller1'
    invite = placed(policy(), **{"from": nobody}, privacy="id")
    assert invite.from_.uri == b"sip:anonymous@anonymous.invalid"
    assert invite.headers.lines(b"privacy") == [b"id"]


def test_header_privacy_hides_the_way_that_the_call_came() -> None:
    """RFC 3323 §5.1; Via, Contact, Record-Route and Call-ID are our own in any case."""
    invite = placed(
        policy(),
        privacy="header;id",
        organization="Acme",
        history_info="<sip:+15550001@old>;index=1",
        contact="<sip:ann@192.0.2.200:5060>",
    )
    assert invite.headers.first(b"organization") is None
    assert invite.headers.first(b"history-info") is None
    assert invite.headers.lines(b"privacy") == [b"id"]
    assert b"192.0.2.200" not in invite.via.encode() + (invite.headers.first(b"contact") or b"")


def test_critical_privacy_that_nobody_here_can_give_is_500() -> None:
    """RFC 3323 §5: rather no call."""
    world = World(policy())
    phone = Phone(world, EAST, (0.1, 200))
    caller = Caller(world)
    caller.call(privacy="session;id;critical")
    world.run(2)
    assert caller.statuses() == [500]
    assert phone.requests("INVITE") == []


def test_critical_privacy_that_can_be_given_is_given() -> None:
    assert placed(policy(), privacy="user;critical").headers.first(b"privacy") is None


def test_privacy_that_nobody_here_can_give_is_asked_of_those_after() -> None:
    assert placed(policy(), privacy="session;user").headers.lines(b"privacy") == [b"session"]


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (("id",), {b"id"}),
        (("User; ID", "header"), {b"user", b"id", b"header"}),
        (("none;user",), {b"none"}),
        (("",), set()),
        ((), set()),
    ],
)
def test_what_is_wanted(values: tuple[str, ...], kinds: set[bytes]) -> None:
    assert wanted(asked(*values)) == kinds


def test_critical_alone_asks_for_nothing() -> None:
    assert cannot_be_given(asked("critical")) == b""
    assert cannot_be_given(asked("session")) == b""
    assert cannot_be_given(asked("session", "critical")) == b"session"


def test_history_privacy_withholds_history_only() -> None:
    """RFC 7044 §10.1.2."""
    everybody = Trust(sender=True)
    assert withheld(asked("history"), everybody) == {b"history-info", b"p-preferred-identity"}


def test_what_is_done_is_not_asked_for_again() -> None:
    """RFC 3323 §4.3."""
    assert still_wanted(b"user;critical", Trust()) == b""
    assert still_wanted(b"user;session;critical", Trust()) == b"session;critical"
    assert still_wanted(b"user", Trust(receiver=True)) == b"user"
