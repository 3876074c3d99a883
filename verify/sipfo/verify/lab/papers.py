"""One certificate for all the TLS servers of one play, made by the openssl program.

It signs itself and is believed as it stands, so that there is no authority whose key could get
about. What would surprise: the files that a policy names are not read; they are of the machine that
the policy is for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from sipfo.plan.model import Plan
from sipfo.runtime.wire.certificate import PemFiles, Trust
from sipfo.verify.lab.stage import CannotPlay

_DAYS = "2"
"""A play takes seconds; the clocks of two time zones may be a day apart."""


@dataclass(frozen=True, slots=True)
class Papers:
    """A certificate and its key, for whoever is a server."""

    files: PemFiles

    @property
    def trust(self) -> Trust:
        """What the runtime is to believe: this certificate and no other."""
        return Trust(ca=self.files.certificate)

    def server(self) -> ssl.SSLContext:
        """For a scripted endpoint."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.files.certificate, self.files.key)
        return context

    def client(self) -> ssl.SSLContext:
        """For the caller, who knows the address that it calls and no name."""
        context = ssl.create_default_context(cafile=self.files.certificate)
        context.check_hostname = False
        return context

    def plan(self, plan: Plan) -> Plan:
        """The plan with this certificate in place of those that it names."""
        papers = {"certificate": self.files.certificate, "key": self.files.key}
        listen = tuple(
            one.model_copy(update=papers) if one.transport == "tls" else one for one in plan.listen
        )
        return plan.model_copy(update={"listen": listen})


async def make_papers(names: Iterable[str], folder: Path) -> Papers:
    """A certificate for host names and addresses. Raises CannotPlay without openssl."""
    certificate, key = folder / "lab.pem", folder / "lab.key"
    alternatives = ",".join(f"{_kind(name)}:{name}" for name in names)
    try:
        openssl = await asyncio.create_subprocess_exec(
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-subj", "/CN=sipfo lab", "-days", _DAYS),
            *("-addext", f"subjectAltName={alternatives}"),
            *("-keyout", str(key), "-out", str(certificate)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        message = "TLS needs a certificate for the play, and the program openssl is not installed"
        raise CannotPlay(message) from None
    _, said = await openssl.communicate()
    if openssl.returncode != 0:
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise CannotPlay(f"openssl made no certificate for the play: {last}")
    return Papers(PemFiles(str(certificate), str(key)))


def _kind(name: str) -> str:
    try:
        ip_address(name)
    except ValueError:
        return "DNS"
    return "IP"
