"""The small parts of the target: sockets, probes, certificates, modules, sources, capabilities."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from bless import CASES
from compiler.policies import compiled
from plan.strategies import plans
from sipfo.compiler.targets.folder import PLAIN, PROGRAM, SECRET
from sipfo.compiler.targets.kamailio.capabilities import CAPABILITIES, DIFFERS
from sipfo.compiler.targets.kamailio.emit import render
from sipfo.compiler.targets.kamailio.modules import ALWAYS, modules
from sipfo.compiler.targets.kamailio.probes import (
    MOST_SETS,
    dispatcher_list,
    one_clock,
    probed,
    whole_seconds,
)
from sipfo.compiler.targets.kamailio.tls import servers
from sipfo.compiler.targets.kamailio.view import uses
from sipfo.compiler.targets.places import places
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.sockets import sender, sockets
from sipfo.compiler.targets.source import NOWHERE, OfPolicy
from sipfo.plan.construct import Construct
from sipfo.plan.model import Carrier, Egress, Listen, Plan, Probe
from sipfo.runtime.secret import names
from verify.seed import plan

SECRETS = {
    "NORTHSTAR_PW": "one",
    "PBX_PW": "two",
    "ACME_PW": "three",
    "ACME_BACKUP_PW": "four",
    "ALICE_PW": "five",
}


@settings(max_examples=20)
@given(plans())
def test_every_socket_is_opened_once_and_every_sender_has_one(drawn: Plan) -> None:
    try:
        found = sockets(drawn)
    except CannotSay:
        return
    addresses = [one.address for one in found]
    assert len(addresses) == len(set(addresses))
    assert sum(one.door for one in found) == len(
        {(x.transport, x.host, x.port) for x in drawn.listen}
    )
    egress = {one.name: one for one in drawn.egress}
    used = {t for place in places(drawn) for one in place.destinations for t in one.transports}
    for name, one in egress.items():
        for transport in used:
            assert any(sender(one, transport) == s.address and name in s.egress for s in found)


def test_tls_is_sent_from_the_next_port() -> None:
    assert (
        sender(Egress(name="x", host="2001:db8::1", port=5060), "tls") == "tls:[2001:db8::1]:5061"
    )


def probed_plan(*probes: Probe | None) -> Plan:
    """A forward to a carrier for each probe."""
    base = plan(carriers=tuple(f"c{place}" for place in range(len(probes))))
    carriers = tuple(
        Carrier(name=one.name, destination=one.destination, probe=probe)
        for one, probe in zip(base.carriers, probes, strict=True)
    )
    return base.model_copy(update={"carriers": carriers})


def test_the_strictest_of_the_probes_holds_for_all() -> None:
    drawn = probed_plan(
        Probe(every=30, down_after=3, up_after=1), None, Probe(every=2.5, down_after=4, up_after=2)
    )
    assert one_clock(drawn) == Probe(every=2.5, down_after=3, up_after=1)
    assert [path.place.name for _, path in probed(drawn)] == ["c0", "c2"]
    assert one_clock(plan()) is None
    assert [line.split(" ", 1)[1] for line in dispatcher_list(drawn).splitlines()[1:]] == [
        "sip:203.0.113.10:5060;transport=udp 8 0 socket=udp:192.76.120.10:5060",
        "sip:203.0.113.12:5060;transport=udp 8 0 socket=udp:192.76.120.10:5060",
    ]


def test_a_path_has_the_same_number_whatever_else_is_probed() -> None:
    """Or a reload would give one path's number to another while calls go on."""
    probe = Probe(every=30, down_after=3, up_after=1)
    both, last = probed_plan(probe, probe), probed_plan(None, probe)
    numbers = {path.key: number for number, path in probed(both)}
    assert len(set(numbers.values())) == 2
    assert {path.key: number for number, path in probed(last)}.items() <= numbers.items()


@pytest.mark.parametrize(("seconds", "whole"), [(0.1, 1), (1.0, 1), (1.2, 2), (30.0, 30)])
def test_kamailio_probes_every_so_many_whole_seconds(seconds: float, whole: int) -> None:
    assert whole_seconds(seconds) == whole


