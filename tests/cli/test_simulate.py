"""`sipfo simulate`: one call in the shape that the contract names, or what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import EXAMPLES, NUMBER, TELNYX, sipfo

CALL = ("--call", "acme", "--to", NUMBER)


def test_json_is_exactly_the_ladders() -> None:
    result = sipfo(
        *("simulate", TELNYX, *CALL, "--format", "json"),
        *("--when", "pbx-east answers 503", "--when", "pbx-west rings, answers 200 after 2s"),
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "attempts": [
            {
                "egress": "us.primary",
                "route": "pbx-east",
                "level": None,
                "target": "udp:198.51.100.10:5060",
                "outcome": "503",
                "at": 0.0,
                "took": 0.1,
            },
            {
                "egress": "us.primary",
                "route": "pbx-west",
                "level": None,
                "target": "tcp:198.51.100.20:5060",
                "outcome": "200",
                "at": 0.1,
                "took": 2.1,
            },
        ],
        "result": {"kind": "answered", "code": 200, "by": "pbx-west"},
        "elapsed": 2.2,
    }


def test_text_is_a_ladder() -> None:
    result = sipfo("simulate", TELNYX, *CALL, "--when", "caller cancels after 50ms")
    assert result.exit_code == 0
    assert "cancelled by the caller after 50 ms" in result.stdout


def test_a_refused_call_is_no_failure_of_the_command() -> None:
    result = sipfo("simulate", TELNYX, *CALL, "--when", "pbx-east answers 486")
    assert result.exit_code == 0
    assert "refused 486 by pbx-east" in result.stdout


def test_calls_before_turn_the_round_robin() -> None:
    policy = str(EXAMPLES / "round-robin.sipfo")
    arguments = ("simulate", policy, "--call", "outbound", "--to", "+4969", "--format", "json")
    first = [
        json.loads(sipfo(*arguments, "--calls-before", str(n)).stdout)["attempts"][0]["route"]
        for n in range(4)
    ]
    assert first == ["sbc-1", "sbc-2", "sbc-3", "sbc-1"]


def test_a_plan_serves_as_well_as_its_policy(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    sipfo("compile", TELNYX, "-o", str(path))
    assert sipfo("simulate", str(path), *CALL).stdout == sipfo("simulate", TELNYX, *CALL).stdout


def test_a_number_may_be_written_as_people_write_it() -> None:
    result = sipfo("simulate", TELNYX, "--call", "acme", "--to", "1 (312) 555-0123")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--call", "amce", "--to", NUMBER), "did you mean acme?"),
        (("--call", "nobody", "--to", NUMBER), "there is acme"),
        (("--call", "acme", "--to", "+4412345"), "+13125550100 .. +13125550199"),
        ((*CALL, "--when", "pbx-eats answers 503"), "did you mean `pbx-east`?"),
        ((*CALL, "--when", "pbx-east anwers 503"), "did you mean `answers`?"),
        ((*CALL, "--when", "pbx-east from us.third answers 503"), "us.primary"),
        ((*CALL, "--when", "pbx-east answers 503, rings"), "^"),
        (
            (*CALL, "--when", "caller cancels after 1s", "--when", "caller cancels after 2s"),
            "the caller cancels once",
        ),
        ((*CALL, "--calls-before", "-1"), "--calls-before"),
        (("--to", NUMBER), "--call"),
    ],
)
def test_what_cannot_be_called_is_said_and_exits_2(arguments: tuple[str, ...], said: str) -> None:
    result = sipfo("simulate", TELNYX, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("text", ["{", "{}", '{"version": 2}', '{"version": 1}'])
def test_what_is_no_plan_is_one_line_and_exits_2(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    result = sipfo("simulate", str(path), *CALL)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"sipfo: {path} is no plan: ")
    assert result.stderr.count("\n") == 1


def test_a_behaviour_that_the_call_never_meets_or_meets_twice_is_2() -> None:
    call = ("simulate", str(TELNYX), "--call", "acme", "--to", NUMBER)
    twice = sipfo(*call, "--when", "pbx-east silent", "--when", "pbx-east answers 503")
    assert twice.exit_code == 2 and "pbx-east does one thing" in twice.output
    as_in_a_block = sipfo(*call, "--when", "when pbx-east answers 486")
    assert as_in_a_block.exit_code == 0 and "refused 486" in as_in_a_block.output


REGISTERED = """sipfo 1
listen udp 192.0.2.10:5060
registrar office {
    domain   sip.acme.example
    user     alice password secret ALICE_PW
    instance kss-a 192.0.2.20
    instance kss-b 192.0.2.21
}
retry r { failover on 503  otherwise stop }
route desk { to registered alice at office }
trunk t { numbers any  accept anyone  routes sequential desk  retry r }
"""


def test_a_registration_is_where_when_says(tmp_path: Path) -> None:
    policy = tmp_path / "policy.sipfo"
    policy.write_text(REGISTERED, encoding="utf-8")
    call = ("simulate", str(policy), "--call", "t", "--to", NUMBER)
    held = ("--when", "desk registered at kss-b")
    result = sipfo(*call, *held, "--when", "desk.kss-b answers 503")
    assert result.exit_code == 0
    assert result.stdout.index("desk.kss-b") < result.stdout.index("desk.kss-a")
    twice = sipfo(*call, *held, "--when", "desk registered at kss-a")
    assert (twice.exit_code, twice.stdout) == (2, "")
    assert "a user is registered once" in twice.stderr
