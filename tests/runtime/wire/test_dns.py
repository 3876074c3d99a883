"""The resolver against a real DNS server on loopback."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import dns.rcode
import pytest

from sipfo.runtime.dnscache import STALE_LIFE, STALE_RECHECK
from sipfo.runtime.locate import Target, Unlocatable
from sipfo.runtime.question import Answer
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.wire.dns import Resolver
from sipfo.verify.lab.dns import DnsServer

PBX = (
    "_sip._udp.example.com. 60 IN SRV 20 0 5080 b.example.com.",
    "_sip._udp.example.com. 60 IN SRV 10 0 5060 a.example.com.",
    "a.example.com. 60 IN A 192.0.2.1",
    "b.example.com. 60 IN A 192.0.2.2",
    "b.example.com. 60 IN AAAA 2001:db8::2",
)
Body = Callable[[DnsServer, Resolver], Awaitable[None]]


def uri(text: str) -> SipUri:
    return parse_uri(text)


@asynccontextmanager
async def serving(*records: str) -> AsyncIterator[DnsServer]:
    server = await DnsServer.start(records)
    try:
        yield server
    finally:
        server.close()
        await asyncio.sleep(0)  # its socket is closed by the loop


def with_server(body: Body, *records: str, timeout: float = 5.0) -> None:
    async def run() -> None:
        async with serving(*records) as server:
            await body(server, Resolver([server.address], timeout))

    asyncio.run(run())


def texts(targets: tuple[Target, ...]) -> list[str]:
    return [str(target) for target in targets]


def test_srv_targets_come_by_priority_and_ipv4_before_ipv6() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        targets = await resolver.targets(uri("sip:example.com"))
        assert texts(targets) == [
            "udp:192.0.2.1:5060",
            "udp:192.0.2.2:5080",
            "udp:[2001:db8::2]:5080",
        ]
        assert [target.name for target in targets] == ["a.example.com"] + 2 * ["b.example.com"]

    with_server(body, *PBX)


def test_naptr_selects_the_transport_and_the_srv_name() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        targets = await resolver.targets(uri("sip:example.com"))
        assert texts(targets) == ["tcp:192.0.2.9:5070"]
        assert ("_sip._udp.example.com", "SRV") not in server.queries

    with_server(
        body,
        'example.com. 60 IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp.example.com.',
        'example.com. 60 IN NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp.carrier.example.',
        'example.com. 60 IN NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp.example.com.',
        "_sip._tcp.carrier.example. 60 IN SRV 0 0 5070 c.carrier.example.",
        "c.carrier.example. 60 IN A 192.0.2.9",
        *PBX,
    )


def test_a_cname_is_followed() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        assert texts(await resolver.targets(uri("sip:www.example.com:5062"))) == [
            "udp:192.0.2.1:5062"
        ]

    with_server(body, "www.example.com. 60 IN CNAME a.example.com.", *PBX)


def test_an_answer_too_big_for_a_datagram_is_asked_for_again_over_tcp() -> None:
    many = [
        f"_sip._udp.big.example. 60 IN SRV {n} 0 5060 {'x' * 40}{n}.example." for n in range(30)
    ]

    async def body(server: DnsServer, resolver: Resolver) -> None:
        assert texts(await resolver.targets(uri("sip:big.example"))) == ["udp:192.0.2.7:5060"]
        assert server.queries.count(("_sip._udp.big.example", "SRV")) == 2

    with_server(body, *many, f"{'x' * 40}3.example. 60 IN A 192.0.2.7")


@pytest.mark.parametrize(
    ("text", "records", "cause"),
    [
        ("sip:example.net", PBX, "nxdomain"),
        ("sip:example.net:5060", PBX, "nxdomain"),
        ("sip:example.com:5060", PBX, "nodata"),  # there are names below it, so it exists
        ("sip:t.example.com", ("t.example.com. 60 IN TXT hello",), "nodata"),
        ("sip:no.example", ("_sip._udp.no.example. 60 IN SRV 0 0 0 .",), "not-offered"),
    ],
)
def test_what_dns_says_is_told_apart(text: str, records: tuple[str, ...], cause: str) -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        with pytest.raises(Unlocatable) as caught:
            await resolver.targets(uri(text))
        assert caught.value.cause == cause

    with_server(body, *records)


@pytest.mark.parametrize(
    ("rcode", "cause"),
    [
        (dns.rcode.SERVFAIL, "servfail"),
        (dns.rcode.REFUSED, "refused"),
        (dns.rcode.YXDOMAIN, "servfail"),
        (dns.rcode.FORMERR, "servfail"),
    ],
)
def test_a_server_that_fails_is_told_from_a_name_that_is_not_there(
    rcode: dns.rcode.Rcode, cause: str
) -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        server.rcode = rcode
        with pytest.raises(Unlocatable) as caught:
            await resolver.targets(uri("sip:example.com"))
        assert caught.value.cause == cause

    with_server(body, *PBX)


@pytest.mark.parametrize("text", ["sip:example.com", "sip:a.example.com:5060"])
def test_a_silent_server_ends_within_the_time_limit(text: str) -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        server.silent = True
        begun = time.monotonic()
        with pytest.raises(Unlocatable) as caught:
            await resolver.targets(uri(text))
        assert caught.value.cause == "timeout"
        assert 0.1 <= time.monotonic() - begun < 3  # dnspython's own limit: 5 s for each query
        assert server.queries

    with_server(body, *PBX, timeout=0.3)


def test_a_server_that_is_not_there_is_a_timeout() -> None:
    async def run() -> None:
        async with serving() as server:
            gone = server.address
        with pytest.raises(Unlocatable) as caught:
            await Resolver([gone], 0.2).targets(uri("sip:example.com:5060"))
        assert caught.value.cause == "timeout"

    asyncio.run(run())


def test_the_second_nameserver_is_asked_when_the_first_is_dead() -> None:
    async def run() -> None:
        async with serving() as silent, serving(*PBX) as server:
            silent.silent = True
            resolver = Resolver([silent.address, server.address], 1.0)
            targets = await resolver.targets(uri("sip:a.example.com:5060"))
            assert texts(targets) == ["udp:192.0.2.1:5060"]
            assert silent.queries

    asyncio.run(run())


def test_an_answer_is_asked_for_once_within_its_ttl() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        first = await resolver.targets(uri("sip:example.com"))
        asked = len(server.queries)
        assert await resolver.targets(uri("sip:EXAMPLE.com")) == first
        assert len(server.queries) == asked

    with_server(body, *PBX)


class Aging:
    """A resolver whose answers age when told to, and what it said."""

    def __init__(self, server: DnsServer, timeout: float = 5.0) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.resolver = Resolver(
            [server.address], timeout, clock=lambda: self.now, say=self.said.append
        )

    async def find(self, text: str) -> list[str]:
        return texts(await self.resolver.targets(uri(text)))

    async def cause(self, text: str) -> str:
        with pytest.raises(Unlocatable) as caught:
            await self.find(text)
        return caught.value.cause


NAME = "sip:a.example.com:5060"
HAS = ["udp:192.0.2.1:5060"]


def aging(
    body: Callable[[DnsServer, Aging], Awaitable[None]], *records: str, timeout: float = 5.0
) -> None:
    async def run() -> None:
        async with serving(*(records or PBX)) as server:
            one = Aging(server, timeout)
            await body(server, one)
            await one.resolver.close()

    asyncio.run(run())


@pytest.mark.parametrize("failure", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, None])
def test_the_last_good_answer_is_used_when_the_server_fails_and_that_is_said(
    failure: dns.rcode.Rcode | None,
) -> None:
    async def body(server: DnsServer, one: Aging) -> None:
        assert await one.find(NAME) == HAS
        server.rcode, server.silent = failure, failure is None
        one.now = 360.0
        asked = len(server.queries)
        assert await one.find(NAME) == HAS
        assert len(server.queries) > asked  # its TTL was over, so it was asked for

        word = "timeout" if failure is None else dns.rcode.to_text(failure)
        assert f"dns: {word} for A a.example.com: using 192.0.2.1, 300 s out of date" in one.said
        asked, said = len(server.queries), len(one.said)
        one.now += STALE_RECHECK - 1
        assert await one.find(NAME) == HAS
        assert (len(server.queries), len(one.said)) == (asked, said)  # RFC 8767 §5: not at once

        server.rcode, server.silent = None, False
        one.now += 2
        trail = await one.resolver.trail(uri(NAME))
        assert [each.known.answer.status for each in trail.asked] == ["ok", "nodata"]
        assert "stale" not in [each.known.source for each in trail.asked]

    aging(body, timeout=0.6)


def test_a_domain_without_srv_records_is_still_found_when_the_server_fails() -> None:
    """The empty answers on the way to its address are as old as that is."""

    async def body(server: DnsServer, one: Aging) -> None:
        assert await one.find("sip:a.example.com") == HAS
        server.rcode = dns.rcode.SERVFAIL
        one.now = 7200
        assert await one.find("sip:a.example.com") == HAS

    aging(body)


def test_an_answer_too_old_is_not_used_however_long_the_server_fails() -> None:
    async def body(server: DnsServer, one: Aging) -> None:
        assert await one.find(NAME) == HAS
        server.rcode = dns.rcode.SERVFAIL
        one.now = 61 + STALE_LIFE
        assert await one.cause(NAME) == "servfail"

    aging(body)


def test_with_an_old_answer_nobody_waits_long_for_a_silent_server() -> None:
    """RFC 8767 §5, the client response timer: far below the time of one query."""

    async def body(server: DnsServer, one: Aging) -> None:
        assert await one.find(NAME) == HAS
        server.silent = True
        one.now = 100.0
        begun = time.monotonic()
        assert await one.find(NAME) == HAS
        assert time.monotonic() - begun < 5  # one query has 20 s

    aging(body, timeout=60.0)


@pytest.mark.parametrize("failure", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, None])
def test_a_failure_is_known_at_once_for_a_while(failure: dns.rcode.Rcode | None) -> None:
    """RFC 9520 §3.2: no query for every call to a name that cannot be resolved."""

    async def body(server: DnsServer, one: Aging) -> None:
        server.rcode, server.silent = failure, failure is None
        cause = await one.cause(NAME)
        asked = len(server.queries)
        for _ in range(100):
            assert await one.cause(NAME) == cause
        assert len(server.queries) == asked
        server.rcode, server.silent = None, False
        one.now = 31.0
        assert await one.find(NAME) == HAS

    aging(body, timeout=0.3)


def test_a_name_that_is_gone_is_gone_although_it_was_known() -> None:
    async def body(server: DnsServer, one: Aging) -> None:
        await one.find(NAME)
        server.rcode = dns.rcode.NXDOMAIN
        one.now = 61.0
        assert await one.cause(NAME) == "nxdomain"
        assert one.said == []

    aging(body)


def test_a_negative_answer_holds_as_long_as_its_soa_record_says() -> None:
    """RFC 2308 §5: the lab's says 60 s."""

    async def body(server: DnsServer, one: Aging) -> None:
        for now, asked in ((0.0, 2), (50.0, 2), (61.0, 4)):
            one.now = now
            assert await one.cause("sip:gone.example.com:5060") == "nxdomain"
            await asyncio.gather(*one.resolver._under_way.values())
            assert len(server.queries) == asked

    aging(body)


