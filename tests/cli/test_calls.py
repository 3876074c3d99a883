"""`sipfo calls` and `sipfo ladder`: the recorded calls, of every kind of book."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.command import sipfo
from runtime.accounts import CANCELLED, EPOCH, OVER, REFUSED, UP, row
from sipfo.runtime.row import lost, moment
from sipfo.runtime.wire.books import open_book

LOST = lost(row(UP), EPOCH + 41.6)._replace(call="019a00000004-0000000d", call_id="four@caller")

LISTED = """\
2026-09-21T14:13:20.000Z  019a00000000-0000000e  acme  203.0.113.7 → +13125550123  answered 200 by pbx-west  1.60 s, 2 attempts  still up
2026-09-21T14:13:30.000Z  019a00000001-00000001  acme  203.0.113.7 → +13125550123  answered 200 by pbx-west  1.60 s, 2 attempts  caller hung up after 60.00 s
2026-09-21T14:13:30.000Z  019a00000004-0000000d  acme  203.0.113.7 → +13125550123  answered 200 by pbx-west  1.60 s, 2 attempts  lost after 30.00 s: sipfo ended without it
2026-09-21T14:13:40.000Z  019a00000002-00000001  acme  203.0.113.7 → +13125550123  refused 500  200 ms, 2 attempts
2026-09-21T14:13:50.000Z  019a00000003-00000001  other  203.0.113.7 → +13125550123  cancelled  300 ms, 0 attempts
"""
DRAWN = """\
019a00000004-0000000d  acme → +13125550123
  1    0 ms  us.primary → pbx-east  udp:198.51.100.10:5060  503 Service Unavailable  100 ms
  2  100 ms  us.primary → pbx-west  udp:198.51.100.20:5060  200 OK                   1.50 s
  ⇒ answered 200 by pbx-west after 1.60 s
  us.primary to spare skipped: down
  us.primary to pbx-west, and a \\x1b in it
  2026-09-21T14:13:30.000Z  sip:ann@203.0.113.7 at 203.0.113.7
  Call-ID four@caller
  lost after 30.00 s: sipfo ended without it
"""


@pytest.fixture(params=["calls.db", "calls.jsonl", "calls.csv"])
def book(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A book with a call of each kind; one is still up."""
    path = str(tmp_path / request.param)
    made = open_book(path, "normal")
    up = row(UP)._replace(call="019a00000000-0000000e", began=moment(EPOCH), call_id="zero@caller")
    made.write([row(OVER), row(REFUSED), row(CANCELLED), LOST, up], EPOCH)
    made.close()
    return path


def test_calls_are_listed_a_line_each_the_earliest_first(book: str) -> None:
    result = sipfo("calls", book)
    assert result.exit_code == 0
    assert result.output == LISTED


def names(*arguments: str) -> list[str]:
    result = sipfo("calls", *arguments, "--format", "json")
    assert result.exit_code == 0
    return [json.loads(line)["call"][-1] for line in result.output.splitlines()]


def test_options_narrow_the_list_together(book: str) -> None:
    assert names(book) == ["e", "1", "d", "1", "1"]
    assert names(book, "--failed") == ["d", "1"]
    assert names(book, "--trunk", "other") == ["1"]
    assert names(book, "--since", "2026-09-21T14:13:40Z") == ["1", "1"]
    assert names(book, "--since", "2026-09-21T16:13:40+02:00", "--failed") == ["1"]
    assert names(book, "--since", "2026-09-22") == []


def test_json_says_all_that_is_known(book: str) -> None:
    result = sipfo("calls", book, "--failed", "--since", "2026-09-21T14:13:40", "--format", "json")
    call = json.loads(result.output)
    assert (call["result"], call["code"], call["hung_up_by"]) == ("refused", 500, None)
    assert (call["call_id"], call["plan"]) == ("two@caller", "c0ffee")
    assert [one["outcome"] for one in call["attempts"]] == ["503", "transport-error"]
    assert call["attempts"][0]["reasons"] == ['Q.850;cause=34;text="no circuit"']


@pytest.mark.parametrize("moment", ["yesterday", "2x", "-3h", "2026-13-01", "9" * 30 + "d"])
def test_a_moment_that_is_none_is_wrong_usage(book: str, moment: str) -> None:
    result = sipfo("calls", book, "--since", moment)
    assert result.exit_code == 2
    assert "write 90s, 30m, 2h, 7d, 2026-11-24" in result.output


def test_an_age_counts_back_from_now(book: str) -> None:
    assert names(book, "--since", "90s") in ([], ["e", "1", "d", "1", "1"])  # by the clock here
    assert names(book, "--since", "999999d") == ["e", "1", "d", "1", "1"]


@pytest.mark.parametrize("command", [["calls"], ["ladder"]])
@pytest.mark.parametrize(
    ("name", "says"),
    [("none.db", "cannot read"), ("none.csv", "cannot read"), ("none", "end the name in `.db`")],
)
def test_a_book_that_cannot_be_read_says_why(
    tmp_path: Path, command: list[str], name: str, says: str
) -> None:
    more = ["x", "--records"] if command == ["ladder"] else []
    result = sipfo(*command, *more, str(tmp_path / name))
    assert result.exit_code == 2
    assert says in result.output


@pytest.mark.parametrize("call", ["019a00000004-0000000d", "0000000d", "four@caller"])
def test_a_ladder_is_drawn_by_the_call_s_name_or_call_id(book: str, call: str) -> None:
    result = sipfo("ladder", call, "--records", book)
    assert result.exit_code == 0
    assert result.output == DRAWN


def test_the_environment_says_which_book(book: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIPFO_RECORDS", book)
    assert sipfo("ladder", "four@caller").output == DRAWN
    assert sipfo("calls").output == sipfo("calls", book).output


def test_all_calls_that_fit_are_drawn(book: str) -> None:
    result = sipfo("ladder", "00000001", "--records", book)
    assert result.output.count("Call-ID") == 3
    assert "no attempt was made" in result.output


def test_a_call_that_is_not_there_says_where_to_look(book: str) -> None:
    result = sipfo("ladder", "nobody@nowhere", "--records", book)
    assert result.exit_code == 2
    assert f"{book} has no call nobody@nowhere: `sipfo calls {book}` lists them" in result.output
