"""A DNS server on loopback: the text of a zone in, authoritative answers out, over UDP and TCP.

It is the authority for everything below the root, so a name that it was not given is NXDOMAIN and
never REFUSED. No recursion, no wildcards, and the SOA record is its own. It can be told to be
silent, or to fail every query.

    python -m sipfo.verify.lab.dns --listen 127.0.0.1:5353 ZONEFILE
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone

MAX_ALIASES: Final = 8
_BIND_TRIES: Final = 16
REMEMBERED: Final = 60
"""Seconds that a client may remember a negative answer."""


def read_zone(text: str | Sequence[str]) -> dns.zone.Zone:
    """Zone-file text, or its lines, as a zone; every record has a TTL unless `$TTL` gives one.

    Raises ValueError, which says what is wrong.
    """
    whole = text if isinstance(text, str) else "\n".join(text)
    try:
        return dns.zone.from_text(
            whole, origin=dns.name.root, relativize=False, check_origin=False, filename="zone"
        )
    except dns.exception.DNSException as error:
        raise ValueError(str(error)) from error


def reply(
    zone: dns.zone.Zone, query: dns.message.Message, remembered: int = REMEMBERED
) -> dns.message.Message:
    """The authoritative reply to a query, CNAMEs followed inside the zone (RFC 1034 §4.3.2)."""
    response = dns.message.make_response(query)
    if query.opcode() != dns.opcode.QUERY:
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    if len(query.question) != 1 or query.question[0].rdclass != dns.rdataclass.IN:
        response.set_rcode(dns.rcode.FORMERR)
        return response
    response.flags |= dns.flags.AA
    name, kind = query.question[0].name, query.question[0].rdtype
    for _ in range(MAX_ALIASES):
        found = zone.get_rrset(name, kind)
        if found is not None:
            response.answer.append(found)
            return response
        alias = zone.get_rrset(name, dns.rdatatype.CNAME)
        if alias is None:
            break
        response.answer.append(alias)
        name = alias[0].target
    if not any(owner.is_subdomain(name) for owner in zone.nodes):
        response.set_rcode(dns.rcode.NXDOMAIN)  # of the last name of the chain: RFC 6604 §3
    response.authority.append(_authority(remembered))
    return response


def _authority(seconds: int) -> dns.rrset.RRset:
    """What lets a client remember a negative answer for so long (RFC 2308 §3, §5)."""
    return dns.rrset.from_text(".", seconds, "IN", "SOA", f". . 1 60 60 60 {seconds}")


class DnsServer:
    """A running server. `queries` are the (name, kind) seen, in order; these may be set at any
    time: `silent` (no answer at all), `rcode` (this answer to everything), `remembered` (seconds
    that a negative answer holds)."""

    __slots__ = (
        "_streams",
        "_tcp",
        "_udp",
        "_zone",
        "address",
        "queries",
        "rcode",
        "remembered",
        "silent",
    )

    def __init__(self, zone: dns.zone.Zone) -> None:
        self.address = ("", 0)
        self.queries: list[tuple[str, str]] = []
        self.silent = False
        self.remembered = REMEMBERED
        self.rcode: dns.rcode.Rcode | None = None
        self._zone = zone
        self._streams: set[asyncio.StreamWriter] = set()

    @classmethod
    async def start(
        cls, zone_text: str | Sequence[str], host: str = "127.0.0.1", port: int = 0
    ) -> DnsServer:
        """Listen on UDP and TCP at `host` and the same port; 0 chooses one.

        Raises ValueError for a bad zone, OSError when the address cannot be had.
        """
        server = cls(read_zone(zone_text))
        for tries_left in reversed(range(_BIND_TRIES)):
            try:
                await server._bind(host, port)
                break
            except OSError:  # the port chosen for TCP may be in use for UDP
                if port != 0 or not tries_left:
                    raise
        return server

    async def _bind(self, host: str, port: int) -> None:
        self._tcp = await asyncio.start_server(self._serve_stream, host, port)
        self.address = self._tcp.sockets[0].getsockname()[:2]
        try:
            self._udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Datagrams(self.answer), local_addr=self.address
            )
        except OSError:
            self._tcp.close()
            raise

    def serve(self, zone_text: str | Sequence[str]) -> None:
        """Answer from another zone from now on. Raises ValueError for a bad one."""
        self._zone = read_zone(zone_text)

    def close(self) -> None:
        """Stop listening, and end the streams; the sockets close when the loop next turns."""
        self._udp.close()
        self._tcp.close()
        for stream in self._streams:
            stream.close()

    def answer(self, data: bytes, most: int | None = None) -> bytes | None:
        """The reply to one query in wire format, None for silence. `most` is the size in bytes of
        a datagram to a client that states none; None is a stream, where nothing is truncated."""
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        if query.flags & dns.flags.QR:
            return None
        for question in query.question:
            name = question.name.to_text(omit_final_dot=True).lower()
            self.queries.append((name, dns.rdatatype.to_text(question.rdtype)))
        if self.silent:
            return None
        if self.rcode is None:
            response = reply(self._zone, query, self.remembered)
        else:
            response = dns.message.make_response(query)
            response.set_rcode(self.rcode)
        size = 65535 if most is None else max(most, query.payload)
        return response.to_wire(max_size=size, prefer_truncation=True)

    async def _serve_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._streams.add(writer)
        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2))  # RFC 1035 §4.2.2
                answer = self.answer(await reader.readexactly(size))
                if answer is not None:
                    writer.write(len(answer).to_bytes(2) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the client has gone, or the server is closing
        finally:
            self._streams.discard(writer)
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    __slots__ = ("_answer", "_transport")

    def __init__(self, answer: Callable[[bytes, int], bytes | None]) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]  # typeshed: any transport
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data, 512)  # RFC 1035 §4.2.1; more with EDNS
        if answer is not None:
            self._transport.sendto(answer, addr)


def _host_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError(text)
    return host.removeprefix("[").removesuffix("]"), int(port)


async def _run(zone_text: str, host: str, port: int) -> None:
    server = await DnsServer.start(zone_text, host, port)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host, port = server.address
    print(f"listening {f'[{host}]' if ':' in host else host}:{port}", flush=True)
    await stop.wait()
    server.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a zone file until SIGINT or SIGTERM; 2 for a bad zone or an address in use."""
    parser = argparse.ArgumentParser(prog="python -m sipfo.verify.lab.dns")
    parser.add_argument("--listen", type=_host_port, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("zonefile", type=Path)
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_run(options.zonefile.read_text(), *options.listen))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
