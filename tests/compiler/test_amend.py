"""Changes made to a policy's texts: only the words that they are about, and each that cannot be made."""

from __future__ import annotations

from pathlib import Path

import pytest

from sipfo.compiler.amend.compiled import compile_amended
from sipfo.compiler.amend.texts import Amended, CannotAmend, amend
from sipfo.compiler.imports import Failure, Load, Loaded
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.change import Changes, Forwarding, Method, NumberChange, Said, TrunkChange
from sipfo.plan.model import Plan, Trunk

FIRST = (Path(__file__).parents[2] / "examples" / "first.sipfo").read_text(encoding="utf-8")
BARE = FIRST.replace("    on failure forward to +13125550000 via northstar\n", "")
WEIGHTED = FIRST.replace("sequential pbx-east, pbx-west", "weighted pbx-east 70, pbx-west 30")
SAID = Said(method="sequential", forwarding="on-failure", forwards_to="+13125550000")


def nothing(importing: str, wanted: str) -> Loaded | Failure:
    return Failure("no such file")


def made(text: str, changes: Changes, load: Load = nothing) -> Amended:
    return amend(text.encode(), "a.sipfo", load, "a.sipfo", changes)


def trunk(
    method: Method | None = None,
    forwarding: Forwarding | None = None,
    forwards_to: str | None = None,
    over: Said = SAID,
) -> Changes:
    change = TrunkChange(
        trunk="acme", method=method, forwarding=forwarding, forwards_to=forwards_to, over=over
    )
    return Changes(trunks=(change,))


def number(digits: str, forwarding: Forwarding | None, to: str | None = None) -> NumberChange:
    return NumberChange(number=digits, forwarding=forwarding, forwards_to=to, over=SAID)


def plan_of(text: str, changes: Changes) -> Plan:
    _, compiled = compile_amended(text.encode(), "a.sipfo", nothing, "a.sipfo", changes)
    assert compiled.plan is not None
    return compiled.plan


def acme(text: str, changes: Changes) -> Trunk:
    return next(one for one in plan_of(text, changes).trunks if one.name == "acme")


def lines(text: str, changes: Changes) -> tuple[list[str], list[str]]:
    """The lines that are gone, and those that have come."""
    before, after = text.splitlines(), made(text, changes).files.data.decode().splitlines()
    return [one for one in before if one not in after], [one for one in after if one not in before]


def test_no_change_is_the_same_text() -> None:
    assert made(FIRST, Changes()).files.data.decode() == FIRST


def test_the_method_is_one_word() -> None:
    gone, come = lines(FIRST, trunk("round-robin"))
    assert gone == ["    routes  sequential pbx-east, pbx-west"]
    assert come == ["    routes  round-robin pbx-east, pbx-west"]


def test_a_method_in_the_place_of_weights_takes_them_away() -> None:
    found = acme(WEIGHTED, trunk("round-robin"))
    assert (found.method, found.routes, found.weights) == (
        "round-robin",
        ("pbx-east", "pbx-west"),
        (),
    )


def test_a_forward_that_is_off_is_a_line_less() -> None:
    gone, come = lines(FIRST, trunk(forwarding="off"))
    assert gone == ["    on failure forward to +13125550000 via northstar"]
    assert come == []


def test_a_forward_that_is_always_tries_no_route() -> None:
    gone, come = lines(FIRST, trunk(forwarding="always", forwards_to="+13125559999"))
    assert gone == ["    on failure forward to +13125550000 via northstar"]
    assert come == ["    always forward to +13125559999 via northstar"]


def test_a_new_forward_goes_below_the_comment_of_the_last_line() -> None:
    text = BARE.replace("    retry   standard\n}", "    retry   standard   # }\n}")
    _, come = lines(text, trunk(forwarding="on-failure", forwards_to="+13125550000"))
    assert come == ["    on failure forward to +13125550000 via northstar"]
    assert (
        "# }\n    on failure"
        in made(
            text, trunk(forwarding="on-failure", forwards_to="+13125550000")
        ).files.data.decode()
    )


def test_a_trunk_on_one_line_takes_a_forward_too() -> None:
    start, _, rest = BARE.partition("trunk acme {")
    body, _, after = rest.partition("}")
    body = "".join(line.split("#")[0].rstrip() + " " for line in body.splitlines())
    text = f"{start}trunk acme {{{body}}}{after}"
    found = acme(text, trunk(forwarding="always", forwards_to="+13125550000"))
    assert found.forward is not None
    assert found.forward.always


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    text = "\ufeff" + BARE.replace("\n", "\r\n")
    found = made(
        text, trunk(forwarding="on-failure", forwards_to="+13125550000")
    ).files.data.decode()
    assert found.startswith("\ufeffsipfo 1\r\n")
    assert "\n" not in found.replace("\r\n", "")


def test_a_forward_without_a_number_or_a_carrier_is_refused() -> None:
    with pytest.raises(CannotAmend, match="trunk acme forwards nowhere: say to which number"):
        made(BARE, trunk(forwarding="always"))
    alone = BARE.replace("carrier northstar { to sip:203.0.113.9 }", "")
    with pytest.raises(CannotAmend, match=r"no carrier that takes \+13125550000"):
        made(alone, trunk(forwarding="always", forwards_to="+13125550000"))


def test_a_carrier_that_does_not_take_the_number_is_left_out() -> None:
    text = BARE.replace("to sip:203.0.113.9 }", "to sip:203.0.113.9  prefixes +44 }")
    with pytest.raises(CannotAmend, match=r"no carrier that takes \+13125550000"):
        made(text, trunk(forwarding="always", forwards_to="+13125550000"))


