"""The control API of a running sipfo, as its clients see it."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from telnyx import Telnyx

from cli.phones import Phone
from cli.serving import POLICY, SEED, Served
from sipfo.cli import api
from sipfo.cli.journal import Journal
from sipfo.cli.main import cli
from sipfo.cli.reading import Unusable
from sipfo.compiler.pipeline import compile_source
from sipfo.plan.codec import write_plan
from sipp.addresses import Block

ACME = "/v2/ip_connections/acme"


def served(folder: Path, text: str = POLICY) -> Iterator[Served]:
    block = Block()
    made = Served(folder, block)
    made.policy.write_text(text, encoding="utf-8")
    try:
        made.serve()
        yield made
    finally:
        for process in made.started:
            process.signal(signal.SIGKILL)
            process.kill()
        block.release()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    yield from served(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from served(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def changing(shared: Served) -> Served:
    """A server of which nothing is changed yet, whatever other tests did with it."""
    nothing = {"default_routing_method": None, "call_forwarding": None}
    for name in ("acme", "plain"):
        shared.patch(nothing, f"/v2/ip_connections/{name}")
    for number in ("+13125550123", "+13125550150"):
        shared.patch({"call_forwarding": None}, f"/v2/phone_numbers/{number}/voice")
    return shared


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that nobody changes."""
    yield from served(tmp_path_factory.mktemp("api"))


def test_the_token_is_in_a_file_that_only_its_owner_reads(lasting: Served) -> None:
    path = lasting.folder / "policy.sipfo.token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert lasting.process is not None
    assert b"its token is in policy.sipfo.token" in lasting.process.stdout


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Basic abc", "Bearer \xe9"])
def test_nobody_without_the_token_learns_anything(lasting: Served, given: str) -> None:
    for path in (ACME, "/nowhere", "/sipfo/v1/events"):
        error = lasting.refused(401, "GET", path, authorization=given)
        assert error["code"] == "10009"
        assert error["title"] == "Authentication failed"


def test_the_seed_s_json_is_taken_literally_and_changes_nothing_that_is_so(lasting: Served) -> None:
    found = lasting.patch(SEED)
    assert found["default_routing_method"] == "sequential"
    assert found["call_forwarding"] == {
        "call_forwarding_enabled": True,
        "forwards_to": "+13125550000",
        "forwarding_type": "on_failure",
    }
    assert found["sipfo"]["changed"] == []
    assert lasting.audit == []


def test_what_was_read_can_be_sent_back(lasting: Served) -> None:
    status, found, headers = lasting.ask_api("GET", ACME)
    assert status == 200
    assert lasting.patch(found["data"], if_match=headers["etag"]) == found["data"]


def test_every_trunk_is_an_ip_connection_and_pages_are_pages(lasting: Served) -> None:
    _, found, _ = lasting.ask_api("GET", "/v2/ip_connections")
    assert [one["id"] for one in found["data"]] == ["acme", "plain"]
    plain = found["data"][1]
    assert plain["default_routing_method"] is None
    assert plain["sipfo"]["method"] == "weighted"
    assert plain["inbound"]["channel_limit"] == 100
    _, found, _ = lasting.ask_api("GET", "/v2/ip_connections?page[size]=1&page[number]=2")
    assert [one["id"] for one in found["data"]] == ["plain"]
    assert found["meta"] == {
        "page_number": 2,
        "page_size": 1,
        "total_pages": 2,
        "total_results": 2,
    }
    for kind in ("fqdn", "credential"):
        _, found, _ = lasting.ask_api("GET", f"/v2/{kind}_connections")
        assert found["data"] == []
        error = lasting.refused(404, "GET", f"/v2/{kind}_connections/acme")
        assert error["code"] == "10005"


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        ({"default_routing_method": "random"}, "/default_routing_method", "'sequential'"),
        (
            {"call_forwarding": {"forwarding_type": 5}},
            "/call_forwarding/forwarding_type",
            "'always'",
        ),
        ({"call_forwarding": {"forwards_to": "911"}}, "/call_forwarding/forwards_to", "pattern"),
        (
            {"call_forwarding": {"call_forwarding_enabled": "yes"}},
            "/call_forwarding/call_forwarding_enabled",
            "boolean",
        ),
        ({"connection_name": "other"}, "/connection_name", "cannot be changed over this API"),
        ({"nonsense": 1}, "/nonsense", "cannot be changed over this API"),
        ({"inbound": {"timeout_1xx_secs": 7}}, "/inbound/timeout_1xx_secs", "cannot be changed"),
        ([], "", "object"),
        (
            {"default_routing_method": "sequential", "inbound": {"default_routing_method": None}},
            "/default_routing_method",
            "another",
        ),
    ],
    ids=str,
)
def test_a_wrong_value_is_pointed_at(
    lasting: Served, body: object, pointer: str, said: str
) -> None:
    error = lasting.refused(422, "PATCH", ACME, body)
    assert error["source"]["pointer"] == pointer
    assert said in error["detail"]


