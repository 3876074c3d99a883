"""TLS for SIPp, whose Debian build has none: socat before it, with its own OpenSSL.

What would surprise: socat serves one connection and ends with it. sipfo reaches a party over one
connection, and so does SIPp here.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from runtime.wire.papers import Authority
from sipp.addresses import Parties, at
from sipp.process import Process, is_bound, wait_for

NAME = "sipfo.example"
"""What sipfo's certificate is for."""


class Tunnels:
    """The certificates of one test, and every socat."""

    def __init__(self, parties: Parties, folder: Path) -> None:
        if shutil.which("socat") is None:
            pytest.skip("TLS was not judged: socat is not installed")
        self._parties = parties
        self._folder = folder
        self.authority = Authority(folder)
        self.ours = self.authority.issue("sipfo", f"DNS:{NAME}", subject=NAME)
        self.processes: list[Process] = []

    def before(self, name: str) -> None:
        """Listen for TLS as a callee, with a certificate for its declared address."""
        host, port = self._parties.of(name), self._parties.port(name, "tls")
        files = self.authority.issue(name, f"IP:{self._parties.declared(name)}")
        papers = f"cert={files.certificate},key={files.key},verify=0"
        listen = f"OPENSSL-LISTEN:{port},{_family(host)},bind={at(host)},reuseaddr,{papers}"
        there = at(host, self._parties.port(name, "plain"))
        self._start(name, listen, f"TCP:{there}", port)

    def after(self, name: str) -> tuple[str, int]:
        """Where a caller connects to in the clear, to reach sipfo over TLS; socat believes nobody
        but sipfo."""
        host, port = self._parties.of(name), self._parties.port(name, "tls")
        listen = f"TCP-LISTEN:{port},{_family(host)},bind={at(host)},reuseaddr"
        sipfo = at(self._parties.of("sipfo"), self._parties.port("sipfo", "tls"))
        checks = f"cafile={self.authority.file},commonname={NAME},verify=1"
        self._start(name, listen, f"OPENSSL:{sipfo},bind={at(host)},{checks}", port)
        return host, port

    def _start(self, name: str, one: str, other: str, port: int) -> None:
        process = Process(f"tls-{name}", ["socat", one, other], self._folder)
        self.processes.append(process)

        def there() -> bool:
            assert process.returncode is None, process.report()
            return is_bound("tcp", self._parties.of(name), port)

        wait_for(there, process.report)


def _bare(host: str) -> str:
    return at(host)


def _family(host: str) -> str:
    return "pf=ip6" if ":" in host else "pf=ip4"
