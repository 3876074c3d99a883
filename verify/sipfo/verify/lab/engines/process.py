"""An engine's program as a child: started in a folder, ready when it answers, ended with all its
processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import ssl
import sys
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from sipfo.runtime.sip.parameters import encode_host
from sipfo.verify.lab.engines.engine import EngineFailed

LOG: Final = "log"
START_LIMIT: Final = 15.0
"""Seconds that an engine may take until it answers."""

QUIET_LIMIT: Final = 2.0
"""Seconds after which an engine that does not answer strangers is taken to be there, once its
program runs and has its addresses."""

STOP_LIMIT: Final = 3.0
POLL: Final = 0.05
_LAST_LINES: Final = 12


class Program:
    """A running program with its log. Use `start`."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self._name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str]
    ) -> Program:
        """Start a command as the leader of a group of its own; what it says goes into its log.
        Raises EngineFailed when there is no such program."""
        log = folder / LOG
        try:
            with log.open("ab") as says:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    cwd=folder,
                    env={**os.environ, **environment},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=says,
                    stderr=says,
                    start_new_session=True,
                )
        except FileNotFoundError as error:
            raise EngineFailed(f"{name} cannot be started: no {error.filename}") from None
        return cls(name, process, log)

    def check(self) -> None:
        """Raises EngineFailed when the program has ended."""
        code = self._process.returncode
        if code is not None:
            raise EngineFailed(f"{self._name} ended with {code}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return "\n".join(lines[-_LAST_LINES:]) or "it said nothing"

    async def answers(self, host: str, port: int, transport: str = "udp") -> None:
        """Wait until it answers an OPTIONS over the transport that the first call will take, or
        keeps running at its addresses without doing so. Raises EngineFailed."""
        if transport == "udp":
            await self._answers_datagrams(host, port)
        else:
            await self._answers_on_a_connection(host, port, transport)
        self.check()

    async def _answers_on_a_connection(self, host: str, port: int, transport: str) -> None:
        """A connection that is taken proves nothing: Asterisk takes some before it is up, and loses
        what comes on them, which no caller sends a second time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            self.check()
            try:
                await self._answers_here(host, port, transport)
            except OSError as error:
                if loop.time() - began > START_LIMIT:
                    raise EngineFailed(
                        f"{self._name} takes no connection ({error}): {self.last_words()}"
                    ) from None
                await asyncio.sleep(POLL)
                continue
            return

    async def _answers_here(self, host: str, port: int, transport: str) -> None:
        """Wait until it answers on one connection, or has kept it without doing so. Raises OSError
        when it does not take one or breaks it, EngineFailed."""
        loop = asyncio.get_running_loop()
        reader, writer = await asyncio.open_connection(host, port, ssl=_any(transport))
        try:
            local = writer.get_extra_info("sockname")
            quiet = loop.time() + QUIET_LIMIT
            while loop.time() < quiet:
                self.check()
                writer.write(_options(host, port, local, transport))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        if await reader.read(1):
                            return
                        raise ConnectionResetError("it closes the connection")
        finally:
            writer.close()

    async def _answers_datagrams(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        heard = asyncio.Event()
        local = ("::1" if ":" in host else "127.0.0.1", 0)
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Hearing(heard), local_addr=local, remote_addr=(host, port)
        )
        refused = began
        try:
            while not heard.is_set():
                self.check()
                if not is_bound(host, port):
                    refused = loop.time()
                if loop.time() - refused > QUIET_LIMIT:
                    return
                if loop.time() - began > START_LIMIT:
                    raise EngineFailed(f"{self._name} does not answer: {self.last_words()}")
                transport.sendto(_options(host, port, transport.get_extra_info("sockname"), "udp"))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL):
                        await heard.wait()
        finally:
            transport.close()

    async def stop(self) -> None:
        """End it; what does not end by itself is killed."""
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_LIMIT):
                await self._process.wait()
        except TimeoutError:
            pass  # it has had its time
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def is_bound(host: str, port: int) -> bool:
    """Whether anybody has this UDP address, or this port at every address."""
    table = "udp6" if ":" in host else "udp"
    wanted = {f"{one}:{port:04X}" for one in (_in_proc(host), "0" * len(_in_proc(host)))}
    return any(line.split()[1] in wanted for line in _sockets(table))


def _in_proc(host: str) -> str:
    """An address as the kernel's tables have it: each four bytes as one number of the machine's."""
    packed = ip_address(host).packed
    words = (packed[at : at + 4] for at in range(0, len(packed), 4))
    return "".join(f"{int.from_bytes(one, sys.byteorder):08X}" for one in words)


def _sockets(table: str) -> Iterable[str]:
    try:
        return Path(f"/proc/self/net/{table}").read_text("ascii").splitlines()[1:]
    except OSError:
        return ()


class _Hearing(asyncio.DatagramProtocol):
    def __init__(self, heard: asyncio.Event) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._heard.set()

    def error_received(self, exc: Exception) -> None:
        return  # nobody is there yet


def _any(transport: str) -> ssl.SSLContext | None:
    """Believes everybody: whether the certificate is good is the caller's question."""
    if transport != "tls":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _options(host: str, port: int, local: tuple[str, int], transport: str) -> bytes:
    there, here = encode_host(host, port), encode_host(*local[:2])
    via = f"SIP/2.0/{transport.upper()} {here};branch=z9hG4bKready{local[1]};rport"
    return (
        f"OPTIONS sip:{there} SIP/2.0\r\nVia: {via}\r\n"
        f"From: <sip:ready@{here}>;tag=ready\r\nTo: <sip:{there}>\r\nCall-ID: ready@{here}\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    ).encode()
