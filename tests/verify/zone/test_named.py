"""`sipfo dns check` against a real BIND: what sipfo writes is right, and each way to be wrong is
found."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.command import EXAMPLES, sipfo
from unpacked import program
from verify.zone.named import free_port, named

POLICY = """\
sipfo 1
listen udp 192.0.2.10:5060
listen tcp 192.0.2.10:5060
listen tls 192.0.2.10:5061 certificate "/etc/sipfo/tls.pem"
region ours { primary 192.0.2.10  secondary 198.51.100.10  domain DOMAIN }
retry standard { failover on 503, transport-error  otherwise stop  no-response 2s }
route east { to sip:203.0.113.10 }
trunk acme {
    numbers any
    accept  anyone
    from    ours
    routes  sequential east
    retry   standard
    deadline 60s
}
"""
HEAD = """\
$TTL 60
@ IN SOA ns hostmaster 1 7200 900 1209600 60
@ IN NS ns
ns IN A 192.0.2.53
"""
GOOD = """\
@ IN NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp
@ IN NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp
@ IN NAPTR 30 10 "s" "SIPS+D2T" "" _sips._tcp
_sip._udp  IN SRV 10 10 5060 a
_sip._udp  IN SRV 20 10 5060 b
_sip._tcp  IN SRV 10 10 5060 a
_sip._tcp  IN SRV 20 10 5060 b
_sips._tcp IN SRV 10 10 5061 a
_sips._tcp IN SRV 20 10 5061 b
a IN A 192.0.2.10
b IN A 198.51.100.10
"""
TO_B = "_sip._udp  IN SRV 20 10 5060 b\n"

WRONG: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    "missing-srv": (
        ((TO_B, ""),),
        "missing: SRV _sip._udp.{}: nothing leads to 198.51.100.10:5060",
    ),
    "missing-service": (
        (("_sips._tcp IN SRV 10 10 5061 a\n_sips._tcp IN SRV 20 10 5061 b\n", ""),),
        "missing: SRV _sips._tcp.{}: nothing leads to 192.0.2.10:5061",
    ),
    "missing-naptr": (
        (('@ IN NAPTR 20 10 "s" "SIP+D2T" "" _sip._tcp\n', ""),),
        'missing: NAPTR {}: no `20 10 "s" "SIP+D2T" "" _sip._tcp.{}.`',
    ),
    "missing-address": (
        (("b IN A 198.51.100.10\n", ""),),
        "missing: A b.{}: `20 10 5060 b.{}` leads",
    ),
    "extra-server": (
        ((TO_B, TO_B + "_sip._udp IN SRV 30 10 5060 c\nc IN A 192.0.2.99\n"),),
        "extra: SRV _sip._udp.{}: `30 10 5060 c.{}` leads to 192.0.2.99:5060, which is not the policy's",
    ),
    "extra-address": (
        (("a IN A 192.0.2.10\n", "a IN A 192.0.2.10\na IN AAAA 2001:db8::1\n"),),
        "extra: SRV _sip._udp.{}: `10 10 5060 a.{}` leads to [2001:db8::1]:5060",
    ),
    "extra-naptr": (
        ((GOOD[:4], '@ IN NAPTR 5 5 "s" "SIP+D2S" "" _sip._sctp\n' + GOOD[:4]),),
        'extra: NAPTR {}: `5 5 "s" "SIP+D2S" "" _sip._sctp.{}` is of a transport',
    ),
    "wrong-port": (((TO_B, TO_B.replace("5060", "5070")),), "extra: SRV _sip._udp.{}: `20 10 5070"),
    "wrong-order": (
        ((TO_B, TO_B.replace("20 10", "5 10")),),
        "order: SRV _sip._udp.{}: 198.51.100.10:5060 is tried before 192.0.2.10:5060",
    ),
    "equal-priority": (
        ((TO_B, TO_B.replace("20 10", "10 10")),),
        "order: SRV _sip._udp.{}: 192.0.2.10:5060 and 198.51.100.10:5060 have one priority",
    ),
    "naptr-order": (
        (("NAPTR 10 10", "NAPTR 25 10"),),
        "order: NAPTR {}: callers prefer tcp, udp, tls; the policy listens on udp, tcp, tls",
    ),
    "ttl": (
        (("b IN A", "b 3600 IN A"),),
        "ttl: A b.{}: remembered for 3600 s, the failover budget is 60 s",
    ),
    "alias": (
        (("b IN A 198.51.100.10", "b IN CNAME c\nc IN A 198.51.100.10"),),
        "alias: CNAME b.{}: SRV _sip._udp.{} leads to an alias of c.{}: some callers follow none",
    ),
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    zones = {"good.example": HEAD + GOOD}
    for name, (changes, _) in WRONG.items():
        text = GOOD
        for old, new in changes:
            assert old in text, name
            text = text.replace(old, new, 1)
        zones[f"{name}.example"] = HEAD + text
    zones["written.example"] = written(tmp_path_factory.mktemp("written"))
    zones["routes.example"] = HEAD + ROUTES
    with named(tmp_path_factory.mktemp("named"), zones) as found:
        yield found


ROUTES = """\
_sip._udp.pbx IN SRV 10 10 5060 a
_sip._udp.pbx IN SRV 10 30 5060 b
pbx IN A 192.0.2.77
a IN A 203.0.113.7
b IN A 203.0.113.8
alone IN A 203.0.113.9
"""


def policy(folder: Path, domain: str, *changes: tuple[str, str]) -> str:
    text = POLICY.replace("DOMAIN", domain)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "policy.sipfo"
    path.write_text(text)
    return str(path)


def written(folder: Path) -> str:
    """The zone that sipfo writes."""
    path = policy(folder, "written.example")
    result = sipfo("compile", path, "--target", "dns", "-o", str(folder / "zone"))
    assert result.exit_code == 0, result.output
    return (folder / "zone" / "written.example.zone").read_text()


def check(path: str, port: int, *more: str) -> tuple[int, str]:
    result = sipfo("dns", "check", path, "--resolver", f"127.0.0.1:{port}", *more)
    return result.exit_code, result.output


@pytest.mark.parametrize("domain", ["good.example", "written.example"])
def test_what_is_right_is_right(domain: str, port: int, tmp_path: Path) -> None:
    status, output = check(policy(tmp_path, domain), port)
    assert status == 0, output
    assert "DNS publishes what the policy needs" in output


def test_the_order_of_a_caller_is_shown(port: int, tmp_path: Path) -> None:
    _, output = check(policy(tmp_path, "good.example"), port)
    lines = [line.split()[:2] for line in output.splitlines() if line.startswith("  ")]
    assert lines == [
        ["1", "udp:192.0.2.10:5060"],
        ["2", "udp:198.51.100.10:5060"],
        ["1", "tls:192.0.2.10:5061"],
        ["2", "tls:198.51.100.10:5061"],
    ]
    assert "NAPTR 10 10 SIP+D2U, SRV 10 10 of _sip._udp.good.example, A a.good.example" in output


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str, port: int, tmp_path: Path) -> None:
    domain = f"{name}.example"
    status, output = check(policy(tmp_path, domain), port)
    assert status == 1
    assert WRONG[name][1].replace("{}", domain) in output


def test_a_longer_budget_allows_a_longer_life(port: int, tmp_path: Path) -> None:
    path = policy(tmp_path, "ttl.example")
    assert check(path, port, "--ttl", "3600")[0] == 0
    assert check(policy(tmp_path, "ttl.example", ("60s", "59s")), port)[1].count("ttl: ") > 1


def test_addresses_side_by_side(port: int, tmp_path: Path) -> None:
    path = policy(tmp_path, "good.example", ("198.51.100.10", "192.0.2.200"))
    status, output = check(path, port)
    assert status == 1
    text = "same-network: good.example: all addresses are in 192.0.2.0/24: one fault takes them all"
    assert text in output


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("sip:alone.routes.example", ""),
        ("sip:alone.routes.example:5060", ""),
        (
            "sip:nobody.routes.example",
            "missing: route east: sip:nobody.routes.example: nobody.routes",
        ),
        (
            "sip:pbx.routes.example:5060",
            "port: route east: sip:pbx.routes.example:5060: the port switches SRV off: 2 SRV records",
        ),
        (
            "sip:pbx.routes.example",
            "same-network: route east: sip:pbx.routes.example: all addresses are in 203.0.113.0/24",
        ),
    ],
)
def test_the_names_of_routes(uri: str, found: str, port: int, tmp_path: Path) -> None:
    path = policy(tmp_path, "good.example", ("sip:203.0.113.10", uri))
    status, output = check(path, port)
    assert status == (1 if found else 0), output
    assert found in output


def test_of_one_priority_the_heaviest_comes_first(port: int, tmp_path: Path) -> None:
    path = policy(tmp_path, "good.example", ("sip:203.0.113.10", "sip:pbx.routes.example"))
    document = json.loads(check(path, port, "--format", "json")[1])
    [way] = [one for one in document["ways"] if one["what"] == "route east"]
    assert [one["target"] for one in way["targets"]] == [
        "udp:203.0.113.8:5060",
        "udp:203.0.113.7:5060",
    ]
    assert document["findings"][0]["kind"] == "same-network"


def test_the_alternative_without_srv(port: int, tmp_path: Path) -> None:
    status, output = check(policy(tmp_path, "written.example"), port, "--records", "a")
    assert status == 0, output
    status, output = check(policy(tmp_path, "good.example"), port, "--records", "a")
    assert status == 1
    assert "missing: A primary.good.example: no `192.0.2.10`" in output


def test_a_server_that_refuses_and_one_that_is_not_there(port: int, tmp_path: Path) -> None:
    status, output = check(policy(tmp_path, "elsewhere.test"), port)
    assert status == 1
    assert "unanswered: NAPTR elsewhere.test: REFUSED" in output
    assert "missing" not in output
    path = policy(tmp_path, "good.example", ("sip:203.0.113.10", "sip:pbx.elsewhere.test"))
    status, output = check(path, port)
    assert status == 1
    assert "leads nowhere: _sip._udp.pbx.elsewhere.test: the nameserver refused" in output
    assert "missing" not in output
    status, output = check(policy(tmp_path, "good.example"), free_port())
    assert status == 2
    assert output.startswith("sipfo: no nameserver answered within 3 s: ")


@pytest.mark.parametrize("form", ["srv", "a"])
@pytest.mark.parametrize("example", ["telnyx", "first", "srv", "telnyx-rows"])
def test_named_checkzone_accepts_what_is_written(example: str, form: str, tmp_path: Path) -> None:
    judge = program("named-checkzone", "bind9-utils")
    domain = "sip.acme.example"
    done = sipfo(
        *("compile", str(EXAMPLES / f"{example}.sipfo"), "--target", "dns", "-o", str(tmp_path)),
        *("--domain", domain, "--records", form),
    )
    assert done.exit_code == 0, done.output
    zone, records = tmp_path / f"{domain}.zone", tmp_path / f"{domain}.records"
    whole = HEAD.replace("$TTL", f"$ORIGIN {domain}.\n$TTL") + records.read_text()
    (tmp_path / "included").write_text(whole)
    for path in (zone, tmp_path / "included"):
        judged = subprocess.run([judge, domain, path], capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout
        assert judged.stdout.endswith("OK\n")