def test_an_answer_that_is_about_to_be_over_is_asked_for_before_it_is() -> None:
    async def body(server: DnsServer, one: Aging) -> None:
        await one.find(NAME)
        asked = len(server.queries)
        one.now = 59.0
        assert await one.find(NAME) == HAS
        await asyncio.gather(*one.resolver._under_way.values())
        assert len(server.queries) == asked + 2
        one.now = 62.0
        assert await one.find(NAME) == HAS
        assert len(server.queries) == asked + 2

    aging(body)


def test_equal_questions_at_once_are_one_query() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        found = await asyncio.gather(*(resolver.targets(uri(NAME)) for _ in range(50)))
        assert [texts(each) for each in found] == [HAS] * 50
        assert sorted(server.queries) == [("a.example.com", "A"), ("a.example.com", "AAAA")]

    with_server(body, *PBX)


def test_a_caller_who_gives_up_takes_the_question_from_nobody_else() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        first = asyncio.create_task(resolver.targets(uri(NAME)))
        await asyncio.sleep(0)
        second = asyncio.create_task(resolver.targets(uri(NAME)))
        await asyncio.sleep(0)
        first.cancel()
        assert texts(await second) == HAS

    with_server(body, *PBX)


def test_several_uris_have_the_time_of_one_lookup_and_each_failure_is_said() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        uris = [uri(text) for text in ("sip:gone.example:5060", NAME, "sip:192.0.2.7")]
        targets, failures = await resolver.every(uris)
        assert texts(targets) == [*HAS, "udp:192.0.2.7:5060"]
        assert failures == ("unresolvable: NXDOMAIN (gone.example: no such name)",)

        server.silent = True
        begun = time.monotonic()
        uris = [uri(f"sip:h{n}.example") for n in range(50)]
        targets, failures = await resolver.every(uris)
        assert time.monotonic() - begun < 10  # each of them by itself takes 0.4 s
        assert targets == ()
        assert {one.partition(" (")[0] for one in failures} == {"unresolvable: timeout"}

    with_server(body, *PBX, timeout=0.4)


