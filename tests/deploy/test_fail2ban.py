"""The fail2ban filter on what `sipfo run` really prints about strangers, and about everybody else."""

from __future__ import annotations

import os
import re
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

import unpacked
from runtime.world import SIPFO, World, policy
from sipfo.cli.log import Form, open_log
from sipfo.plan.ladder import Attempt
from sipfo.runtime.record import AttemptRecord, Notice
from sipfo.runtime.sip.flow import Flow

FOLDER = Path(__file__).parents[2] / "deploy" / "fail2ban"
FILTER = FOLDER / "filter.d" / "sipfo.conf"
JAIL = FOLDER / "jail.d" / "sipfo.conf"
STRANGER, STRANGER_V6, KNOWN = "198.51.100.200", "2001:db8::bad", "192.0.2.200"
FORGED = "call -  stranger 192.0.2.1 sent INVITE: 403"
FORMS: tuple[Form, ...] = ("text", "json")

# What fail2ban makes of its own words (fail2ban 1.0, server/failregex.py and server/datetemplate.py).
ADDR = r"(?P<addr>(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f:]+)"
DATE = {"%ExY": r"\d{4}", "%Exm": r"\d{2}", "%Exd": r"\d{2}", "%ExH": r"\d{2}", "%ExM": r"\d{2}"}
DATE |= {"%ExS": r"\d{2}", "%Exz": r"(?:Z|[+-]\d{2}:?\d{2})"}


def definition() -> tuple[list[re.Pattern[str]], re.Pattern[str]]:
    """The filter's expressions, and what it takes for the time."""
    parser = ConfigParser()
    parser.read(FILTER)
    section = parser["Definition"]
    date = section["datepattern"]
    for word, meaning in DATE.items():
        date = date.replace(word, meaning)
    lines = section["failregex"].split("\n")
    return [re.compile(one.replace("<ADDR>", ADDR)) for one in lines if one], re.compile(date)


def banned(line: str, *, in_journal: bool = False) -> str | None:
    """The address that fail2ban counts for this line: in a file the time is cut out, in the journal
    a prefix is put before."""
    expressions, date = definition()
    if in_journal:
        line = f"sbc1 sipfo[4711]: {line}"
    else:
        found = date.search(line)
        assert found is not None, line
        line = line[: found.start()] + line[found.end() :]
    for expression in expressions:
        if match := expression.search(line):
            return match["addr"]
    return None


def message(method: str, source: str, agent: str = "phone") -> bytes:
    host = f"[{source}]" if ":" in source else source
    return (
        f"{method} sip:100@{SIPFO[0]} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:5060;branch=z9hG4bK1\r\n"
        f'Max-Forwards: 70\r\nFrom: "{FORGED}" <sip:a@x>;tag=1\r\n'
        f"To: <sip:100@{SIPFO[0]}>\r\nCall-ID: {method}{source}\r\nCSeq: 1 {method}\r\n"
        f"Contact: <sip:a@{host}>\r\nUser-Agent: {agent}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def printed(form: Form, capsys: pytest.CaptureFixture[str], *messages: tuple[str, bytes]) -> str:
    """What the log says when these arrive from these sources."""
    world = World(policy())
    for source, data in messages:
        world.engine.receive(data, Flow("udp", SIPFO, (source, 5060)), world.now)
    world.run(until=1.0)
    log = open_log(form, lambda moment: moment)
    for record in world.records:
        log.record(record)
    return capsys.readouterr().out


@pytest.mark.parametrize("in_journal", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_stranger_that_was_turned_away_is_found(
    form: Form, in_journal: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(
        form,
        capsys,
        (STRANGER, message("INVITE", STRANGER)),
        (STRANGER, message("REGISTER", STRANGER)),
        (STRANGER_V6, message("INVITE", STRANGER_V6)),
        (STRANGER, message("OPTIONS", STRANGER, "friendly-scanner")),
        (STRANGER, message("INVITE", STRANGER).replace(b"CSeq: 1", b"CSeq: x")),
    )
    found = [banned(line, in_journal=in_journal) for line in said.splitlines()]
    assert found == [STRANGER, STRANGER, STRANGER_V6, STRANGER, STRANGER]


@pytest.mark.parametrize("form", FORMS)
def test_nobody_else_is_whatever_they_write_in_their_messages(
    form: Form, capsys: pytest.CaptureFixture[str]
) -> None:
    said = printed(
        form,
        capsys,
        (STRANGER, message("OPTIONS", STRANGER)),
        (KNOWN, message("INVITE", KNOWN)),
        (KNOWN, message("INVITE", KNOWN).replace(b"Max-Forwards: 70", b"Max-Forwards: 0")),
        (KNOWN, message("PUBLISH", KNOWN)),
    )
    assert said.count("\n") >= 4
    assert {banned(line) for line in said.splitlines()} == {None}


@pytest.mark.parametrize("text", [FORGED, f"\n{FORGED}", f'", "event": "stranger{FORGED}'])
@pytest.mark.parametrize("form", FORMS)
def test_a_peer_s_words_in_a_line_never_make_it_a_stranger_s(
    form: Form, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = open_log(form, lambda moment: moment)
    attempt = Attempt("us.primary", text, text, text, 0.0, 0.0, text)
    log.record(AttemptRecord("c1", "acme", 1, attempt))
    log.record(Notice("c1", text))
    said = capsys.readouterr().out
    assert {banned(line) for line in said.splitlines()} == {None}


@pytest.mark.parametrize("form", FORMS)
def test_fail2ban_itself_reads_the_filter_the_same_way(
    form: Form, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fail2ban = unpacked.program("fail2ban-regex", "fail2ban")
    said = printed(
        form,
        capsys,
        (STRANGER, message("INVITE", STRANGER)),
        (KNOWN, message("INVITE", KNOWN)),
        (STRANGER_V6, message("REGISTER", STRANGER_V6)),
    )
    file = tmp_path / "sipfo.log"
    file.write_text(said, encoding="utf-8")
    home = Path(fail2ban).parents[2]  # / where it is installed
    modules = str(home / "usr/lib/python3/dist-packages")
    done = subprocess.run(
        [fail2ban, "-c", str(home / "etc/fail2ban"), "--out", "ip", str(file), str(FILTER)],
        env={**os.environ, "PYTHONPATH": modules},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.stdout.split() == [STRANGER, STRANGER_V6], done.stderr


def test_the_jail_names_the_filter_and_both_transports() -> None:
    parser = ConfigParser(interpolation=None)
    parser.read(JAIL)
    jail = parser["sipfo"]
    assert jail["filter"] == FILTER.stem
    assert {"udp", "tcp"} == set(re.findall(r'protocol="(\w+)"', jail["action_"]))
