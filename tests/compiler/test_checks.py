"""Where each check begins and ends: what is just allowed, what is just not."""

from __future__ import annotations

import pytest

from compiler.policies import changed, codes, plan_of

ELEVEN = "".join(f"carrier c{n} {{ to sip:203.0.113.{n} }}\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("failover", "stop", "found"),
    [
        ("5xx", "501", []),  # a code inside of a class
        ("500-599", "540-549", []),  # a range inside of a range
        ("5xx", "500-599", ["SF401"]),  # the same range
        ("500-549", "540-599", ["SF401"]),
        ("503", "503", ["SF401"]),
        ('503, 486 tagged "D5"', "486", []),
        ('486 tagged "D5"', '486 tagged "D5"', ["SF401"]),
        ("cause 34", "cause 34", ["SF401"]),
        ("no-response", "408", []),  # a timeout that is named does not count as 408
        ("transport-error", "transport-error", ["SF401"]),
    ],
)
def test_only_equal_or_crossing_matches_contradict(
    failover: str, stop: str, found: list[str]
) -> None:
    made = changed(
        ("408, 480, 503, 504, transport-error", failover),
        ("stop     on 404, 486, 603", f"stop on {stop}"),
    )
    assert codes(made) == found


@pytest.mark.parametrize(
    ("failover", "stop", "otherwise", "warnings"),
    [
        ("503", "486, 6xx", "stop", 0),
        ("4xx", "486", "stop", 0),
        ("4xx", "404", "stop", 1),
        ("400-499, 486", "404", "stop", 1),  # the code decides, not the range
        ('486 tagged "D5"', "404", "stop", 0),
        ("503", "404", "failover", 1),
        ("6xx", "486, 600-609", "failover", 0),
        ("603", "486, 6xx", "failover", 1),
    ],
)
def test_a_refusal_that_fails_over_is_said_once_for_each_cause(
    failover: str, stop: str, otherwise: str, warnings: int
) -> None:
    made = changed(
        ("408, 480, 503, 504, transport-error", failover),
        ("404, 486, 603", stop),
        ("otherwise stop", f"otherwise {otherwise}"),
    )
    assert codes(made) == ["SF404"] * warnings


def test_no_response_may_last_as_long_as_timer_b() -> None:
    free = ("    deadline 20s\n", "")
    assert codes(changed(free, ("no-response 4s", "no-response 32s"))) == []
    assert codes(changed(free, ("no-response 4s", "no-response 32.001s"))) == ["SF403"]
    assert codes(changed(free, ("no-response 4s", "no-answer 33s"))) == []


def test_ten_carriers_are_enough() -> None:
    carrier = "carrier northstar { to sip:203.0.113.9  prefixes +1 }\n"
    ten = ", ".join(f"c{n}" for n in range(1, 11))
    free = ("    deadline 20s\n", "")
    assert codes(changed(free, (carrier, ELEVEN), ("via northstar", f"via {ten}"))) == ["SF203"]
    eleven = ("via northstar", f"via {ten}, c11")
    assert codes(changed(free, (carrier, ELEVEN), eleven)) == ["SF501"]


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ("+13125550200 .. +13125550299", []),  # beside the other's range
        ("+13125550199 .. +13125550299", ["SF505"]),  # its last number is the first here
        ("+1312555", []),  # a prefix yields to a range
        ("+13125550150", ["SF505"]),  # a whole number that is in the other's range
        ("+131255501501", []),  # longer than the other's numbers
        ("any", []),
        ("+1312555010 .. +1312555019", []),  # shorter numbers
    ],
)
def test_two_trunks_conflict_only_over_the_same_numbers(numbers: str, found: list[str]) -> None:
    second = f"trunk beta {{ numbers {numbers} accept anyone from us\n"
    second += "routes round-robin pbx-west retry standard }\n"
    assert codes(changed(("test ", second + "test "))) == found


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        ("+13125550100 .. +13125550199", []),
        ("+13125550100 .. +13125550199, +13125550000", ["SF504"]),
        ("+1312", ["SF504"]),
        ("any", ["SF504"]),
    ],
)
def test_a_forward_loops_when_its_trunk_claims_the_number(numbers: str, found: list[str]) -> None:
    assert codes(changed(("+13125550100 .. +13125550199", numbers))) == found


def test_a_forward_to_another_trunks_number_does_not_loop() -> None:
    second = "trunk beta { numbers +13125550000 accept anyone from us\n"
    second += "routes round-robin pbx-west retry standard }\n"
    made = changed(("+13125550100 .. +13125550199", "+1312"), ("test ", second + "test "))
    assert codes(made) == []


def test_from_after_a_forward_is_the_trunks_on_a_line_of_its_own() -> None:
    line = ("    from     us\n", "")
    own = plan_of(line, ("via northstar", "via northstar\n    from us")).trunks[0]
    assert own.egress == ("us.primary", "us.secondary")
    assert own.forward is not None and own.forward.egress == "us.primary"
    other = ("expect us.primary to pbx-east 503\n    expect us.primary to pbx-west 200\n", "")
    same = plan_of(line, ("via northstar", "via northstar from us.secondary"), other).trunks[0]
    assert same.egress == ("listen",)
    assert same.forward is not None and same.forward.egress == "us.secondary"


def test_names_differ_by_case() -> None:
    assert codes(changed(("by pbx-west", "by PBX-WEST"))) == ["SF201"]


def test_a_name_of_another_kind_is_said_to_be_one() -> None:
    made = changed(("sequential pbx-east", "sequential northstar"))
    assert "SF201" in codes(made)
    hints = [one.hint for one in made.diagnostics if one.code == "SF201"]
    assert hints == ["`northstar` is a carrier"]


def test_only_the_first_wrong_step_of_a_behaviour_is_told() -> None:
    assert codes(changed(("answers 503", "answers 503, rings, silent, answers 200"))) == ["SF604"]


def test_the_same_destination_may_behave_otherwise_for_one_address() -> None:
    both = "answers 503\n    when pbx-east from us.secondary silent"
    assert codes(changed(("answers 503", both))) == []