def test_a_forward_to_nowhere_is_a_missing_value(lasting: Served) -> None:
    error = lasting.refused(422, "PATCH", "/v2/ip_connections/plain", SEED)
    assert error["source"]["pointer"] == "/call_forwarding/forwards_to"
    assert "say which" in error["detail"]


def test_the_compiler_refuses_what_it_would_refuse_in_a_file(lasting: Served) -> None:
    body = {"call_forwarding": {"forwards_to": "+13125550101"}}
    error = lasting.refused(422, "PATCH", ACME, body)
    assert error["code"].startswith("SF")
    assert error["meta"] == {"file": "policy.sipfo", "line": 16, "column": 27}
    assert (
        lasting.ask_api("GET", ACME)[1]["data"]["call_forwarding"]["forwards_to"] == "+13125550000"
    )


def test_what_is_no_request_is_told_in_the_same_shape(lasting: Served) -> None:
    assert lasting.refused(400, "PATCH", ACME, b"{")["title"] == "Not JSON"
    assert lasting.refused(400, "PATCH", ACME, b"[" * 5000)
    assert lasting.refused(400, "PATCH", ACME, b"\xff")
    assert lasting.refused(400, "PATCH", ACME, b"NaN")
    assert lasting.refused(413, "PATCH", ACME, b" " * 70_000)
    assert lasting.refused(415, "PATCH", ACME, b"<a/>", content_type="text/xml")
    assert lasting.refused(404, "GET", "/v2/ip_connections/nobody")
    assert lasting.refused(404, "GET", "/v2/phone_numbers/+4930/voice")
    assert lasting.refused(404, "GET", "/v3")
    assert lasting.refused(422, "GET", "/v2/ip_connections?page[size]=0")
    assert lasting.refused(412, "PATCH", ACME, {}, if_match='"other"')
    status, _, headers = lasting.ask_api("DELETE", ACME)
    assert (status, headers["allow"]) == (405, "GET, HEAD, PATCH")


def test_a_change_is_in_force_kept_audited_and_written_back(server: Served) -> None:
    change = {
        "default_routing_method": "round-robin",
        "call_forwarding": {"forwarding_type": "off"},
    }
    server.patch(change)
    (trunk, _) = server.ask("sipfo.trunks")
    assert trunk["method"] == "round-robin"
    (line,) = server.audit
    assert line["who"] == "operator from 127.0.0.1"
    assert line["resource"] == "ip_connections/acme"
    assert line["before"]["default_routing_method"] == "sequential"
    assert line["after"]["call_forwarding.forwarding_type"] == "off"
    assert server.policy.read_text(encoding="utf-8") == POLICY

    assert server.process is not None
    server.process.signal(signal.SIGKILL)  # as hard as it gets
    server.process.kill()
    server.serve()
    _, found, _ = server.ask_api("GET", ACME)
    assert found["data"]["default_routing_method"] == "round-robin"
    assert found["data"]["sipfo"]["carriers"] == []

    wanted = POLICY.replace("routes  sequential", "routes  round-robin").replace(
        "    on failure forward to +13125550000 via northstar\n", ""
    )
    _, text, headers = server.ask_api("GET", "/sipfo/v1/policy")
    assert (text, headers["content-type"]) == (wanted, "text/plain; charset=utf-8")
    done = CliRunner().invoke(cli, ["export", str(server.policy)])
    assert done.stdout == wanted
    done = CliRunner().invoke(cli, ["export", str(server.policy), "--write"])
    assert server.policy.read_text(encoding="utf-8") == wanted
    assert server.refused(409, "PATCH", ACME, {"default_routing_method": "sequential"})
    assert server.tell("reload").exit_code == 0
    _, found, _ = server.ask_api("GET", ACME)
    assert found["data"]["sipfo"]["changed"] == []  # the policy says it itself now
    assert json.loads((server.folder / "policy.sipfo.changes").read_text())["trunks"] == []


