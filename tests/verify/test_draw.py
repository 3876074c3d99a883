"""The drawing keeps its columns, its width and its meaning, with and without colour."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from sipfo.plan.ladder import Attempt, Ladder, Settled
from sipfo.plan.model import Plan
from sipfo.plan.scenario import Scenario
from sipfo.verify.draw import draw
from sipfo.verify.simulate import simulate
from sipfo.verify.style import ASCII, UNICODE, Style, signs_for
from verify.seed import call, does, plan
from verify.test_simulate import calls

SCENARIO = call(
    does("pbx-east", 503),
    does("pbx-west", reach="silent", egress="us.primary"),
    does("pbx-west", 180, (200, 2.0)),
)
ADDRESSES = {"us.primary": "192.76.120.10", "us.secondary": "64.16.250.10"}
WIDE = """\
a call  acme → +13125550123
  1    0 ms  us.primary   → pbx-east  udp:198.51.100.10:5060  503 Service Unavailable  100 ms
  2  100 ms  us.primary   → pbx-west  udp:198.51.100.11:5060  no-response              2.00 s
  3  2.10 s  us.secondary → pbx-east  udp:198.51.100.10:5060  503 Service Unavailable  100 ms
  4  2.20 s  us.secondary → pbx-west  udp:198.51.100.11:5060  200 OK                   2.10 s
  ⇒ answered 200 by pbx-west after 4.30 s"""
NARROW = """\
a call  acme -> +13125550123
  1    0 ms  us.primary 192.76.120.10  -> pbx-east  udp:198.51.100.10:5060
     100 ms  <- 503 Service Unavailable
  2  100 ms  us.primary 192.76.120.10  -> pbx-west  udp:198.51.100.11:5060
     2.00 s  <- no-response
  3  2.10 s  us.secondary 64.16.250.10 -> pbx-east  udp:198.51.100.10:5060
     100 ms  <- 503 Service Unavailable
  4  2.20 s  us.secondary 64.16.250.10 -> pbx-west  udp:198.51.100.11:5060
     2.10 s  <- 200 OK
  => answered 200 by pbx-west after 4.30 s"""


def bare(text: str) -> str:
    """The text without its colours."""
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def test_every_attempt_is_a_row_of_aligned_columns() -> None:
    assert draw(SCENARIO, simulate(plan(), SCENARIO)) == WIDE


def test_a_narrow_terminal_gets_two_lines_for_each_attempt() -> None:
    style = Style(width=80, signs=ASCII)
    assert draw(SCENARIO, simulate(plan(), SCENARIO), style, ADDRESSES) == NARROW


@given(calls())
def test_eighty_columns_are_enough(drawn: tuple[Plan, Scenario]) -> None:
    text = draw(drawn[1], simulate(*drawn), Style(width=80), ADDRESSES)
    assert max(map(len, text.split("\n"))) <= 80


@given(calls())
def test_colour_adds_nothing_but_colour(drawn: tuple[Plan, Scenario]) -> None:
    ladder = simulate(*drawn)
    for width in (80, None):
        plain = draw(drawn[1], ladder, Style(width=width), ADDRESSES)
        assert bare(draw(drawn[1], ladder, Style(width=width, colour=True), ADDRESSES)) == plain


@given(calls())
def test_no_width_leaves_an_attempt_or_its_outcome_out(drawn: tuple[Plan, Scenario]) -> None:
    ladder = simulate(*drawn)
    for width in (80, None):
        text = draw(drawn[1], ladder, Style(width=width))
        for one in ladder.attempts:
            assert one.egress in text
            assert one.route in text
            assert one.outcome in text


def test_a_call_without_attempts_says_so() -> None:
    ladder = Ladder((), Settled("cancelled", 487), 0.0)
    assert draw(call(), ladder) == (
        "a call  acme → +13125550123\n  no attempt was made\n  ⇒ cancelled by the caller after 0 ms"
    )


def test_what_was_said_here_is_not_put_in_anybodys_mouth() -> None:
    ladder = Ladder((), Settled("refused", 408), 3.0)
    assert draw(call(), ladder).endswith("refused 408, made here, after 3.00 s")


def test_a_reason_phrase_cannot_command_the_terminal() -> None:
    hostile = Attempt("us.primary", "pbx", None, "486", 0.0, 0.1, "Busy\x1b[2J\r\nHere\x9b")
    scenario = call().model_copy(update={"name": "\x1b]0;owned\x07"})
    text = draw(scenario, Ladder((hostile,), Settled("refused", 486, "pbx"), 0.1))
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) == 3


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "no-such-encoding", None])
def test_an_encoding_without_arrows_gets_ascii(encoding: str | None) -> None:
    assert signs_for(encoding) == ASCII


def test_utf_8_gets_arrows() -> None:
    assert signs_for("utf-8") == UNICODE
