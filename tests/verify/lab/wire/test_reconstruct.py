"""A course becomes the ladder that it was, whatever the model says it should have been."""

from __future__ import annotations

import pytest

from sipfo.plan.ladder import Ladder, Settled
from sipfo.plan.model import Plan
from sipfo.plan.order import Order
from sipfo.plan.scenario import Scenario
from sipfo.runtime.sip.message import Response, parse
from sipfo.verify.lab.stage import set_stage
from sipfo.verify.lab.wire.course import Course, Try
from sipfo.verify.lab.wire.order import slots
from sipfo.verify.lab.wire.packet import Address
from sipfo.verify.lab.wire.reconstruct import NothingSeen, Terms, reconstruct
from sipfo.verify.simulate import simulate, turned
from verify.lab.wire.messages import EAST, PRIMARY, SECONDARY, WEST, request, response
from verify.seed import RETRY, call, does, plan

PLAN = plan()
SCENARIO = call()


def final(at: float, status: int, tag: str = "t", phrase: str = "Said") -> tuple[float, Response]:
    message = parse(response(status, "z9hG4bKx", tag, phrase))
    assert isinstance(message, Response)
    return at, message


def tried(at: float, destination: Address = EAST, source: Address = PRIMARY) -> Try:
    invite = parse(request("INVITE", f"z9hG4bK{at}"))
    assert not isinstance(invite, Response)
    return Try(at, "udp", source, destination, invite)


def ladder(
    course: Course, policy: Plan = PLAN, scenario: Scenario = SCENARIO, probed: bool = False
) -> Ladder:
    trunk = policy.trunks[0]
    stage = set_stage(policy, trunk, scenario)
    steps = Order(policy).steps(trunk, scenario.number, turned(trunk, scenario))
    order = tuple(slots(stage, steps, scenario))
    terms = Terms(trunk, policy.retries[0], probed)
    found, _ = reconstruct(course, order, terms, simulate(policy, scenario))
    return found


def words(found: Ladder) -> list[tuple[str, str, str]]:
    return [(one.egress, one.route, one.outcome) for one in found.attempts]


def test_responses_are_outcomes_with_their_times_and_phrases() -> None:
    east, west = tried(0.1), tried(0.4, WEST)
    east.final = final(0.3, 503, phrase="Full D5")
    west.final = final(0.9, 200, "west")
    found = ladder(Course(0.0, None, final(1.0, 200, "west"), [east, west]))
    assert words(found) == [
        ("us.primary", "pbx-east", "503"),
        ("us.primary", "pbx-west", "200"),
    ]
    first = found.attempts[0]
    assert (first.at, first.took, first.phrase) == (0.1, 0.2, "Full D5")
    assert first.target == "udp:198.51.100.10:5060"
    assert (found.result, found.elapsed) == (Settled("answered", 200, "pbx-west"), 1.0)


@pytest.mark.parametrize(
    ("heard", "outcome"),
    [
        ([], "no-response"),
        ([(0.2, 100)], "no-progress"),
        ([(0.2, 100), (0.3, 180)], "no-answer"),
        ([(2.2, 180)], "no-response"),
    ],
)
def test_a_try_that_was_given_up_ended_by_the_timer_of_its_phase(
    heard: list[tuple[float, int]], outcome: str
) -> None:
    east, west = tried(0.1), tried(2.1, WEST)
    east.provisionals = heard
    east.cancelled = 2.11
    east.final = final(2.2, 487)
    west.final = final(2.5, 200)
    found = ladder(Course(0.0, None, final(2.6, 200), [east, west]))
    assert words(found)[0] == ("us.primary", "pbx-east", outcome)
    assert found.attempts[0].took == 2.0


def test_who_moves_on_at_once_from_a_refusal_has_heard_it() -> None:
    east, west = tried(0.1), tried(0.2, WEST)
    east.refused = 0.11
    west.final = final(0.5, 200)
    assert words(ladder(Course(0.0, None, final(0.6, 200), [east, west])))[0][2] == (
        "transport-error"
    )


def test_who_waits_for_the_timer_has_not() -> None:
    east, west = tried(0.1), tried(2.1, WEST)
    east.refused = 0.11
    west.final = final(2.5, 200)
    assert words(ladder(Course(0.0, None, final(2.6, 200), [east, west])))[0][2] == "no-response"


def test_a_refused_connection_is_a_transport_error() -> None:
    policy = PLAN.model_copy(
        update={
            "routes": (
                PLAN.routes[0].model_copy(
                    update={"destinations": ("sip:198.51.100.10;transport=tcp",)}
                ),
                PLAN.routes[1],
            )
        }
    )
    refused = Try(0.1, "tcp", (PRIMARY[0], 40001), EAST, refused=0.1)
    west = tried(0.2, WEST)
    west.final = final(0.5, 200)
    assert words(ladder(Course(0.0, None, final(0.6, 200), [refused, west]), policy)) == [
        ("us.primary", "pbx-east", "transport-error"),
        ("us.primary", "pbx-west", "200"),
    ]