@settings(max_examples=20)
@given(plans())
def test_probed_paths_are_numbered_and_have_a_line_each(drawn: Plan) -> None:
    try:
        found = list(probed(drawn))
        lines = dispatcher_list(drawn).splitlines()[1:]
    except CannotSay:
        return
    assert len({number for number, _ in found}) == len(found)
    assert all(1 <= number <= MOST_SETS for number, _ in found)
    assert [line.split(" ")[0] for line in lines] == [str(number) for number, _ in found]
    assert all(len(line) < 1000 and len(line.split(" ")) == 5 for line in lines)


def listening(certificate: str, key: str | None = None) -> Plan:
    """A plan that listens on TLS."""
    one = Listen(transport="tls", host="2001:db8::10", port=5061, certificate=certificate, key=key)
    return plan().model_copy(update={"listen": (one,)})


def test_a_certificate_may_hold_its_key() -> None:
    (one,) = servers(listening("/etc/tls/both.pem"))
    assert (one.address, one.certificate, one.key) == (
        "[2001:db8::10]:5061",
        "/etc/tls/both.pem",
        "/etc/tls/both.pem",
    )
    (one,) = servers(listening("/etc/tls/c.pem", "/etc/tls/k.pem"))
    assert one.key == "/etc/tls/k.pem"
    assert servers(plan()) == ()


@pytest.mark.parametrize("path", ["/etc/my key.pem", '/a"b', "/a#b", "/a;b", "/ü", "/a]b[server:x"])
def test_a_path_that_the_file_cannot_hold_is_refused(path: str) -> None:
    with pytest.raises(CannotSay, match=re.escape(path)):
        servers(listening(path))


@pytest.mark.parametrize(
    "case", ["correct-carrier", "correct-anyone", "correct-tls-and-credentials"]
)
def test_modules_are_loaded_once_and_before_what_needs_them(case: str) -> None:
    drawn = compiled(CASES / case).plan
    assert drawn is not None
    found = list(modules(uses(drawn)))
    assert len(found) == len(set(found))
    assert found[: len(ALWAYS)] == list(ALWAYS)
    assert found[0] == "db_text"  # htable and mtree ask for it when they are loaded
    assert found.index("sl") > found.index("tm")


def test_a_plan_alone_has_no_lines_of_a_policy() -> None:
    text = render(plan(), "/srv/kamailio", {}, NOWHERE)["kamailio.cfg"].text
    assert "Written by sipfo from a plan." in text
    assert ".sipfo:" not in text


def test_a_policy_is_named_by_its_file_and_lines() -> None:
    made = compiled(CASES / "correct-carrier")
    source = OfPolicy(made)
    assert source.headline == "Written by sipfo from policy.sipfo."
    assert source.trunk("acme") == "policy.sipfo:34"
    assert source.destination("northstar") == "policy.sipfo:24"
    assert source.egress("us.primary") == "policy.sipfo:6"
    assert source.retry("standard") == "policy.sipfo:12" or source.retry("standard").startswith(
        "policy.sipfo:1"
    )


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/kamailio/")))
def test_only_passwords_are_kept_from_others_and_only_scripts_run(case: str) -> None:
    made = compiled(CASES / case)
    assert made.plan is not None
    files = render(made.plan, "/srv/kamailio", SECRETS, OfPolicy(made))
    modes = {name: one.mode for name, one in files.items() if one.mode != PLAIN}
    wanted = dict.fromkeys(("start", "reload", "settings"), PROGRAM)
    if "data/secret" in files:
        wanted["data/secret"] = SECRET
    assert modes == wanted
    for name, one in files.items():
        assert name == "data/secret" or not any(
            f"|{value}|" in one.text for value in SECRETS.values()
        )
        assert one.text.endswith("\n") or one.text == ""


@settings(max_examples=20)
@given(plans())
def test_any_plan_is_rendered_or_refused_with_a_reason(drawn: Plan) -> None:
    try:
        files = render(drawn, "/srv/kamailio", dict.fromkeys(names(drawn), "x"))
    except CannotSay as error:
        assert str(error)
        return
    assert files["kamailio.cfg"].text.startswith("#!KAMAILIO\n")
    assert list(files)[-1] == "kamailio.cfg"  # the data is in place before what reads it


def test_every_construct_has_its_support() -> None:
    assert set(CAPABILITIES) == set(Construct)
    for construct, support in CAPABILITIES.items():
        assert (support.level == "same") == (construct not in DIFFERS)
        assert bool(support.how) == (support.level != "same")
