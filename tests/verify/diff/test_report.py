"""The same difference as text, as Markdown and as JSON."""

from __future__ import annotations

from sipfo.plan.model import NumberPrefix, OnCode, Plan, Rule, Shaping
from sipfo.verify.diff.as_json import difference_json
from sipfo.verify.diff.compare import compare
from sipfo.verify.diff.difference import Difference
from sipfo.verify.diff.markdown import markdown
from sipfo.verify.diff.text import draw_difference
from sipfo.verify.style import ASCII, Style
from verify.seed import RETRY, plan

WIDE = """\
trunk acme, calls such as to +13125550000
  486: failover, stop before
       before                                 after
    1  us.primary to pbx-east 486             us.primary to pbx-east 486
  ≠ 2  —                                      us.primary to pbx-west 200
  ≠    refused 486 by pbx-east after 100 ms   answered 200 by pbx-west after 200 ms"""
NARROW = """\
     1  us.primary to pbx-east 486
  != 2  before  -
        after   us.primary to pbx-west 200
  !=    before  refused 486 by pbx-east after 100 ms
        after   answered 200 by pbx-west after 200 ms"""
TABLE = """\
| | before | after |
|---|---|---|
| 1 | us.primary to pbx-east 486 | us.primary to pbx-east 486 |
| **≠** 2 | — | us.primary to pbx-west 200 |
| **≠**  | refused 486 by pbx-east after 100 ms | answered 200 by pbx-west after 200 ms |"""


def busy_fails_over() -> Difference:
    rules = (
        *(rule for rule in RETRY.rules if rule.match != OnCode(code=486)),
        Rule(match=OnCode(code=486), verdict="failover"),
    )
    return compare(plan(), plan(retry=RETRY.model_copy(update={"rules": rules})))


def test_text_is_two_ladders_with_marks() -> None:
    assert draw_difference(busy_fails_over()) == WIDE


def test_a_narrow_terminal_stacks_what_differs() -> None:
    assert NARROW in draw_difference(busy_fails_over(), Style(width=70, signs=ASCII))


def test_an_address_that_changes_is_shown_and_no_test_is_made_of_it() -> None:
    old = plan()
    egress = tuple(
        one.model_copy(update={"host": "192.0.2.77"}) if one.name == "us.secondary" else one
        for one in old.egress
    )
    text = draw_difference(compare(old, old.model_copy(update={"egress": egress})), show_tests=True)
    assert "us.secondary to pbx-east 200 from 64.16.250.10:5060" in text
    assert "us.secondary to pbx-east 200 from 192.0.2.77:5060" in text
    assert "# no test block tells these apart" in text


def test_tests_are_shown_when_asked_for() -> None:
    text = draw_difference(busy_fails_over(), show_tests=True)
    assert "when pbx-east from us.primary answers 486" in text
    assert "expect refused 486 by pbx-east within 100ms" in text


def test_markdown_is_a_heading_and_a_table() -> None:
    text = markdown(busy_fails_over())
    assert text.startswith("## trunk acme, calls such as to +13125550000\n\n**486: failover")
    assert TABLE in text
    assert "```sipfo\ntest " in text


def test_markdown_escapes_what_a_policy_says() -> None:
    base = plan()
    route = base.routes[0].model_copy(update={"name": "pbx_east_"})
    trunk = base.trunks[0].model_copy(update={"routes": ("pbx_east_",)})
    renamed = base.model_copy(update={"routes": (route,), "trunks": (trunk,)})
    assert "pbx\\_east\\_" in markdown(compare(renamed, base))


def test_json_has_both_ladders_and_a_test() -> None:
    found = difference_json(busy_fails_over())
    assert found["same"] is False
    (change,) = found["trunks"][0]["calls"]
    assert change["kind"] == "verdict"
    assert change["before"] is not None and change["after"] is not None
    assert len(change["before"]["ladder"]["attempts"]) == 1
    assert len(change["after"]["ladder"]["attempts"]) == 2
    assert change["test"].startswith("test ")


def test_nothing_is_said_to_change_when_nothing_does() -> None:
    same = compare(plan(), plan())
    assert draw_difference(same) == "no call changes"
    assert markdown(same) == "No call changes."
    assert difference_json(same)["same"] is True


def test_trunks_that_change_alike_are_told_once() -> None:
    def many(policy: Plan) -> Plan:
        trunks = tuple(
            policy.trunks[0].model_copy(
                update={"name": f"t{place}", "numbers": (NumberPrefix(prefix=f"+{place}"),)}
            )
            for place in range(10, 22)
        )
        return policy.model_copy(update={"trunks": trunks})

    new = plan(retry=RETRY.model_copy(update={"no_response": 3.0}))
    text = draw_difference(compare(many(plan()), many(new)))
    assert text.count("no-response: 3.00 s, 2.00 s before") == 1
    last = text.split("\n")[-1]
    assert last == "  the same in trunks t11, t12, t13, t14, t15, t16, t17, t18 and 3 more"


def test_numbers_of_nobody_are_said() -> None:
    base = plan()
    more = (*base.trunks[0].numbers, NumberPrefix(prefix="+44"))
    wider = base.model_copy(
        update={"trunks": (base.trunks[0].model_copy(update={"numbers": more}),)}
    )
    text = draw_difference(compare(base, wider))
    assert text == "+44000000000 .. +44999999999: nobody's before, trunk acme after"


def forwarding(shaping: Shaping | None) -> Plan:
    base = plan(("pbx",), carriers=("north",))
    carrier = base.carriers[0].model_copy(update={"shaping": shaping})
    return base.model_copy(update={"carriers": (carrier,)})


def test_an_attempt_of_the_same_words_says_what_differs() -> None:
    text = draw_difference(compare(forwarding(None), forwarding(Shaping(strip=1))))
    assert "us.primary to north 200 asking for +13125550000" in text
    assert "us.primary to north 200 asking for 13125550000" in text