def test_a_probe_that_was_refused_is_no_attempt() -> None:
    """West comes next, and it is East's connection that was refused."""
    policy = PLAN.model_copy(
        update={
            "routes": (
                PLAN.routes[0],
                PLAN.routes[1].model_copy(
                    update={"destinations": ("sip:198.51.100.11;transport=tcp",)}
                ),
            )
        }
    )
    east = tried(0.3)
    east.final = final(0.5, 200)
    probe = Try(0.1, "tcp", (PRIMARY[0], 40001), WEST, refused=0.1)
    course = Course(0.0, None, final(0.6, 200), [probe, east])
    assert words(ladder(course, policy, probed=True)) == [("us.primary", "pbx-east", "200")]


def test_the_caller_hung_up() -> None:
    east = tried(0.1)
    east.provisionals = [(0.2, 180)]
    east.cancelled = 1.01
    east.final = final(1.1, 487)
    found = ladder(Course(0.0, 1.0, final(1.02, 487), [east]))
    assert words(found) == [("us.primary", "pbx-east", "cancelled")]
    assert found.attempts[0].took == 0.9
    assert found.result == Settled("cancelled", 487)


def test_the_caller_hung_up_on_an_engine_that_heard_no_refusal() -> None:
    east = tried(0.0)
    east.refused = 0.001
    found = ladder(Course(0.0, 0.6, final(0.601, 487), [east]))
    assert words(found) == [("us.primary", "pbx-east", "cancelled")]
    assert found.result == Settled("cancelled", 487)


def test_a_refusal_that_was_heard_just_before_the_caller_hung_up_is_a_transport_error() -> None:
    east = tried(0.0)
    east.refused = 0.599
    found = ladder(Course(0.0, 0.6, final(0.6, 500), [east]))
    assert words(found) == [("us.primary", "pbx-east", "transport-error")]


def test_the_deadline_is_no_timer_of_the_attempt() -> None:
    policy = plan(deadline=1.5)
    east = tried(0.1)
    found = ladder(Course(0.0, None, final(1.5, 408), [east]), policy)
    assert words(found) == [("us.primary", "pbx-east", "deadline")]
    assert found.result == Settled("refused", 408)


def test_a_response_that_a_proxy_passes_on_says_whose_it_is() -> None:
    east = tried(0.1)
    east.final = final(0.3, 486, "east")
    found = ladder(Course(0.0, None, final(0.4, 486, "east"), [east]))
    assert found.result == Settled("refused", 486, "pbx-east")


def test_one_that_is_made_anew_is_whose_the_model_says_if_it_can_be() -> None:
    east = tried(0.1)
    east.final = final(0.3, 486, "east")
    course = Course(0.0, None, final(0.4, 486, "anew"), [east])
    busy = call(does("pbx-east", 486))
    assert ladder(course, scenario=busy).result == Settled("refused", 486, "pbx-east")
    other = call(does("pbx-east", 503), does("pbx-west", 486))
    assert ladder(course, scenario=other).result == Settled("refused", 486)


def test_who_sends_from_a_wrong_address_is_shown_by_it() -> None:
    east = tried(0.1, source=("192.0.2.77", 5060))
    east.final = final(0.3, 200)
    found = ladder(Course(0.0, None, final(0.4, 200), [east]))
    assert words(found) == [("192.0.2.77:5060", "198.51.100.10:5060", "200")]


def test_the_order_is_the_one_that_was_seen() -> None:
    """The second address first, and then back."""
    late, early = tried(0.1, source=SECONDARY), tried(0.4)
    late.final = final(0.3, 503)
    early.final = final(0.6, 200)
    assert words(ladder(Course(0.0, None, final(0.7, 200), [late, early]))) == [
        ("us.secondary", "pbx-east", "503"),
        ("us.primary", "pbx-east", "200"),
    ]


def test_a_name_that_does_not_resolve_leaves_nothing_to_see_and_is_the_models() -> None:
    named = PLAN.routes[0].model_copy(update={"destinations": ("sip:east.example.com",)})
    policy = PLAN.model_copy(update={"routes": (named, PLAN.routes[1])})
    nowhere = call(does("pbx-east", reach="unresolvable"))
    west = tried(0.2, WEST)
    west.final = final(0.4, 200)
    found = ladder(Course(0.0, None, final(0.5, 200), [west]), policy, nowhere)
    assert words(found) == [
        ("us.primary", "pbx-east", "transport-error"),
        ("us.primary", "pbx-west", "200"),
    ]
    assert found.attempts[0].target is None


def test_two_egresses_at_one_address_are_told_apart_by_their_turn() -> None:
    here = PLAN.egress[0]
    both = PLAN.model_copy(
        update={"egress": (here, PLAN.egress[1].model_copy(update={"host": here.host}))}
    )
    tries = [tried(0.1), tried(0.3, WEST), tried(0.5)]
    for one in tries:
        one.final = final(one.at + 0.1, 503)
    tries[-1].final = final(0.6, 200)
    assert words(ladder(Course(0.0, None, final(0.7, 200), tries), both)) == [
        ("us.primary", "pbx-east", "503"),
        ("us.primary", "pbx-west", "503"),
        ("us.secondary", "pbx-east", "200"),
    ]


@pytest.mark.parametrize(
    ("course", "reason"),
    [(Course(), "INVITE was not seen"), (Course(placed=0.0), "no final response")],
)
def test_a_call_that_was_not_seen_is_no_ladder(course: Course, reason: str) -> None:
    with pytest.raises(NothingSeen, match=reason):
        ladder(course)


def test_the_timers_of_these_tests_are_the_policys() -> None:
    assert (RETRY.no_response, RETRY.no_progress) == (2.0, 4.0)
