"""The reader finds what an OpenSIPS would not load, or the tests of what is written show nothing."""

from __future__ import annotations

import pytest
from lark.exceptions import LarkError

from compiler.targets.opensips.reader import complaints, read
from plan.samples import small_plan
from sipfo.compiler.targets.opensips.emit import render

SCRIPT = render(small_plan(carriers=1, deadline=30.0), "/srv/opensips", {})["opensips.cfg"].text


def with_change(old: str, new: str) -> str:
    assert old in SCRIPT
    return SCRIPT.replace(old, new, 1)


def test_what_is_written_has_no_complaint() -> None:
    assert list(complaints(read(SCRIPT))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('t_on_failure("ATTEMPT")', 't_on_failure("NOWHERE")', "no failure_route[NOWHERE]"),
        ("\troute(FORWARDED);", "\texit;", "route[FORWARDED] is reached from nowhere"),
        ("mf_process_maxfwd_header(70)", "mf_process_maxfwd_header()", "0 arguments"),
        ("mf_process_maxfwd_header(70)", 'mf_process_maxfwd_header("70")', "is no int"),
        ("mf_process_maxfwd_header(70)", "mf_process_maxfwd(70)", "no function"),
        ('send_reply(483, "Too Many Hops")', 'send_reply(483, "Too", "Many")', "3 arguments"),
        ("force_rport();", "force_rport(); t_newtran(1);", "1 arguments"),
        ('loadmodule "tm.so"', 'loadmodule "tmx.so"', "no module tmx"),
        ('"tm", "fr_timeout", 32', '"tm", "fr_timeout", "32"', "modparam tm fr_timeout"),
        ('"tm", "fr_timeout", 32', '"tm", "fr_timer", 32', "modparam tm fr_timer"),
        ("auto_aliases=no", "alias_auto=no", "no core parameter alias_auto"),
        ("$T_branch_idx", "$T_branch_index", "no variable"),
        (
            "failure_route[ATTEMPT] {",
            "failure_route[ATTEMPT] { t_newtran();",
            "t_newtran in a fail",
        ),
        ("failure_route[ATTEMPT] {", "failure_route[ATTEMPT] { break;", "a break outside"),
        ("onreply_route[ATTEMPT] {", "onreply_route[ATTEMPT] { t_relay();", "t_relay in a onreply"),
        ("$(ct{nameaddr.uri})", "$(ct{nameaddr.url})", "no transformation"),
    ],
)
def test_a_mistake_is_found(old: str, new: str, said: str) -> None:
    assert any(said in one for one in complaints(read(with_change(old, new))))


def test_a_block_that_is_not_there_is_found() -> None:
    with pytest.raises(AssertionError, match="UNKNOWN"):
        list(complaints(read(with_change("\troute(KNOWN);", "\troute(UNKNOWN);"))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exit;", "exit"),
        ("exit;", "exit();;}"),
        ("} else {", "} elif {"),
        ('"Too Many Hops"', "Too Many Hops"),
        ('"Too Many Hops"', '"Too Many Hops'),
        ("$avp(retry)", "$avp(retry"),
        (":= 0;", "::= 0;"),
        ("socket=udp:", "listen=udp:"),
        ("route {", "request_route {"),
    ],
)
def test_what_is_no_script_is_not_read(old: str, new: str) -> None:
    with pytest.raises(LarkError):
        read(with_change(old, new))
