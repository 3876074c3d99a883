"""The records of a policy: which domain, which addresses, which transports and ports."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.compiler.pipeline import compile_source
from sipfo.compiler.policy import Policy
from sipfo.compiler.targets.dns.emit import render
from sipfo.compiler.targets.dns.records import zone_records
from sipfo.compiler.targets.dns.site import Site, sites
from sipfo.compiler.targets.safe import CannotSay
from sipfo.verify.lab.dns import read_zone

TEXT = """\
sipfo 1
import telnyx
listen udp 192.0.2.10:5060
listen udp 198.51.100.10:5080
listen tls 192.0.2.10:5061 certificate "/x"
region ours { primary 192.0.2.10  secondary 198.51.100.10  domain SIP.example.com }
retry standard { failover on 503  otherwise stop }
route east { to sip:203.0.113.10 }
trunk acme { numbers any  accept anyone  from ours  routes sequential east  retry standard }
"""


@cache
def policy(*changes: tuple[str, str]) -> Policy:
    text = TEXT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    made = compile_source(text, "policy.sipfo")
    assert made.policy is not None, [one.message for one in made.diagnostics]
    return made.policy


def lines(site: Site) -> list[str]:
    return [f"{one.name} {one.kind} {one.value}" for one in zone_records(site)]


def test_a_region_with_a_domain() -> None:
    [site] = sites(policy())
    assert lines(site) == [
        'sip.example.com NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.sip.example.com.',
        'sip.example.com NAPTR 20 10 "s" "SIPS+D2T" "" _sips._tcp.sip.example.com.',
        "_sip._udp.sip.example.com SRV 10 10 5060 primary.sip.example.com.",
        "_sip._udp.sip.example.com SRV 20 10 5080 secondary.sip.example.com.",
        "_sips._tcp.sip.example.com SRV 10 10 5061 primary.sip.example.com.",
        "_sips._tcp.sip.example.com SRV 20 10 5061 secondary.sip.example.com.",
        "primary.sip.example.com A 192.0.2.10",
        "secondary.sip.example.com A 198.51.100.10",
    ]


def test_the_alternative_is_an_address_record_for_each() -> None:
    [site] = sites(
        policy(
            ("198.51.100.10  domain", "2001:db8::1  domain"), ("192.0.2.10  sec", "192.0.2.10  sec")
        )
    )
    assert [f"{one.name} {one.kind} {one.value}" for one in zone_records(site, "a")] == [
        "primary.sip.example.com A 192.0.2.10",
        "secondary.sip.example.com AAAA 2001:db8::1",
    ]


def test_a_librarys_domain_is_the_providers() -> None:
    of_telnyx = policy(("from ours", "from us"), ("  domain SIP.example.com", ""))
    with pytest.raises(CannotSay, match="no region of the policy has a domain of yours"):
        sites(of_telnyx)
    [site] = sites(of_telnyx, "Example.com")
    assert site.domain == "example.com"
    assert [address for _, address in site.addresses] == ["192.76.120.10", "64.16.250.10"]


def test_without_a_region_it_is_what_is_listened_on() -> None:
    [site] = sites(policy(("from ours", "")), "example.com")
    assert site.addresses == (("primary", "192.0.2.10"), ("secondary", "198.51.100.10"))


def test_one_domain_is_not_for_two_regions() -> None:
    with pytest.raises(CannotSay, match="trunks send from `ours`, `us`"):
        sites(policy(("from ours", "from ours, us")), "example.com")


@pytest.mark.parametrize("domain", ["", "a b", "192.0.2.1", "x" * 64, "a..b", "a\nb", "$ORIGIN"])
def test_a_domain_that_is_none(domain: str) -> None:
    with pytest.raises(CannotSay):
        sites(policy(), domain)


def test_a_domain_with_no_room_below_it() -> None:
    with pytest.raises(CannotSay, match="too long"):
        sites(policy(), ".".join(["a" * 60] * 4))


def test_the_page_shows_what_is_written() -> None:
    root = Path(__file__).parents[4]
    text = (root / "examples" / "telnyx.sipfo").read_text("utf-8")
    made = compile_source(text, "telnyx.sipfo")
    assert made.policy is not None
    zone = render(sites(made.policy), 30, headline="Written by sipfo from telnyx.sipfo.")
    shown = "".join(
        f"    {line}\n" for line in zone["sip.telnyx.com.zone"].text.splitlines() if line
    )
    page = (root / "docs" / "dns.md").read_text("utf-8").replace("    \n", "")
    assert shown in page.replace("\n\n    ;", "\n    ;")


@given(st.text(max_size=40))
def test_nothing_in_the_policys_name_leaves_its_comment(headline: str) -> None:
    found = sites(policy())
    plain = {name: file.text for name, file in render(found, 60).items()}
    for name, file in render(found, 60, headline=headline).items():
        assert file.text.split("\n")[1:] == plain[name].split("\n")[1:]
        if name.endswith(".records"):
            assert len(read_zone(file.text).nodes) == 5