def test_a_trail_has_every_question_with_its_answer_and_the_targets_with_their_reasons() -> None:
    async def body(server: DnsServer, one: Aging) -> None:
        trail = await one.resolver.trail(uri("sip:example.com"))
        a, b = "10 0 5060 a.example.com", "20 0 5080 b.example.com"
        said = [str(each) for each in trail.asked]
        if a in said[1].partition(",")[0]:
            a, b = b, a  # a server may give its records in any order
        assert said == [
            "NAPTR example.com: empty answer (ttl 60 s)",
            f"SRV _sip._udp.example.com: {b}, {a} (ttl 60 s)",
            "A a.example.com: 192.0.2.1 (ttl 60 s)",
            "AAAA a.example.com: empty answer (ttl 60 s)",
            "A b.example.com: 192.0.2.2 (ttl 60 s)",
            "AAAA b.example.com: 2001:db8::2 (ttl 60 s)",
        ]
        assert trail.failure is None
        assert [(str(each), each.why) for each in trail.targets] == [
            ("udp:192.0.2.1:5060", "SRV 10 0 of _sip._udp.example.com, A a.example.com"),
            ("udp:192.0.2.2:5080", "SRV 20 0 of _sip._udp.example.com, A b.example.com"),
            ("udp:[2001:db8::2]:5080", "SRV 20 0 of _sip._udp.example.com, AAAA b.example.com"),
        ]
        one.now = 20.0
        again = await one.resolver.trail(uri(NAME))
        assert str(again.asked[0]) == "A a.example.com: 192.0.2.1 (ttl 40 s)"
        server.rcode = dns.rcode.SERVFAIL
        one.now = 70.0
        old = await one.resolver.trail(uri(NAME))
        assert str(old.asked[0]) == "A a.example.com: 192.0.2.1 (10 s out of date)"

    aging(body)


