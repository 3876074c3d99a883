from __future__ import annotations

import pytest

from compiler.policies import plan_of
from sipfo.compiler.pipeline import compile_source
from sipfo.compiler.when import compile_when
from sipfo.plan.scenario import Behaviour, Holder, Reply

PLAN = plan_of()

REGISTERED = compile_source(
    """sipfo 1
listen udp 192.0.2.10:5060
registrar office {
    domain   sip.acme.example
    user     alice password secret ALICE_PW
    instance kss-a 192.0.2.20
    instance kss-b 192.0.2.21
}
retry r { failover on 503  otherwise stop }
route desk { to registered alice at office }
route away { to sip:198.51.100.1 }
trunk t { numbers any  accept anyone  routes sequential desk, away  retry r }
""",
    "policy.sipfo",
).plan


def test_a_behaviour_is_read_as_in_a_test_block() -> None:
    made = compile_when("pbx-west from us.primary rings, answers 200 after 2s", PLAN)
    assert made.diagnostics == ()
    assert made.behaviour == Behaviour(
        route="pbx-west",
        egress="us.primary",
        reach="replies",
        replies=(Reply(status=180, after=0.1), Reply(status=200, after=2.0)),
    )


def test_a_carrier_can_be_meant() -> None:
    assert compile_when("northstar refuses", PLAN).behaviour == Behaviour(
        route="northstar", reach="refuses"
    )


def test_the_caller_can_cancel() -> None:
    made = compile_when("caller cancels after 500ms", PLAN)
    assert (made.cancel_after, made.behaviour, made.diagnostics) == (0.5, None, ())


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "SF002", "expected a name or `caller`, found the end of the statement"),
        ("pbx-east", "SF002", "found the end of the statement"),
        ("pbx-esat silent", "SF201", "no route or carrier is called `pbx-esat`"),
        ("pbx-east from eu.primary silent", "SF201", "`eu.primary`"),
        ("pbx-east answers 180", "SF113", "a provisional response answers nothing: `180`"),
        ("pbx-east answers 503, rings", "SF604", "nothing follows a final answer: 503"),
        ("pbx-east silent, rings", "SF604", "`silent` stands alone"),
        ("pbx-east answers 503 }", "SF002", "found `}`"),
        ("caller cancels after 3", "SF105", "not a duration: `3`"),
        ("caller cancels", "SF002", "expected `after`"),
        ("pbx-east\x00silent", "SF007", "U+0000"),
        ('pbx-east "', "SF006", "does not end"),
    ],
)
def test_what_is_wrong_is_told(text: str, code: str, message: str) -> None:
    made = compile_when(text, PLAN)
    assert (made.behaviour, made.cancel_after) == (None, None)
    assert [one.code for one in made.diagnostics] == [code]
    assert message in made.diagnostics[0].message


def test_where_a_user_is_registered_is_read_as_in_a_test_block() -> None:
    assert REGISTERED is not None
    made = compile_when("desk registered at kss-b", REGISTERED)
    assert made.holder == Holder(route="desk", instance="kss-b")
    assert (made.behaviour, made.cancel_after, made.diagnostics) == (None, None, ())


def test_an_instance_of_a_route_can_be_meant() -> None:
    assert REGISTERED is not None
    made = compile_when("desk.kss-b silent", REGISTERED)
    assert made.behaviour == Behaviour(route="desk.kss-b", reach="silent")


@pytest.mark.parametrize(
    ("text", "code", "message", "hint"),
    [
        ("desk registered at kss-c", "SF201", "no instance is called `kss-c`", "`kss-a`"),
        ("dsek registered at kss-a", "SF201", "no route is called `dsek`", "`desk`"),
        ("away registered at kss-a", "SF606", "nobody registers for `away`", "to registered"),
        ("away unregistered", "SF606", "nobody registers for `away`", "to registered"),
        ("desk.kss-a unregistered", "SF606", "not of one instance", "`when desk unregistered`"),
        ("desk.kss-c silent", "SF201", "called `desk.kss-c`", "`desk.kss-a`"),
    ],
)
def test_what_is_wrong_with_a_registration_is_told(
    text: str, code: str, message: str, hint: str
) -> None:
    assert REGISTERED is not None
    made = compile_when(text, REGISTERED)
    (found,) = made.diagnostics
    assert (found.code, made.behaviour, made.holder) == (code, None, None)
    assert message in found.message
    assert hint in (found.hint or "")
