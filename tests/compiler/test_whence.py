"""From a plan's names and rules back to the words of the policy, in whichever file they stand."""

from __future__ import annotations

import pytest

from compiler.policies import CORRECT
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.whence import Whence
from sipfo.grammar.source import Span
from sipfo.plan.model import OnCode

LIBRARY = """\
sipfo 1
import telnyx
listen udp 192.0.2.10:5060
route desk { to registered alice at office }
route pair { to region us }
registrar office {
    domain sip.acme.example
    user alice password secret ALICE_PW
    instance kss-a 192.0.2.20
}
trunk acme {
    numbers any, +1312, +13125550100 .. +13125550199, +13125550100 .. +13125550150
    accept from 203.0.113.0/24
    from us
    routes sequential desk, pair
    retry telnyx.standard
}
"""


def whence(text: str) -> tuple[Compilation, Whence]:
    made = compile_source(text, "policy.sipfo")
    assert made.policy is not None, made.diagnostics
    return made, Whence(made.policy)


def shown(made: Compilation, span: Span | None) -> str | None:
    return None if span is None else made.source.excerpt(span)


@pytest.mark.parametrize(
    ("number", "claim"),
    [
        ("+13125550199", "+13125550100 .. +13125550199"),
        ("+131255502", "+1312"),
        ("+442071838750", "any"),
        ("reception", "any"),
    ],
)
def test_the_narrowest_claim_of_a_number_is_found(number: str, claim: str) -> None:
    made, found = whence(LIBRARY.replace(", +13125550100 .. +13125550150", ""))
    assert shown(made, found.claim("acme", number)) == claim


def test_what_a_library_says_is_shown_in_the_library() -> None:
    made, found = whence(LIBRARY)
    assert made.plan is not None
    (retry,) = made.plan.retries
    rule = next(one for one in retry.rules if one.match == OnCode(code=503))
    span = found.rule(retry.name, rule)
    assert shown(made, span) == "503"
    assert span is not None
    assert "telnyx" in made.source.of(span.start).path
    assert shown(made, found.retry("acme")) == "telnyx.standard"
    assert "telnyx" in made.source.of((found.address("us.primary") or Span(0, 0)).start).path


def test_each_kind_of_destination_has_its_place() -> None:
    made, found = whence(LIBRARY)
    assert shown(made, found.destination("desk")) == "alice"
    assert shown(made, found.destination("pair")) == "us"
    made, found = whence(CORRECT)
    assert made.plan is not None
    names = [*(one.name for one in made.plan.routes), *(one.name for one in made.plan.carriers)]
    for name in names:
        text = shown(made, found.destination(name))
        assert text is not None and text.startswith("sip:")


def test_every_rule_timer_and_deadline_of_a_plan_leads_back_to_its_words() -> None:
    made, found = whence(CORRECT)
    assert made.plan is not None
    for retry in made.plan.retries:
        for rule in retry.rules:
            assert shown(made, found.rule(retry.name, rule))
        assert (shown(made, found.rule(retry.name, None)) or "").startswith("otherwise")
        assert len(found.commits(retry.name)) == len(retry.commit)
    for trunk in made.plan.trunks:
        assert shown(made, found.trunk(trunk.name)) == trunk.name
        assert (found.deadline(trunk.name) is None) == (trunk.deadline is None)
        assert (found.forward(trunk.name) is None) == (trunk.forward is None)
        for route in trunk.routes:
            assert shown(made, found.listed(trunk.name, route)) == route


def test_what_the_policy_does_not_say_has_no_place() -> None:
    _, found = whence(LIBRARY)
    assert found.timer("telnyx.standard", "no-response") is None
    assert found.deadline("acme") is None
    assert found.forward("acme") is None
    assert found.egress("acme", "listen") is None
    assert found.shaping("desk") is None


def test_what_is_not_in_the_policy_has_no_place_either() -> None:
    _, found = whence(LIBRARY)
    assert found.trunk("none") is None
    assert found.claim("none", "+1") is None
    assert found.egress("none", "us.primary") is None
    assert found.address("none.primary") is None
    assert found.listed("none", "desk") is None
    assert found.destination("none") is None
    assert found.retry("none") is None
    assert found.rule("none", None) is None
    assert found.commits("none") == ()
