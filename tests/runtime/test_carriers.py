"""Which carriers a call is sent to, by number, rate, moment and ceiling; and that the record says so."""

from __future__ import annotations

from typing import Any

from plan.test_choice import deck
from runtime.phones import Phone
from runtime.world import CALLER, EAST, NORTHSTAR, SDP, WEST, Callee, Caller, World, policy
from sipfo.plan.model import Carrier, Deck, Plan
from sipfo.runtime.control import methods
from sipfo.runtime.record import Notice
from sipfo.runtime.tenure import Papers

BALTIC = ("203.0.113.10", 5060)
NAMED = {"northstar": NORTHSTAR, "baltic": BALTIC}
DECEMBER = 1796083200
"""2026-12-01 in Unix seconds."""

NORTH = deck(
    "north.csv", ("1", "0.01"), ("1312", "0.004", 0, DECEMBER), ("1312", "0.006", DECEMBER, 2**62)
)
BALT = deck("baltic.csv", ("1", "0.005"), ("44", "stop"), ("4420", "0.5"))


def plan_of(*decks: Deck, number: str | None = None, northstar: Any = None, **forward: Any) -> Plan:
    """The first route fails; then the carriers, those of the decks with rates."""
    plan = policy(carriers={name: f"sip:{at[0]}" for name, at in NAMED.items()})
    own = plan.trunks[0].forward
    assert own is not None
    changed = own.model_copy(update={"number": number, "choice": "cheapest", **forward})
    carriers = [
        one.model_copy(update={"rates": given.file})
        for one, given in zip(plan.carriers, decks, strict=False)
    ]
    carriers += plan.carriers[len(decks) :]
    if northstar is not None:
        carriers[0] = Carrier(**{**carriers[0].model_dump(), **northstar})
    trunk = plan.trunks[0].model_copy(update={"forward": changed})
    update = {"carriers": tuple(carriers), "trunks": (trunk,), "decks": decks or None}
    return Plan.model_validate(plan.model_copy(update=update).model_dump())


class Placed:
    """A call whose routes all fail, and what became of it at the carriers."""

    def __init__(self, plan: Plan, number: str = "+13125550123", epoch: float = 0.0) -> None:
        self.world = World(plan, epoch=epoch)
        Callee(self.world, EAST, (0, 503))
        Callee(self.world, WEST, (0, 503))
        self.phones = {name: Phone(self.world, at, (0, 480)) for name, at in NAMED.items()}
        self.caller = Caller(self.world)
        self.call(number)

    def call(self, number: str, **fields: str) -> None:
        self.caller.call(number, SDP, **fields)
        self.world.run(self.world.now + 3)

    @property
    def carriers(self) -> list[str]:
        """The carriers that were tried, in their order."""
        return [route for _, route, _ in self.world.attempts if route in NAMED]

    @property
    def notices(self) -> list[str]:
        return [one.text for one in self.world.records if isinstance(one, Notice)]


def test_a_call_goes_to_the_cheapest_carrier_for_its_number_first() -> None:
    assert Placed(plan_of(NORTH, BALT), "+13125550123").carriers == ["northstar", "baltic"]
    assert Placed(plan_of(NORTH, BALT), "+14155550123").carriers == ["baltic", "northstar"]


def test_the_time_of_day_decides_which_rate_counts() -> None:
    before = Placed(plan_of(NORTH, BALT), epoch=DECEMBER - 1)
    assert before.carriers == ["northstar", "baltic"]
    before.call("+13125550123")  # a second later, in the same process
    assert before.carriers == ["northstar", "baltic", "baltic", "northstar"]


def test_who_has_no_rate_is_left_out_and_the_record_says_so() -> None:
    placed = Placed(plan_of(NORTH, BALT), "+4915112345678")
    said = [
        "northstar left out: no rate for +4915112345678",
        "baltic left out: no rate for +4915112345678",
    ]
    assert placed.carriers == []
    assert placed.notices == said
    assert list(placed.world.calls[0].notes) == said
    assert placed.caller.statuses()[-1] == 500


def test_a_stop_in_a_deck_is_said() -> None:
    placed = Placed(plan_of(NORTH, BALT), "+44161496000")
    assert placed.carriers == []
    assert "baltic left out: its rates stop +44" in placed.notices
    assert Placed(plan_of(NORTH, BALT), "+442079460000").carriers == ["baltic"]


def test_a_ceiling_leaves_out_who_costs_more_and_says_so() -> None:
    placed = Placed(plan_of(NORTH, BALT, at_most="0.005"), "+14155550123")
    assert placed.carriers == ["baltic"]
    assert list(placed.world.calls[0].notes) == ["northstar left out: 0.01 is above 0.005"]


def test_an_exception_is_not_sent() -> None:
    placed = Placed(
        plan_of(number=None, choice="listed", northstar={"excluded": ("+1900",)}), "+19005551212"
    )
    assert placed.carriers == ["baltic"]
    assert placed.notices == ["northstar left out: it is not for +1900"]


def test_nothing_is_said_of_carriers_while_it_is_the_routes_turn() -> None:
    world = World(plan_of(NORTH, BALT, at_most="0.001"))
    Callee(world, EAST, (0, 200))
    caller = Caller(world)
    caller.call("+13125550123")
    world.run(2)
    assert caller.statuses()[-1] == 200
    assert not [one for one in world.records if isinstance(one, Notice)]


def test_nothing_is_said_of_carriers_after_a_stop() -> None:
    world = World(plan_of(NORTH, BALT, at_most="0.001"))
    Callee(world, EAST, (0, 486))
    caller = Caller(world)
    caller.call("+13125550123")
    world.run(2)
    assert caller.statuses()[-1] == 486
    assert not [one for one in world.records if isinstance(one, Notice)]


def test_the_dialled_number_goes_on_in_the_shape_that_the_carrier_wants() -> None:
    plan = plan_of(choice="listed", northstar={"shaping": {"strip": 1, "prepend": "9011"}})
    placed = Placed(plan, "+442079460000")
    (invite,) = placed.phones["northstar"].requests("INVITE")
    assert invite.uri == b"sip:9011442079460000@203.0.113.9"
    (second,) = placed.phones["baltic"].requests("INVITE")
    assert second.uri == b"sip:+442079460000@203.0.113.10"


def test_a_trunk_that_always_forwards_says_480_when_nobody_takes_the_number() -> None:
    placed = Placed(plan_of(NORTH, BALT, always=True), "+4915112345678")
    assert placed.world.attempts == []
    assert placed.caller.statuses()[-1] == 480
    assert list(placed.world.calls[0].notes) == [
        "northstar left out: no rate for +4915112345678",
        "baltic left out: no rate for +4915112345678",
    ]


def test_a_reload_brings_the_rates_of_the_next_plan() -> None:
    placed = Placed(plan_of(NORTH, BALT), "+14155550123")
    dearer = deck("baltic.csv", ("1", "0.05"))
    placed.world.engine.succeed(Papers(plan_of(NORTH, dearer), {}), placed.world.now)
    placed.call("+14155550123")
    assert placed.carriers == ["baltic", "northstar", "northstar", "baltic"]


def test_lookup_says_where_a_call_would_go_and_who_is_left_out() -> None:
    world = World(plan_of(NORTH, BALT, at_most="0.005"))
    lookup = methods(world.engine, lambda: world.now)["sipfo.lookup"]
    found = lookup.run("+14155550123", CALLER[0])
    assert isinstance(found, dict)
    assert [one["route"] for one in found["steps"]][-1] == "baltic"
    assert found["left_out"] == [{"carrier": "northstar", "why": "0.01 is above 0.005"}]