def test_a_trail_that_leads_nowhere_has_the_failure() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        server.rcode = dns.rcode.REFUSED
        trail = await resolver.trail(uri(NAME))
        assert trail.targets == ()
        assert trail.failure is not None and trail.failure.cause == "refused"
        assert [each.known.answer for each in trail.asked] == [Answer("refused")] * 2

    with_server(body, *PBX)


def test_an_empty_answer_is_asked_for_once_while_its_soa_record_says_so() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        for _ in range(2):
            for name in ("gone.example.com", "txt.example.com"):
                with pytest.raises(Unlocatable):
                    await resolver.targets(uri(f"sip:{name}:5060"))
        assert sorted(server.queries) == [
            ("gone.example.com", "A"),
            ("gone.example.com", "AAAA"),
            ("txt.example.com", "A"),
            ("txt.example.com", "AAAA"),
        ]

    with_server(body, "txt.example.com. 60 IN TXT hello")


def test_a_hostile_host_is_never_asked_for() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        for host in (".1", "1.2.3", "a..b", "-a.example", "x" * 64 + ".example", "a.b\\000.c", ""):
            with pytest.raises(Unlocatable):
                await resolver.targets(SipUri("sip", None, host))
        assert server.queries == []

    with_server(body, *PBX)


def test_a_hostile_srv_target_is_passed_over() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        assert texts(await resolver.targets(uri("sip:x.example"))) == ["udp:192.0.2.5:5060"]

    with_server(
        body,
        r"_sip._udp.x.example. 60 IN SRV 0 0 5060 a\000\.b.x.example.",
        "_sip._udp.x.example. 60 IN SRV 1 0 0 ok.x.example.",
        "_sip._udp.x.example. 60 IN SRV 2 0 5060 ok.x.example.",
        "ok.x.example. 60 IN A 192.0.2.5",
    )


