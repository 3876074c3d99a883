"""What Telnyx's API can say of a policy: each thing that it cannot is found where it stands, and
what it can is the requests that were read in its schema."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given

from compiler.targets.telnyx.sayable import sayable
from plan.strategies import plans
from sipfo.cli.targets import asked_for
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.source import OfPolicy
from sipfo.compiler.targets.telnyx.capabilities import CAPABILITIES, Saying, remarks
from sipfo.compiler.targets.telnyx.emit import NAME, render, requests
from sipfo.plan.model import Plan

POLICY = """\
sipfo 1
import telnyx
listen udp 192.0.2.10:5060
registrar office {
    domain sip.acme.example
    user alice password secret ALICE_PW
    instance a 192.0.2.20
}
retry mine {
    failover on 408, 480, 503, 504, transport-error
    stop     on 404, 486, 603
    commit   on 180
    otherwise stop
    no-response 5s
    no-progress 5s
}
route east { to sip:198.51.100.10 }
route west { to sip:198.51.100.20:5080 }
route north { to sip:198.51.100.30 }
carrier telnyx { to sip:sip.telnyx.com }
trunk acme {
    numbers +13125550100 .. +13125550101, +442079460000
    accept  anyone
    from    us
    routes  sequential east, west, north
    retry   mine
}
"""
EDGE = """\
cluster edge {
    member a 10.0.0.1:5066
    member b 10.0.0.2:5066 has 192.0.2.11 for listen, 192.0.2.21 for us.primary,
        192.0.2.22 for us.secondary
}
"""
ALWAYS = {Saying.UNLISTED, Saying.ONE_TIMER}
"""What is said of the policy as it stands: warnings."""

CASES: dict[Saying, tuple[tuple[str, str], ...]] = {
    Saying.TO_REGISTERED: (("to sip:198.51.100.10 }", "to registered alice at office }"),),
    Saying.TO_REGION: (("to sip:198.51.100.10 }", "to region eu }"),),
    Saying.TO_USER: (("sip:198.51.100.10 }", "sip:alice@198.51.100.10 }"),),
    Saying.TO_IPV6: (("sip:198.51.100.10 }", "sip:[2001:db8::1] }"),),
    Saying.TO_NAME: (("east, west, north", "east"), ("sip:198.51.100.10 }", "sip:pbx.example }")),
    Saying.ROUTE_AUTH: (("198.51.100.10 }", '198.51.100.10 auth "a" password secret PW }'),),
    Saying.ROUTE_PROBE: (("198.51.100.10 }", "198.51.100.10 probe every 30s }"),),
    Saying.TRUSTED: (("198.51.100.10 }", "198.51.100.10 trusted }"),),
    Saying.CODES: (("504, transport", "504, 404, transport"), ("stop     on 404,", "stop on")),
    Saying.UNLISTED_FAIL_OVER: (("504, transport", "504, 500, transport"),),
    Saying.UNLISTED: (),
    Saying.TAG_OR_CAUSE: (("504, transport", '504, 486 tagged "D5", transport'),),
    Saying.NO_TIMER: (("    no-response 5s\n    no-progress 5s\n", ""),),
    Saying.ONE_TIMER: (),
    Saying.TIMERS: (("no-response 5s", "no-response 4s"),),
    Saying.NO_ANSWER: (("no-progress 5s", "no-progress 5s\n    no-answer 601s"),),
    Saying.NUMBERS: (("+442079460000", "+4420794"),),
    Saying.MANY_NUMBERS: (("+13125550100 .. +13125550101", "+13125550000 .. +13125560000"),),
    Saying.ACCEPT_FROM: (("accept  anyone", "accept from 203.0.113.0/24"),),
    Saying.ACCEPT_CREDENTIAL: (("accept  anyone", 'accept credential "a" password secret PW'),),
    Saying.FROM: (("from    us", "from ca"),),
    Saying.MIXED: (("sip:198.51.100.10 }", "sip:pbx.example:5060 }"),),
    Saying.TRANSPORTS: (("sip:198.51.100.10 }", "sip:198.51.100.10;transport=tcp }"),),
    Saying.WEIGHTED: (("sequential east, west, north", "weighted east 1, west 1, north 2"),),
    Saying.FOURTH: (
        ("carrier", "route south { to sip:198.51.100.40 }\ncarrier"),
        ("north\n", "north, south\n"),
    ),
    Saying.FOURTH_IN_TURN: (
        ("carrier", "route south { to sip:198.51.100.40 }\ncarrier"),
        ("north\n", "north, south\n"),
        ("sequential", "round-robin"),
    ),
    Saying.ROUTE_MAJOR: (("retry   mine", "retry mine\n    order route-major"),),
    Saying.DEADLINE: (("retry   mine", "retry mine\n    deadline 60s"),),
    Saying.PER_SECOND: (("retry   mine", "retry mine\n    limit 10 calls, 5 per second"),),
    Saying.DIALLED: (("retry   mine", "retry mine\n    on failure forward to dialled via telnyx"),),
    Saying.AT_MOST: (
        ("telnyx.com }", "telnyx.com  cost 0.001 }"),
        (
            "retry   mine",
            "retry mine\n    on failure forward to +13125559999 via telnyx at most 0.01",
        ),
    ),
    Saying.CLUSTER: (
        (
            "trunk acme",
            f"{EDGE}trunk acme",
        ),
    ),
    Saying.FORWARD: (
        ("retry   mine", "retry mine\n    on failure forward to +13125559999 via telnyx"),
    ),
}
EXTRA = {
    Saying.MIXED: {Saying.TO_NAME},
    Saying.TO_REGION: set(),
    Saying.NO_TIMER: set(),
    Saying.DIALLED: {Saying.FORWARD},
    Saying.AT_MOST: {Saying.FORWARD},
}
"""What a case says besides."""


def compiled(*changes: tuple[str, str]) -> Compilation:
    text = POLICY
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return compile_source(text, "policy.sipfo")


def plan_of(*changes: tuple[str, str]) -> Plan:
    made = compiled(*changes)
    assert made.plan is not None, [one.message for one in made.diagnostics]
    return made.plan


def test_every_saying_has_its_support_and_its_case() -> None:
    assert set(CAPABILITIES) == set(CASES) == set(Saying)


@pytest.mark.parametrize("saying", Saying, ids=lambda one: one.name)
def test_a_saying_is_found_and_nothing_else(saying: Saying) -> None:
    found = {one.what for one in remarks(plan_of(*CASES[saying]))}
    unsaid = {Saying.NO_TIMER: Saying.ONE_TIMER, Saying.TIMERS: Saying.ONE_TIMER}
    unsaid |= dict.fromkeys((Saying.CODES, Saying.UNLISTED_FAIL_OVER), Saying.UNLISTED)
    wanted = (ALWAYS - {unsaid.get(saying)}) | {saying} | EXTRA.get(saying, set())
    assert found == {one.value for one in wanted}


@pytest.mark.parametrize("saying", Saying, ids=lambda one: one.name)
def test_check_shows_it_where_it_stands(saying: Saying) -> None:
    text = POLICY
    for old, new in CASES[saying]:
        text = text.replace(old, new, 1)
    made = compile_source(text, "policy.sipfo", targets=asked_for(["telnyx"]))
    support = CAPABILITIES[saying]
    [one] = [one for one in made.diagnostics if f"`{saying.value}`" in one.message]
    assert (one.code, one.hint) == ("SF801", support.how)
    assert one.severity == ("error" if support.level == "refused" else "warning")
    assert (made.plan is None) >= (support.level == "refused")


@given(plans())
def test_any_plan_is_looked_at(plan: Plan) -> None:
    try:
        found = list(remarks(plan))
    except CannotSay:
        return  # a URI that no policy can have
    names = {one.name for kind in (plan.routes, plan.retries, plan.trunks) for one in kind}
    assert {one.name for one in found} <= names


def test_the_requests_of_a_policy() -> None:
    made = compiled(
        ("retry   mine", "retry mine\n    on failure forward to +13125559999 via telnyx")
    )
    assert made.plan is not None
    document = json.loads(render(made.plan, OfPolicy(made))[NAME].text)
    first, *_ = document["requests"]
    assert document["written"] == "Written by sipfo from policy.sipfo."
    assert first == {
        "name": "acme",
        "method": "POST",
        "path": "/v2/ip_connections",
        "take": "data.id",
        "body": {
            "connection_name": "acme",
            "transport_protocol": "UDP",
            "inbound": {
                "default_routing_method": "sequential",
                "sip_region": "US",
                "timeout_2xx_secs": 180,
                "timeout_1xx_secs": 5,
            },
        },
        "source": "policy.sipfo:21",
    }
    preferred = document["requests"][4]
    assert preferred == {
        "method": "PATCH",
        "path": "/v2/ip_connections/${acme}",
        "body": {
            "inbound": {
                "default_primary_ip_id": "${acme/east}",
                "default_secondary_ip_id": "${acme/west}",
                "default_tertiary_ip_id": "${acme/north}",
            }
        },
    }
    forwarding = document["requests"][7]["body"]["call_forwarding"]
    assert forwarding == {
        "call_forwarding_enabled": True,
        "forwards_to": "+13125559999",
        "forwarding_type": "on-failure",
    }
    assert len(document["requests"]) == 5 + 3 * 3


def test_names_are_a_connection_of_names() -> None:
    changes = (("east, west, north", "east"), ("sip:198.51.100.10 }", "sip:pbx.example:5070 }"))
    connection, route, preferred, *_ = requests(plan_of(*changes))
    assert connection["path"] == "/v2/fqdn_connections"
    assert route["body"] == {
        "connection_id": "${acme}",
        "fqdn": "pbx.example",
        "dns_record_type": "a",
        "port": 5070,
    }
    assert preferred["body"] == {"inbound": {"default_primary_fqdn_id": "${acme/east}"}}


@given(sayable())
def test_an_id_is_taken_before_it_is_needed(plan: Plan) -> None:
    known: set[str] = set()
    for request in requests(plan):
        needed = re.findall(r"\$\{([^}]*)\}", json.dumps(request))
        assert set(needed) <= known
        if "name" in request:
            assert request["take"]
            known.add(request["name"])
