"""The life of `sipfo run`: reloads, what it shows, how it is told to stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.running import POLICY, Running, running
from sipfo.cli import living
from sipfo.cli.asking import Refused
from sipfo.cli.main import cli
from sipp.process import Process


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as made:
        made.run()
        yield made


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("lasting")) as made:
        made.run()
        yield made


@pytest.fixture
def steady(lasting: Running) -> Iterator[Running]:
    """A server whose plan in force no test changes, with the file that it was made from."""
    yield lasting
    lasting.policy.write_text(POLICY, encoding="utf-8")


def options(server: Running) -> bytes:
    """The first line of the answer to an OPTIONS from a source that the trunk accepts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind((server.block.of("caller"), 0))
        caller.settimeout(10)
        host, port = caller.getsockname()
        us = server.block.of("sipfo")
        request = (
            f"OPTIONS sip:{us} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bK1;rport\r\n"
            f"From: <sip:a@{host}>;tag=1\r\nTo: <sip:{us}>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        caller.sendto(request.encode(), (us, 5060))
        return caller.recv(65536).split(b"\r\n")[0]


def test_a_reload_says_which_calls_change_and_new_calls_go_by_it(server: Running) -> None:
    server.rewrite("sequential east, west", "sequential west, east")
    before = server.ask("sipfo.lookup", "+13125550123")
    done = server.tell("reload")
    assert done.exit_code == 0, done.output
    assert "before" in done.output and "after" in done.output
    after = server.ask("sipfo.lookup", "+13125550123")
    assert [one["route"] for one in before["steps"]] == ["east", "west"]
    assert [one["route"] for one in after["steps"]] == ["west", "east"]
    assert server.process is not None
    server.process.says(b"reload: another plan is in force")
    server.process.says(b"certificates toward targets: taken anew")


def test_a_reload_that_changes_nothing_says_so(steady: Running) -> None:
    steady.rewrite("sipfo 1\n", "sipfo 1\n\n# another comment\n")
    done = steady.tell("reload")
    assert done.exit_code == 0, done.output
    assert done.output == "the plan is the one in force: no call changes\n"


def test_a_reload_reads_the_rate_decks_again(server: Running) -> None:
    def carriers() -> list[str]:
        steps = server.ask("sipfo.lookup", "+13125550123")["steps"]
        return [one["route"] for one in steps][2:]

    deck = server.folder / "north.csv"
    deck.write_text("prefix,cost\n1,0.004\n")
    server.rewrite(
        "trunk acme {",
        'carrier north {\n    to sip:198.51.100.101\n    rates "north.csv"\n}\n'
        "carrier flat { to sip:198.51.100.102  cost 0.005 }\n"
        "trunk acme {\n    on failure forward to dialled via cheapest north, flat\n",
    )
    assert server.tell("reload").exit_code == 0
    assert carriers() == ["north", "flat"]
    deck.write_text("prefix,cost\n1,0.006\n")
    done = server.tell("reload")
    assert done.exit_code == 0
    assert "the rates in north.csv differ" in done.output
    assert carriers() == ["flat", "north"]
    deck.write_text("prefix,cost\n1,x\n")
    done = server.tell("reload")
    assert done.exit_code == 1
    assert "north.csv:2:3" in done.output
    assert carriers() == ["flat", "north"]


def test_a_file_with_errors_changes_nothing_and_they_go_to_whoever_asked(steady: Running) -> None:
    steady.rewrite("sequential east", "sequential esat")
    done = steady.tell("reload")
    assert done.exit_code == 1
    assert "policy.sipfo:13:" in done.output and "did you mean" in done.output
    assert [one["route"] for one in steady.ask("sipfo.lookup", "+13125550123")["steps"]] == [
        *("east", "west")
    ]
    assert steady.process is not None
    steady.process.says(b"reload: the plan in force stays")
    assert options(steady) == b"SIP/2.0 200 OK"


def test_an_address_that_cannot_be_bound_changes_nothing(steady: Running) -> None:
    steady.rewrite(
        "listen udp 192.0.2.10:5060", "listen udp 192.0.2.10:5060\nlisten udp 192.0.2.99"
    )
    done = steady.tell("reload")
    assert done.exit_code == 1
    assert "this machine has no 192.0.2.99" in done.output
    assert options(steady) == b"SIP/2.0 200 OK"


def test_a_secret_that_is_nowhere_changes_nothing(steady: Running) -> None:
    steady.rewrite(
        "route east { to sip:198.51.100.1 }",
        'route east { to sip:198.51.100.1  auth "us" password secret SIPFO_TEST_NOWHERE }',
    )
    done = steady.tell("reload")
    assert done.exit_code == 1
    assert "SIPFO_TEST_NOWHERE" in done.output


def test_sighup_is_a_reload(server: Running) -> None:
    server.rewrite("sequential east, west", "sequential west")
    assert server.process is not None
    server.process.signal(signal.SIGHUP)
    server.process.says(b"reload: another plan is in force")
    assert [one["name"] for one in server.ask("sipfo.routes")] == ["west"]
    server.policy.unlink()
    server.process.signal(signal.SIGHUP)
    server.process.says(b"reload: sipfo: cannot read policy.sipfo: No such file or directory")
    assert options(server) == b"SIP/2.0 200 OK"


def test_what_is_shown_as_tables_and_as_json(steady: Running) -> None:
    east = steady.block.of("east")
    routes = steady.tell("show", "routes").output.splitlines()
    assert routes[0].split() == ["FLAGS", "ROUTE", "FROM", "TARGET", "WHY"]
    assert routes[1].split() == ["AX", "east", "listen", f"udp:{east}:5060"]
    assert steady.tell("show", "trunks").output.splitlines()[1].split()[:3] == ["acme", "0", "0"]
    assert steady.tell("show", "calls").output == "none\n"
    assert steady.tell("show", "carriers").output == "none\n"
    found = json.loads(steady.tell("show", "routes", "--format", "json").output)
    assert [one["target"] for one in found] == [
        f"udp:{steady.block.of(n)}:5060" for n in ("east", "west")
    ]


def test_top_draws_everything_once(steady: Running) -> None:
    screen = steady.tell("top", "--once").output
    for wanted in ("sipfo ", "calls 0 up, 0 setting up", "TRUNK", "ROUTE", "none"):
        assert wanted in screen
    assert "\x1b" not in screen


def test_ctl_calls_any_method(steady: Running) -> None:
    assert json.loads(steady.tell("ctl", "core.uptime").output)["uptime"] > 0
    assert json.loads(steady.tell("ctl", "core.version").output).startswith("sipfo ")
    statistics = json.loads(steady.tell("ctl", "stats.get_statistics", "sipfo").output)
    assert "sipfo:internal_errors = 0" in statistics
    named = steady.tell("ctl", "dispatcher.set_state", '{"state": "disabled", "group": "east"}')
    assert json.loads(named.output) == "east is disabled"
    assert steady.tell("show", "routes").output.splitlines()[1].startswith("DX")
    assert json.loads(steady.tell("ctl", "dispatcher.set_state", "active", "east").output)
    wrong = steady.tell("ctl", "dispatcher.set_state")
    assert wrong.exit_code == 1 and "parameters are: state group [address]" in wrong.output
    assert steady.tell("ctl", "no.such").exit_code == 1
    assert steady.tell("ctl", "core.uptime", "{nonsense").exit_code == 2


def test_drain_stops_it_and_says_how_long_that_may_take(server: Running) -> None:
    assert server.process is not None
    assert server.tell("drain", "--grace", "7").output == "draining: 0 under way, 7 s at most\n"
    assert server.process.ends() == 0
    assert not server.socket.exists()
    done = server.tell("drain")
    assert done.exit_code == 2 and "no sipfo listens at" in done.output


def test_a_grace_that_is_no_time_is_refused(steady: Running) -> None:
    for wrong in (-1, "soon", "nan", 1e9):
        with pytest.raises(Refused, match="grace: seconds"):
            steady.ask("core.shutdown", wrong)


def test_a_control_socket_that_cannot_be_made_stops_the_start(tmp_path: Path) -> None:
    with running(tmp_path) as made:
        made.run()
        words = [sys.executable, "-m", "sipfo.cli.main", "run", "policy.sipfo"]
        words += ["--control", str(made.socket)]
        for one in made.block.mappings:  # other ports, so that only the path is taken
            declared, _, actual = one.partition("=")
            words += ["--map", f"{declared}:5060={actual}:5070"]
        second = Process("second", words, tmp_path)
        made.started.append(second)
        assert second.ends() == 1
        assert b"another process does" in second.stderr


def test_where_the_control_socket_is_when_nobody_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(living, "RUNTIME_FOLDER", tmp_path / "nowhere")
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    assert living.default_control() is None
    done = CliRunner().invoke(cli, ["show", "calls"], prog_name="sipfo")
    assert done.exit_code == 2 and "--control PATH" in done.output
    monkeypatch.setattr(living, "RUNTIME_FOLDER", tmp_path)
    assert living.default_control() == tmp_path / "sipfo.sock"
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"/run/one{os.pathsep}/run/two")
    assert living.default_control() == Path("/run/one/sipfo.sock")