def test_localhost_is_the_loopback_without_a_query() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        assert texts(await resolver.targets(uri("sip:localhost:5062"))) == ["udp:127.0.0.1:5062"]
        assert server.queries == []

    with_server(body)


def test_many_lookups_at_once_do_not_mix() -> None:
    async def body(server: DnsServer, resolver: Resolver) -> None:
        found = await asyncio.gather(
            *(resolver.targets(uri(f"sip:h{n}.example.com:5060")) for n in range(40))
        )
        assert [texts(each) for each in found] == [[f"udp:192.0.2.{n}:5060"] for n in range(40)]

    with_server(body, *(f"h{n}.example.com. 60 IN A 192.0.2.{n}" for n in range(40)))


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"\xff\xfe\x00",
        b"nameserver nonsense\n",
        b"search example.com\n",
        b"nameserver 192.0.2.53\nsearch a..b\n",
    ],
)
def test_an_unusable_resolv_conf_is_unlocatable(tmp_path: Path, content: bytes | None) -> None:
    conf = tmp_path / "resolv.conf"
    if content is not None:
        conf.write_bytes(content)
    with pytest.raises(Unlocatable) as caught:
        asyncio.run(Resolver(resolv_conf=str(conf)).targets(uri("sip:example.com")))
    assert caught.value.cause == "no-resolver"
    assert str(conf) in caught.value.reason


def test_a_resolv_conf_that_is_mended_is_read_with_the_next_lookup(tmp_path: Path) -> None:
    resolver = Resolver(resolv_conf=str(tmp_path / "resolv.conf"))
    with pytest.raises(Unlocatable):
        resolver.prepare()
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    assert [str(one) for one in resolver.prepare().nameservers] == ["192.0.2.53"]


def test_without_a_nameserver_nothing_can_be_located() -> None:
    with pytest.raises(Unlocatable) as caught:
        asyncio.run(Resolver([]).targets(uri("sip:example.com")))
    assert caught.value.cause == "no-resolver"


def test_a_nameserver_that_is_no_address_is_no_crash() -> None:
    with pytest.raises(Unlocatable) as caught:
        asyncio.run(Resolver([("dns.example", 53)], 0.2).targets(uri("sip:example.com:5060")))
    assert caught.value.cause == "timeout"


def test_a_plan_with_a_name_is_prepared_for_before_its_first_call() -> None:
    said: list[str] = []
    resolver = Resolver([], say=said.append)
    resolver.expect(["sip:192.0.2.1", "sip:[2001:db8::1];transport=tls", "sip:x;transport=sctp"])
    assert said == []
    resolver.expect(["sip:192.0.2.1", "sip:pbx.example.com", "sip:pbx.example.net"])
    assert said == ["dns: there is no nameserver to ask"]


def test_an_address_literal_needs_neither_a_resolver_nor_dnspython() -> None:
    program = """
import asyncio, sys
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.wire.dns import Resolver
resolver = Resolver(resolv_conf="/nonexistent")
for text in ("sip:192.0.2.1", "sip:[2001:db8::1]:5070;transport=tcp"):
    print(*asyncio.run(resolver.targets(parse_uri(text))))
print("dns.resolver" in sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split("\n") == [
        "udp:192.0.2.1:5060",
        "tcp:[2001:db8::1]:5070",
        "False",
        "",
    ]
