"""What a real Kamailio has read is what the plan says, whatever characters that has in it; or the
compiler has said that it cannot be written."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from compiler.targets.kamailio.live import Live, Refused, inside, running
from plan.strategies import plans
from sipfo.compiler.targets.kamailio.emit import render
from sipfo.compiler.targets.kamailio.modules import modules
from sipfo.compiler.targets.kamailio.probes import dispatcher_list, probed
from sipfo.compiler.targets.kamailio.tables import HTABLE, Table, groups, secrets_table, tables
from sipfo.compiler.targets.kamailio.view import uses
from sipfo.compiler.targets.safe import CannotSay
from sipfo.compiler.targets.source import NOWHERE
from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    Credential,
    NumberPrefix,
    NumberRange,
    OnTag,
    Plan,
    Probe,
    Route,
    Rule,
    Shaping,
)
from verify.seed import RETRY, plan

HOSTILE = (
    "#!define X",
    "!!X",
    "*/",
    "/*",
    "${X}",
    "$(ru)",
    "$$",
    "|",
    "\\",
    "\\n",
    "\\|",
    '"',
    "'",
    ";",
    "{",
    "}",
    "%",
    "=",
    "=>",
    "#",
    "//",
    "a b",
    " leads",
    "trails ",
    "ü",
    "€",
    "𝕏",
    "\u2028",
    "\x85",
    "NULL",
    "0",
    "-1",
    "x" * 64,
)
CONTROLS = ("\n", "\r", "\t", "\0", "\x1b", "\x7f")


def secrets_of(drawn: Plan) -> set[str]:
    """The names of the secrets that a plan needs."""
    credentials = [one for trunk in drawn.trunks for one in trunk.accept.credentials]
    credentials += [one.auth for one in drawn.routes if one.auth is not None]
    credentials += [one.auth for one in drawn.carriers if one.auth is not None]
    users = {one.secret for registrar in drawn.registrars for one in registrar.users}
    return users | {one.secret for one in credentials}


def wanted(found: tuple[Table, ...]) -> dict[str, dict[str, str | int]]:
    """The rows of every table that Kamailio should have."""
    return {one.name: {key: value for key, value, _ in one.rows} for one in found}


def trie(live: Live, name: str) -> dict[str, str]:
    """Every prefix of an mtree and what it leads to."""
    rows = re.findall(r"tprefix: (\S+)\n\ttvalue: \{\n\t\t(.*)\n", live.rpc("mtree.list", name))
    return dict(rows)


def differences(live: Live, drawn: Plan, secrets: dict[str, str]) -> list[str]:
    """What Kamailio has otherwise than the plan."""
    every = tables(drawn, NOWHERE)
    hidden = secrets_table(drawn, secrets, NOWHERE)
    every = (*every, hidden) if hidden is not None else every
    wrong = []
    for one in every:
        want: dict[str, Any] = wanted((one,))[one.name]
        have: dict[str, Any] = (
            live.table(one.name) if one.columns is HTABLE else trie(live, one.name)
        )
        if want != have:
            wrong += [
                f"{one.name} {k}: {want.get(k)!r} {have.get(k)!r}" for k in want.keys() | have
            ]
    if any(trunk.accept.networks for trunk in drawn.trunks):
        wrong += _networks(live, drawn)
    if uses(drawn).probes:
        listed = re.findall(r"URI: (\S+)", live.rpc("dispatcher.list"))
        meant = [line.split(" ")[1] for line in dispatcher_list(drawn).split("\n")[1:-1]]
        if sorted(listed) != sorted(meant) or len(meant) != len(list(probed(drawn))):
            wrong.append(f"dispatcher: {meant} {listed}")
    return [one for one in wrong if not _same(one)]


def _same(said: str) -> bool:
    *_, want, have = said.rpartition(": ")[2].split(" ", 1)
    return want == have


def _networks(live: Live, drawn: Plan) -> list[str]:
    want = sorted(
        (group, str(net.network_address), net.prefixlen, trunk.name)
        for group, trunk in groups(drawn)
        for net in map(ip_network, trunk.accept.networks)
    )
    said = live.rpc("permissions.subnetDump") + live.rpc("permissions.addressDump")
    pattern = r"group: (\d+)\n\titem: \{\n\t\tip: (\S+)\n(?:\t\tmask: (\d+)\n)?\t\tport: 0\n\t\ttag: (.*)\n"
    have = sorted(
        (int(group), host, int(mask or (128 if ":" in host else 32)), tag)
        for group, host, mask, tag in re.findall(pattern, said)
    )
    have = [(g, str(ip_network(f"{h}/{m}").network_address), m, t) for g, h, m, t in have]
    return [] if want == have else [f"networks {want} {have}"]


def hostile_plan() -> Plan:
    """Every hostile text wherever a plan lets it in."""
    base = plan(carriers=("north", "n.o-r_t.h"))
    tags = tuple(Rule(match=OnTag(code=486, tag=tag), verdict="failover") for tag in HOSTILE)
    names = ("a.b", "a-b", "a_b", "a_b_2")
    retries = tuple(RETRY.model_copy(update={"name": name, "rules": tags}) for name in names)
    users = tuple(Credential(user=user, secret=f"S{n}") for n, user in enumerate(HOSTILE))
    first = base.trunks[0]
    trunks = tuple(
        first.model_copy(
            update={
                "name": name,
                "retry": name,
                "numbers": (
                    NumberPrefix(prefix=f"+99{number}"),
                    NumberRange(first=f"+1312555{number}000", last=f"+1312555{number}777"),
                    *((AnyNumber(),) if number == 2 else ()),
                ),
                "accept": Accept(
                    networks=(
                        f"10.{number}.0.0/16",
                        f"10.9.0.{number}/32",
                        f"2001:db8:{number}::/48",
                    ),
                    credentials=users,
                ),
            }
        )
        for number, name in enumerate(names)
    )
    odd = "sip:!$%&'()*+,-./:=?~\\^`{|}[]_;x@198.51.100.10;x=$(ru);y=|\\;z=*/?h=#!define"
    routes = (
        Route(name="pbx-east", destinations=(odd,), probe=Probe(every=5, down_after=1, up_after=1)),
        *base.routes[1:],
    )
    carriers = tuple(
        Carrier(
            name=one.name,
            destination=one.destination,
            shaping=Shaping(strip=2, prepend="#*+0A"),
            auth=users[n + 9],
        )
        for n, one in enumerate(base.carriers)
    )
    return base.model_copy(
        update={"retries": retries, "trunks": trunks, "routes": routes, "carriers": carriers}
    )


def test_hostile_texts_are_read_as_they_are() -> None:
    drawn = hostile_plan()
    secrets = {f"S{number}": text for number, text in enumerate(HOSTILE)}
    secrets["S0"] = "x" * 5000
    secrets["S1"] = b"\xff\xfe latin \xe9".decode("utf-8", "surrogateescape")

    def work() -> object:
        with running(drawn, secrets) as live:
            return differences(live, drawn, secrets), "CRITICAL" in live.log()

    assert inside(work) == [[], False]


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_character_in_a_secret_is_refused(control: str) -> None:
    drawn = hostile_plan()
    secrets = {f"S{number}": "x" for number in range(len(HOSTILE))} | {"S3": f"a{control}b"}
    with pytest.raises(CannotSay, match="control character"):
        render(drawn, "/srv/kamailio", secrets)


def test_an_empty_secret_is_refused_or_read() -> None:
    drawn = hostile_plan()
    secrets = {f"S{number}": "" for number in range(len(HOSTILE))}

    def work() -> object:
        try:
            with running(drawn, secrets) as live:
                return differences(live, drawn, secrets)
        except CannotSay:
            return []

    assert inside(work) == []


@pytest.mark.parametrize(
    "uri",
    [
        "sip:a#b",
        "sip:a b",
        "sip:x@y@z",
        "sip:198.51.100.1:0",
        "sip:198.51.100.1:99999",
        "sip:198.51.100.1;transport=sctp",
        "sip:[::1",
        "sip:[v1.x]",
        "sip:$ru",
        "sip:a|b",
        "sip:a,b",
        "sip:.",
    ],
)
def test_a_destination_that_cannot_be_written_is_refused(uri: str) -> None:
    base = plan()
    route = Route.model_construct(
        name="pbx-east", destinations=(uri,), levels=(), registered=None, auth=None, probe=None
    )
    drawn = base.model_copy(update={"routes": (route, *base.routes[1:])})
    with pytest.raises(CannotSay, match=re.escape(uri)):
        render(drawn, "/srv/kamailio", {})


@pytest.mark.parametrize(
    "folder", ["/srv/my kamailio", "/srv/a;b", "/srv/a$b", '/srv/"', "/ü", "/a#b"]
)
def test_a_folder_that_cannot_be_written_is_refused(folder: str) -> None:
    with pytest.raises(CannotSay, match="letters, digits"):
        render(plan(), folder, {})


def test_a_drawn_plan_is_read_as_it_is() -> None:
    """Some plans that hypothesis draws; each is started, not only checked."""
    drawn: list[Plan] = []

    @settings(
        max_examples=16,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(plans(), st.just(None))
    def collect(one: Plan, _: None) -> None:
        # a certificate that is nowhere is no plan's mistake
        plain = tuple(each for each in one.listen if each.certificate is None)
        if plain:
            drawn.append(one.model_copy(update={"listen": plain}))

    collect()

    def work() -> object:
        wrong: list[str] = []
        read = 0
        for one in drawn:
            secrets = dict.fromkeys(secrets_of(one), "a secret")
            try:
                with running(one, secrets) as live:
                    wrong += differences(live, one, secrets)
                    read += 1
            except (CannotSay, Refused) as error:
                if isinstance(error, Refused):
                    wrong.append(str(error))
        return wrong, read > 0

    assert inside(work) == [[], True]


def test_no_module_is_loaded_that_is_not_used() -> None:
    assert "dispatcher" not in set(modules(uses(plan())))
    assert "dispatcher" in set(modules(uses(hostile_plan())))