def test_an_edit_of_the_file_meanwhile_is_said_and_nothing_is_lost(server: Served) -> None:
    server.patch({"default_routing_method": "round-robin"})
    server.rewrite("no-response 2s", "no-response 3s")
    error = server.refused(409, "PATCH", ACME, {"call_forwarding": {"forwarding_type": "off"}})
    assert "has changed since it was read" in error["detail"]
    assert server.ask_api("GET", ACME)[1]["data"]["call_forwarding"]["forwarding_type"] != "off"
    assert server.tell("reload").exit_code == 0
    found = server.patch({"call_forwarding": {"forwarding_type": "off"}})
    assert found["default_routing_method"] == "round-robin"
    server.rewrite("routes  sequential east, west ", "routes  weighted east 1, west 2 ")
    said = server.tell("reload").output
    assert "the policy has come to say `routes weighted`, and `round-robin`" in said
    assert server.patch({"default_routing_method": None})["sipfo"]["method"] == "weighted"


def test_changes_at_once_are_all_made(changing: Served) -> None:
    bodies: list[tuple[str, object]] = [
        (ACME, {"default_routing_method": "round-robin"}),
        (ACME, {"call_forwarding": {"forwarding_type": "always"}}),
        ("/v2/ip_connections/plain", {"default_routing_method": "sequential"}),
        ("/v2/phone_numbers/+13125550123/voice", {"call_forwarding": {"forwarding_type": "off"}}),
    ]
    statuses: list[int] = []

    def send(path: str, body: object) -> None:
        statuses.append(changing.ask_api("PATCH", path, body)[0])

    threads = [threading.Thread(target=send, args=one) for one in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 4
    _, found, _ = changing.ask_api("GET", "/v2/ip_connections")
    acme, plain = found["data"]
    assert acme["sipfo"]["changed"] == [
        "default_routing_method",
        "call_forwarding.forwarding_type",
    ]
    assert plain["default_routing_method"] == "sequential"
    _, found, _ = changing.ask_api("GET", "/v2/phone_numbers/13125550123/voice")
    assert found["data"]["call_forwarding"]["forwarding_type"] == "off"


def test_of_two_who_have_read_the_same_one_changes_it(changing: Served) -> None:
    _, _, headers = changing.ask_api("GET", ACME)
    changing.patch({"default_routing_method": "round-robin"}, if_match=headers["etag"])
    error = changing.refused(
        412, "PATCH", ACME, {"default_routing_method": None}, if_match=headers["etag"]
    )
    assert "it has changed since" in error["detail"]


def test_a_number_comes_before_its_trunk(changing: Served) -> None:
    path = "/v2/phone_numbers/+13125550123/voice"
    _, found, _ = changing.ask_api("GET", path)
    assert found["data"]["call_forwarding"]["forwarding_type"] == "on-failure"
    forward = {"forwarding_type": "always", "forwards_to": "+13125559999"}
    found = changing.patch({"call_forwarding": forward}, path)
    assert found["connection_id"] == "acme"
    assert found["call_forwarding"] == {"call_forwarding_enabled": True, **forward}
    (step,) = changing.ask("sipfo.lookup", "+13125550123")["steps"]
    assert (step["route"], step["number"]) == ("northstar", "+13125559999")
    assert len(changing.ask("sipfo.lookup", "+13125550124")["steps"]) == 3
    _, found, _ = changing.ask_api("GET", "/v2/ip_connections")
    assert [one["id"] for one in found["data"]] == ["acme", "plain"]
    error = changing.refused(
        422, "PATCH", "/v2/phone_numbers/+18725550123/voice", {"call_forwarding": forward}
    )
    assert "trunk plain has a limit" in error["detail"]
    found = changing.patch({"call_forwarding": None}, path)
    assert found["call_forwarding"]["forwarding_type"] == "on-failure"
    assert len(changing.ask("sipfo.lookup", "+13125550123")["steps"]) == 3


def test_the_provider_s_own_client_lists_and_changes(changing: Served) -> None:
    client = Telnyx(api_key=changing.token, base_url=f"{changing.url}/v2")
    assert [one.id for one in client.ip_connections.list(page_size=1)] == ["acme", "plain"]
    changed = client.ip_connections.update(
        "acme", inbound={"default_routing_method": "round-robin"}
    ).data
    assert changed is not None
    assert changed.inbound is not None
    assert changed.inbound.default_routing_method == "round-robin"
    voice = client.phone_numbers.voice.update(
        "+13125550150",
        call_forwarding={"forwarding_type": "always", "forwards_to": "+13125559999"},
    ).data
    assert voice is not None
    assert voice.call_forwarding is not None
    assert voice.call_forwarding.forwarding_type == "always"
    assert list(client.fqdn_connections.list()) == []
    again = client.ip_connections.retrieve("acme").data
    assert again is not None
    assert again.connection_name == "acme"


def test_a_call_is_told_attempt_by_attempt(lasting: Served) -> None:
    heard = events(lasting, "/sipfo/v1/events?types=attempt,call,end&trunk=acme", 4)
    assert next(heard) == {}
    with (
        Phone(lasting, "caller") as caller,
        Phone(lasting, "east") as east,
        Phone(lasting, "west") as west,
    ):
        caller.say("INVITE", 1, "told")
        east.answer(east.request("INVITE"), 503)
        invite = west.request("INVITE")
        assert lasting.ask_api("GET", "/sipfo/v1/calls")[1]["data"][0]["route"] == "west"
        west.answer(invite, 200)
        tag = caller.final("INVITE").to.tag
        assert tag is not None
        caller.to = f";tag={tag.decode()}"
        caller.say("ACK", 1, "told")
        caller.say("BYE", 2, "told")
        west.answer(west.request("BYE"), 200)
        assert caller.final("BYE").status == 200
    told = list(heard)
    assert [(one["event"], one.get("outcome") or one.get("result")) for one in told] == [
        ("attempt", "503"),
        ("attempt", "200"),
        ("call", "answered"),
        ("end", "answered"),
    ]


def test_drains_are_told_and_taken_back(lasting: Served) -> None:
    for path in ("/trunks/acme", "/routes/east", "/carriers/northstar", ""):
        assert lasting.ask_api("POST", f"/sipfo/v1{path}/drain")[0] == 200
    assert lasting.ask_api("GET", "/sipfo/v1/status")[1]["data"]["state"] == "drained"
    assert lasting.ask_api("GET", "/sipfo/v1/trunks")[1]["data"][0]["why"] != ""
    assert lasting.ask_api("GET", "/sipfo/v1/routes")[1]["data"][0]["flags"] == "DX"
    assert lasting.ask_api("GET", ACME)[1]["data"]["active"] is False
    for path in ("/trunks/acme", "/routes/east", "/carriers/northstar", ""):
        assert lasting.ask_api("POST", f"/sipfo/v1{path}/undrain")[0] == 200
    assert lasting.ask_api("GET", "/sipfo/v1/status")[1]["data"]["state"] == "serving"
    assert lasting.ask_api("GET", "/sipfo/v1/routes")[1]["data"][0]["flags"] == "AX"
    assert lasting.refused(404, "POST", "/sipfo/v1/routes/nobody/drain")


def test_a_call_is_thought_through_on_the_plan_in_force(changing: Served) -> None:
    wanted = {"trunk": "acme", "to": "+13125550123", "when": ["east answers 503"]}
    _, found, _ = changing.ask_api("POST", "/sipfo/v1/what-if", wanted)
    assert [one["outcome"] for one in found["data"]["attempts"]] == ["503", "200"]
    changing.patch({"call_forwarding": {"forwarding_type": "always"}})
    _, found, _ = changing.ask_api("POST", "/sipfo/v1/what-if", {**wanted, "when": []})
    assert [one["route"] for one in found["data"]["attempts"]] == ["northstar"]
    error = changing.refused(422, "POST", "/sipfo/v1/what-if", {**wanted, "when": ["est silent"]})
    assert "did you mean `east`" in error["detail"]
    assert changing.refused(422, "POST", "/sipfo/v1/what-if", {**wanted, "to": "--help"})


def events(server: Served, path: str, count: int, **headers: str) -> Iterator[dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    around = {"authorization": f"Bearer {server.token}", **headers}
    connection.request("GET", path, headers=around)
    response = connection.getresponse()
    assert response.headers["content-type"].startswith("text/event-stream")
    seen = 0
    while seen < count:
        line = response.readline()
        if line.startswith(b"data: "):
            seen += 1
            yield json.loads(line[6:])
        elif line == b": sipfo\n":
            yield {}
    connection.close()


def test_what_happens_is_told_as_it_happens_and_after_a_break(lasting: Served) -> None:
    heard = events(lasting, "/sipfo/v1/events?types=notice", 2)
    assert next(heard) == {}
    lasting.ask_api("POST", "/sipfo/v1/trunks/acme/drain")
    lasting.ask_api("POST", "/sipfo/v1/trunks/acme/undrain")
    told = list(heard)
    assert [one["text"] for one in told] == [
        "acme is drained: the operator's word",
        "acme is taking calls: the operator's word",
    ]
    assert [one["event"] for one in told] == ["notice", "notice"]
    again = list(events(lasting, "/sipfo/v1/events", 2, **{"Last-Event-ID": "0"}))
    assert len(again) == 3
    assert again[1]["time"] <= again[2]["time"]


DOCUMENT_EXAMPLES = 6


def test_the_document_says_what_is_so(changing: Served) -> None:
    """Schemathesis calls every operation by the document, and holds the answers to it."""
    _, document, _ = changing.ask_api("GET", "/openapi.json")
    document["paths"].pop("/sipfo/v1/events")  # it does not end
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if "connections/{id}" in path and parameter["name"] == "id":
                    parameter["schema"] = {"enum": ["acme", "plain", "no/body"]}
    schema = schemathesis.openapi.from_dict(document)
    called = 0
    for found in schema.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]  # the document is a good one

        @settings(
            max_examples=DOCUMENT_EXAMPLES,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def holds(case: schemathesis.Case[Any]) -> None:
            headers = {"Authorization": f"Bearer {changing.token}"}
            case.call_and_validate(
                base_url=changing.url, headers=headers, excluded_checks=[positive_data_acceptance]
            )

        holds()
        called += 1
    assert called > 25
    assert changing.ask_api("GET", "/sipfo/v1/status")[1]["data"]["internal_errors"] == 0


def test_a_plan_can_be_looked_at_and_not_changed(tmp_path: Path) -> None:
    compiled = compile_source(POLICY, "policy.sipfo").plan
    assert compiled is not None
    for server in served(tmp_path, write_plan(compiled)):
        assert server.ask_api("GET", ACME)[0] == 200
        error = server.refused(422, "PATCH", ACME, {"default_routing_method": "round-robin"})
        assert "serve the policy to change it" in error["detail"]


def run_wrongly(tmp_path: Path, *words: str) -> tuple[int, str]:
    (tmp_path / "policy.sipfo").write_text(POLICY, encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", str(tmp_path / "policy.sipfo"), *words])
    return done.exit_code, done.output


def test_an_address_that_others_reach_must_be_asked_for(tmp_path: Path) -> None:
    status, said = run_wrongly(tmp_path, "--api", "0.0.0.0:8070")
    assert status == 2
    assert "say --api-exposed" in said
    status, said = run_wrongly(tmp_path, "--api", "localhost:8070")
    assert status == 2
    assert "write 127.0.0.1:" in said


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "find_spec", lambda name: None)
    status, said = run_wrongly(tmp_path, "--api", "127.0.0.1:8070")
    assert status == 1
    assert said == "Error: --api needs starlette and uvicorn: pip install 'sipfo[api]'\n"


def test_a_run_without_it_imports_no_web_server() -> None:
    text = "import sys, sipfo.cli.run; print([one for one in sys.modules if 'starlette' in one])"
    done = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True)
    assert done.stdout == b"[]\n"


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("short\n", 0o600, "a token has at least 16"),
        ("\n", 0o600, "holds no token"),
        ("long-enough-to-be-a-token\n", 0o640, "chmod 600"),
    ],
)
def test_a_token_file_that_cannot_be_used_is_refused(
    tmp_path: Path, content: str, mode: int, said: str
) -> None:
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(Unusable, match=said):
        api.ApiWanted(("127.0.0.1", 1), False, path).tokens(Journal("p"), None)


def test_tokens_have_names_and_a_secret_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "token"
    path.write_text("# who\nann=0123456789abcdef\nfedcba9876543210\n", encoding="utf-8")
    path.chmod(0o600)
    wanted = api.ApiWanted(("127.0.0.1", 1), False, path)
    tokens, where = wanted.tokens(Journal("p"), None)
    assert tokens == {"0123456789abcdef": "ann", "fedcba9876543210": "operator"}
    assert where == str(path)
    monkeypatch.setenv("SIPFO_API_TOKEN", "from-the-environment")
    wanted = api.ApiWanted(("127.0.0.1", 1))
    assert wanted.tokens(Journal("p"), None)[0] == {"from-the-environment": "operator"}