def test_what_the_policy_has_come_to_contradict_stands_and_is_said() -> None:
    amended = made(WEIGHTED, trunk("round-robin"))
    assert b"routes round-robin" in amended.files.data
    (remark,) = amended.remarks
    assert remark == (
        "trunk acme: the policy has come to say `routes weighted`, and `round-robin` that was set"
        " over the API stands: set it to null there to go by the policy"
    )


def test_what_the_policy_has_come_to_say_itself_is_no_contradiction() -> None:
    text = FIRST.replace("routes  sequential", "routes  round-robin")
    assert made(text, trunk("round-robin")).remarks == ()


def test_a_trunk_that_is_gone_is_said() -> None:
    change = TrunkChange(trunk="gone", method="sequential", over=SAID)
    amended = made(FIRST, Changes(trunks=(change,)))
    assert amended.remarks == ("trunk gone is gone: what was changed of it waits",)
    assert amended.files.data.decode() == FIRST


def test_a_number_is_cut_out_of_its_range_and_tests_call_it_there() -> None:
    changes = Changes(numbers=(number("+13125550123", "always", "+13125559999"),))
    plan = plan_of(FIRST, changes)
    ours, own = plan.trunks
    assert [str(one) for one in ours.numbers] == [
        "kind='range' first='+13125550100' last='+13125550122'",
        "kind='range' first='+13125550124' last='+13125550199'",
    ]
    assert own.name == "acme-13125550123"
    assert own.forward is not None
    assert (own.forward.number, own.forward.always) == ("+13125559999", True)
    assert (own.accept, own.routes, own.retry) == (ours.accept, ours.routes, ours.retry)
    assert "call acme-13125550123 to +13125550123" in made(FIRST, changes).files.data.decode()


def test_numbers_at_both_ends_and_a_trunk_change_go_together() -> None:
    numbers = (number("+13125550199", "off"), number("+13125550100", "off"))
    changes = trunk("round-robin").model_copy(update={"numbers": numbers})
    plan = plan_of(FIRST, changes)
    assert [one.method for one in plan.trunks] == ["round-robin"] * 3
    assert str(plan.trunks[0].numbers) == str(
        (
            plan.trunks[0]
            .numbers[0]
            .model_copy(update={"first": "+13125550101", "last": "+13125550198"}),
        )
    )


@pytest.mark.parametrize("claim", ["any", "+131255501", "+13125550123, +44"])
def test_a_number_of_a_prefix_or_of_any_leaves_it_whole(claim: str) -> None:
    text = FIRST.replace("+13125550100 .. +13125550199", claim)
    plan = plan_of(text, Changes(numbers=(number("+13125550123", "off"),)))
    assert plan.trunks[1].forward is None
    assert plan.trunks[0].forward is not None


def test_a_number_that_has_a_trunk_to_itself_needs_no_other() -> None:
    text = FIRST.replace("+13125550100 .. +13125550199", "+13125550123")
    plan = plan_of(text, Changes(numbers=(number("+13125550123", "off"),)))
    assert [one.forward for one in plan.trunks] == [None]


def test_a_number_of_a_trunk_with_a_limit_is_refused() -> None:
    text = FIRST.replace(
        "    retry   standard\n    on", "    retry   standard\n    limit 5 calls\n    on"
    )
    with pytest.raises(CannotAmend, match="trunk acme has a limit"):
        made(text, Changes(numbers=(number("+13125550123", "off"),)))


def test_a_trunk_whose_every_number_is_changed_is_refused() -> None:
    text = FIRST.replace("+13125550100 .. +13125550199", "+13125550123 .. +13125550124")
    numbers = (number("+13125550123", "off"), number("+13125550124", "off"))
    with pytest.raises(CannotAmend, match="no number of trunk acme would be left"):
        made(text, Changes(numbers=numbers))


def test_a_trunk_in_an_imported_file_is_changed_there() -> None:
    start, _, rest = FIRST.partition("trunk acme")
    files = {"b.sipfo": f"sipfo 1\ntrunk acme{rest}".encode()}

    def load(importing: str, wanted: str) -> Loaded | Failure:
        return Loaded(wanted, wanted, files[wanted])

    text = start.replace("sipfo 1\n", 'sipfo 1\nimport "b.sipfo"\n')
    amended = made(text, trunk("round-robin"), load)
    assert amended.files.data.decode() == text
    assert list(amended.files.changed()) == ["b.sipfo"]
    plan = compile_source(amended.files.data, "a.sipfo", amended.files.load).plan
    assert plan is not None
    assert plan.trunks[0].method == "round-robin"
    assert amended.digest != made(FIRST, Changes()).digest


def test_a_test_that_a_change_makes_wrong_is_a_comment_and_said() -> None:
    changes = trunk(forwarding="off")
    amended, compiled = compile_amended(FIRST.encode(), "a.sipfo", nothing, "a.sipfo", changes)
    assert compiled.plan is not None
    assert compiled.scenarios == ()
    assert amended.remarks == ('test "both sites are down" does not fit what is changed: left out',)
    text = amended.files.data.decode()
    assert '# test "both sites are down" {\n#     call acme to +13125550123\n' in text
    assert text.endswith("# }\n")


def test_a_policy_that_is_wrong_itself_stays_wrong() -> None:
    text = FIRST.replace("expect answered by northstar", "expect answered by nobody")
    changes = Changes(trunks=(TrunkChange(trunk="other", method="sequential", over=SAID),))
    _, compiled = compile_amended(text.encode(), "a.sipfo", nothing, "a.sipfo", changes)
    assert compiled.plan is None
