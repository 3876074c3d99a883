"""What a PATCH changes of the policy, field by field and spelling by spelling."""

from __future__ import annotations

from typing import Any

import pytest

from plan.samples import small_plan
from sipfo.plan.change import Said, Situation, TrunkChange, said
from sipfo.runtime.wire.api.connection import edited
from sipfo.runtime.wire.api.problem import Rejected
from sipfo.runtime.wire.api.shape import ConnectionPatch

NUMBER = "+13125550000"
BASE = Said(method="sequential", forwarding="on-failure", forwards_to=NUMBER)
BARE = Said(method="sequential", forwarding="off")


def done(body: dict[str, Any], base: Said = BASE, **before: str) -> tuple[str | None, ...] | None:
    """What is changed of the trunk afterwards, where the policy says `base`."""
    trunk = small_plan().trunks[0]
    change = TrunkChange.model_validate({"trunk": "acme", "over": base, **before})
    situation = Situation(said={"acme": base})
    # A change that is empty is there too, so that `base` and not the plan's trunk is the policy's.
    changes = situation.changes.model_copy(update={"trunks": (change,)})
    situation = situation.model_copy(update={"changes": changes})
    found = edited(situation, trunk, ConnectionPatch.model_validate(body)).of_trunk("acme")
    return None if found is None else (found.method, found.forwarding, found.forwards_to)


def forward(**fields: object) -> dict[str, Any]:
    return {"call_forwarding": fields}


@pytest.mark.parametrize("spelt", ["round-robin", "round_robin"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_method_is_taken_in_both_spellings_at_both_places(spelt: str, inside: bool) -> None:
    body: dict[str, Any] = {"default_routing_method": spelt}
    assert done({"inbound": body} if inside else body) == ("round-robin", None, None)


@pytest.mark.parametrize("spelt", [None, "", "sequential"])
def test_what_the_policy_says_is_no_change(spelt: str | None) -> None:
    assert done({"default_routing_method": spelt}, method="round-robin") is None


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [("on_failure", "on-failure"), ("on-failure", "on-failure"), ("always", "always")],
)
def test_a_forwarding_type_is_taken_in_both_spellings(spelt: str, meant: str) -> None:
    body = forward(forwarding_type=spelt, forwards_to=NUMBER)
    assert done(body, BARE) == (None, meant, NUMBER)


@pytest.mark.parametrize(
    ("body", "before", "meant"),
    [
        (forward(forwarding_type="off"), {}, "off"),
        (forward(call_forwarding_enabled=False), {}, "off"),
        (forward(call_forwarding_enabled=False, forwarding_type="always"), {}, "off"),
        (forward(call_forwarding_enabled=True, forwarding_type="always"), {}, "always"),
        (forward(call_forwarding_enabled=True), {"forwarding": "always"}, "always"),
    ],
    ids=str,
)
def test_off_is_said_in_two_ways(body: dict[str, Any], before: dict[str, str], meant: str) -> None:
    assert done(body, BASE, **before) == (None, meant, None)


@pytest.mark.parametrize(
    "body",
    [
        forward(call_forwarding_enabled=True),
        forward(forwarding_type=None),
        forward(forwarding_type="on_failure"),
        {"call_forwarding": None},
    ],
    ids=str,
)
def test_there_is_a_way_back_to_the_policy(body: dict[str, Any]) -> None:
    assert done(body, forwarding="off") is None


def test_a_number_is_changed_and_given_back() -> None:
    assert done(forward(forwards_to="+1800")) == (None, None, "+1800")
    assert done(forward(forwards_to=""), forwards_to="+1800") is None
    assert done(forward(forwards_to=None), forwards_to="+1800") is None


def test_what_is_not_sent_stays() -> None:
    assert done({}, method="round-robin") == ("round-robin", None, None)
    assert done({"inbound": {}}, forwarding="off") == (None, "off", None)
    found = done({"default_routing_method": "round-robin"}, forwarding="always")
    assert found == ("round-robin", "always", None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (forward(forwarding_type="always"), "/call_forwarding/forwards_to"),
        (forward(call_forwarding_enabled=True), "/call_forwarding/forwards_to"),
        (
            forward(forwarding_type="off", call_forwarding_enabled=True),
            "/call_forwarding/forwarding_type",
        ),
        (
            {"default_routing_method": None, "inbound": {"default_routing_method": "sequential"}},
            "/default_routing_method",
        ),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_pointed_at(body: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Rejected) as found:
        done(body, BARE)
    assert found.value.status == 422
    assert found.value.problems[0].pointer == pointer


def test_a_plan_s_trunk_says_what_it_says() -> None:
    (trunk,) = small_plan(carriers=1).trunks
    assert said(trunk).forwarding == "on-failure"
    assert said(small_plan().trunks[0]) == BARE
