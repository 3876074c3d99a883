"""Which behaviour an attempt meets, level by level, and which instance is tried first."""

from __future__ import annotations

import pytest

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.scenario import Holder, Reply
from sipfo.verify.conduct import behaviour_of, phrase_of
from sipfo.verify.simulate import simulate
from verify.seed import DESK, TELNYX, call, does, plan, plan_to


def levels(ladder: Ladder) -> list[str]:
    """The ladder's attempts with their levels, without where they come from."""
    return [f"{_levelled(one)} {one.outcome}" for one in ladder.attempts]


def _levelled(attempt: Attempt) -> str:
    return f"{attempt.route}.{attempt.level}" if attempt.level else attempt.route


def test_a_region_that_refuses_is_tried_at_its_second_address_from_the_same_egress() -> None:
    ladder = simulate(plan_to(TELNYX), call(does("telnyx.primary", reach="refuses")))
    assert {one.egress for one in ladder.attempts} == {"us.primary"}
    assert levels(ladder) == ["telnyx.primary transport-error", "telnyx.secondary 200"]
    assert ladder.result == Settled("answered", 200, "telnyx")


def test_of_a_region_a_code_that_fails_over_goes_on_to_the_next_egress() -> None:
    ladder = simulate(plan_to(TELNYX), call(does("telnyx.primary", 480)))
    assert [(one.egress, one.level) for one in ladder.attempts] == [
        ("us.primary", "primary"),
        ("us.secondary", "primary"),
    ]


def test_a_route_without_levels_has_attempts_without() -> None:
    ladder = simulate(plan(), call(does("pbx-east", 503)))
    assert [one.level for one in ladder.attempts] == [None, None]


@pytest.mark.parametrize(
    ("behaviours", "first", "second"),
    [
        pytest.param((("telnyx", None), ("telnyx.primary", None)), 1, 0, id="level over route"),
        pytest.param((("telnyx.primary", None), ("telnyx", None)), 0, 1, id="whatever the order"),
        pytest.param((("telnyx", "us.primary"), ("telnyx", None)), 0, 0, id="egress over none"),
        pytest.param(
            (("telnyx.primary", None), ("telnyx", "us.primary")), 0, 1, id="level over egress"
        ),
        pytest.param(
            (("telnyx.primary", "us.primary"), ("telnyx.primary", None), ("telnyx", None)),
            0,
            2,
            id="level and egress over all",
        ),
        pytest.param((("telnyx", None), ("telnyx", None)), 1, 1, id="of equals the later"),
        pytest.param(
            (("telnyx.primary", "us.secondary"), ("telnyx", None)), 1, 1, id="another egress"
        ),
    ],
)
def test_the_closest_behaviour_is_met(
    behaviours: tuple[tuple[str, str | None], ...], first: int, second: int
) -> None:
    """Each behaviour takes a time of its own to say 503; that tells which one was met."""
    said = [
        does(route, (503, 0.5 + n / 10), egress=egress)
        for n, (route, egress) in enumerate(behaviours)
    ]
    ladder = simulate(plan_to(TELNYX), call(*said))
    assert [one.level for one in ladder.attempts[:2]] == ["primary", "secondary"]
    met = [round((one.took - 0.5) * 10) for one in ladder.attempts[:2]]
    assert met == [first, second]


def test_a_behaviour_of_a_level_is_nothing_to_another_route() -> None:
    ladder = simulate(plan_to(TELNYX, DESK), call(does("desk.primary", 503), does("other", 503)))
    assert levels(ladder) == ["telnyx.primary 200"]


def test_a_registered_user_is_tried_at_every_instance_in_order() -> None:
    ladder = simulate(plan_to(DESK), call(does("desk", 480)))
    assert levels(ladder)[:3] == ["desk.kss-a 480", "desk.kss-b 480", "desk.kss-c 480"]
    assert {one.egress for one in ladder.attempts[:3]} == {"us.primary"}
    assert {one.egress for one in ladder.attempts[3:]} == {"us.secondary"}


@pytest.mark.parametrize(
    ("holder", "order"),
    [("kss-a", "abc"), ("kss-b", "bac"), ("kss-c", "cab")],
)
def test_the_instance_that_holds_the_registration_goes_first_then_the_others_in_order(
    holder: str, order: str
) -> None:
    held = Holder(route="desk", instance=holder)
    ladder = simulate(plan_to(DESK), call(does("desk", reach="refuses"), holders=(held,)))
    assert [one.level for one in ladder.attempts] == [f"kss-{letter}" for letter in order] * 2


def test_a_holder_of_another_route_changes_nothing() -> None:
    held = Holder(route="phone", instance="kss-c")
    ladder = simulate(plan_to(DESK), call(does("desk.kss-a", 404), holders=(held,)))
    assert levels(ladder) == ["desk.kss-a 404"]
    assert ladder.result == Settled("refused", 404, "desk")


def test_a_destination_without_a_behaviour_answers_200() -> None:
    found = behaviour_of(call(does("pbx-east", 503)), "us.primary", "pbx-west")
    assert (found.reach, [reply.status for reply in found.replies]) == ("replies", [200])


@pytest.mark.parametrize(
    ("reply", "phrase"),
    [
        (Reply(status=486), "Busy Here"),
        (Reply(status=486, tag="D5"), "Busy Here D5"),
        (Reply(status=486, cause=34), "Busy Here"),
        (Reply(status=499), ""),
        (Reply(status=499, tag="D5"), "D5"),
    ],
)
def test_a_tag_stands_at_the_end_of_the_reason_phrase(reply: Reply, phrase: str) -> None:
    assert phrase_of(reply) == phrase
