"""`sipfo replay`: a summary, the calls that change, and an exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import POLICY, sipfo
from runtime.world import policy
from sipfo.plan.codec import write_plan
from sipfo.runtime.sheet import CSV
from verify.replay.test_play import BUSY, DOWN, OK, world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture and records of one call: the east was silent for 4 s, then the west answered."""
    made = world(policy(), "silent", OK)
    path = tmp_path_factory.mktemp("replay")
    (path / "calls.pcap").write_bytes(made.pcap)
    (path / "calls.jsonl").write_bytes(made.lines)
    (path / "calls.csv").write_bytes(CSV.head + b"".join(map(CSV.write, made.rows)))
    (path / "cdr.txt").write_bytes(made.lines.rstrip(b"\n"))
    (path / "plan.json").write_text(write_plan(policy()))
    (path / "sooner.json").write_text(write_plan(policy(no_response=1.0)))
    return path


@pytest.mark.parametrize("name", ["calls.pcap", "calls.jsonl", "calls.csv", "cdr.txt"])
def test_a_summary_of_both(name: str, folder: Path) -> None:
    result = sipfo("replay", str(folder / "sooner.json"), str(folder / name))
    assert result.exit_code == 0, result.output
    assert "sooner: " in result.stdout
    assert "us.primary → pbx-east no-response, us.primary → pbx-west 200" in result.stdout
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["answered", "1", "1"] in rows
    assert ["attempts", "2", "2"] in rows
    assert "0 saved, 0 lost" in result.stdout


def test_what_stays_the_same_is_listed_when_asked(folder: Path) -> None:
    told = ("replay", str(folder / "plan.json"), str(folder / "calls.pcap"))
    assert "same: " not in sipfo(*told).stdout
    assert "same: " in sipfo(*told, "--all").stdout


def test_json_has_all_of_it(folder: Path) -> None:
    result = sipfo(
        "replay", str(folder / "sooner.json"), str(folder / "calls.pcap"), "--format", "json"
    )
    document = json.loads(result.stdout)
    [call] = document["calls"]
    assert (call["change"], call["recorded"]["attempts"]) == ("sooner", 2)
    assert call["replayed"]["attempts"][0]["outcome"] == "no-response"
    assert document["changes"]["sooner"] == 1


def test_a_lost_call_is_exit_status_1(tmp_path: Path) -> None:
    made = world(policy(), DOWN, OK)
    (tmp_path / "calls.pcap").write_bytes(made.pcap)
    (tmp_path / "plan.json").write_text(write_plan(policy(failover=(408,))))
    result = sipfo("replay", str(tmp_path / "plan.json"), str(tmp_path / "calls.pcap"))
    assert result.exit_code == 1
    assert "0 saved, 1 lost" in result.stdout


def test_what_is_not_known_is_marked(tmp_path: Path) -> None:
    made = world(policy(), BUSY, OK)
    (tmp_path / "calls.pcap").write_bytes(made.pcap)
    (tmp_path / "plan.json").write_text(write_plan(policy(failover=(486,))))
    result = sipfo("replay", str(tmp_path / "plan.json"), str(tmp_path / "calls.pcap"))
    assert result.exit_code == 0
    assert "pbx-west (udp:198.51.100.20:5060): was never tried" in result.stdout
    assert ["not", "known", "0", "1"] in [line.split() for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no call in it"),
        (b"hello\n", "1 line no record of sipfo's: left out"),
        (b"\x1f\x8b\x08", "is compressed"),
        (b"\xd4\xc3\xb2\xa1", "cut off after 0 packets"),
        (b'{"state":"closed"}\n', "1 line no record of sipfo's"),
        (b"\n\n", "no call in it"),
    ],
)
def test_files_that_are_none(data: bytes, message: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    result = sipfo("replay", str(folder / "plan.json"), str(path))
    assert result.exit_code == 2
    assert message in result.stderr


def test_records_that_somebody_wrote_by_hand(folder: Path, tmp_path: Path) -> None:
    row = json.loads((folder / "calls.jsonl").read_text().splitlines()[0])
    bad: list[dict[str, object]] = [
        {"elapsed": "x"},
        {"elapsed": -1},
        {"elapsed": 1e300},
        {"code": None},
        {"result": "lovely"},
        {"number": 7},
        {"call": ["a"]},
        {"began": None},
        {"attempts": [{**row["attempts"][0], "target": "udp:no where"}]},
        {"attempts": [{**row["attempts"][0], "target": 5}]},
        {"attempts": [{**row["attempts"][0], "outcome": "99999"}]},
        {"attempts": [{**row["attempts"][0], "outcome": []}]},
        {"attempts": [{**row["attempts"][0], "at": True}]},
        {"attempts": [{**row["attempts"][0], "egress": {}}]},
        {"attempts": [{**row["attempts"][0], "reasons": [7]}]},
        {"attempts": [row["attempts"][0]] * 1001},
        {"rang": "soon"},
    ]
    path = tmp_path / "bad.jsonl"
    lines = [json.dumps({**row, "call": f"c{n}", **one}) for n, one in enumerate(bad)]
    path.write_text("\n".join(lines) + "\n")
    result = sipfo("replay", str(folder / "plan.json"), str(path))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert "left out" in result.stderr


def test_a_policy_with_errors_and_a_file_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "policy.sipfo"
    path.write_text(POLICY.replace("sequential", "sequentially"))
    assert sipfo("replay", str(path), str(folder / "calls.pcap")).exit_code == 1
    path.write_text(POLICY)
    result = sipfo("replay", str(path), str(tmp_path / "none.pcap"))
    assert result.exit_code == 2
    assert result.stderr.startswith("sipfo: cannot read ")


@pytest.mark.parametrize("option", [("--box", "x"), ("--host", "a"), ("--host", "a=b")])
def test_options_that_are_none(option: tuple[str, str], folder: Path) -> None:
    result = sipfo("replay", str(folder / "plan.json"), str(folder / "calls.pcap"), *option)
    assert result.exit_code == 2
