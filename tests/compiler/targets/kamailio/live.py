"""A real Kamailio in a namespace of its own, as `sipfo compile` writes it and as its `start` runs it:
asked by RPC what it has read, and spoken to by parties who write their SIP by hand."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from sipfo.compiler.targets.folder import write
from sipfo.compiler.targets.kamailio.emit import render, render_cluster
from sipfo.plan.cluster import plan_of
from sipfo.plan.model import Plan
from sipfo.verify.lab.engines.kamailio import PACKAGES
from sipfo.verify.lab.space.enter import FILES
from sipfo.verify.lab.space.interface import add_addresses
from verify.lab.space.insides import found_inside

START_LIMIT: Final = 20.0
"""Seconds that it may take until it answers an RPC."""

_ENTRY: Final = re.compile(
    r"\t+name: (?P<name>.*)\n\t+value: (?P<value>.*)\n\t+type: (?P<type>.*)\n"
)


def inside(work: Callable[[], object]) -> Any:
    """What `work` returns in a namespace. Skips the test where there is no Kamailio, or no
    namespace to be had."""
    if shutil.which("kamailio") is None or shutil.which("kamcmd") is None:
        pytest.skip(f"no Kamailio: apt-get install --no-install-recommends {PACKAGES}")
    return found_inside(work)


class Refused(RuntimeError):
    """An RPC that Kamailio answered with an error."""


class Live:
    """A Kamailio that runs. Use `running`."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._process = process

    def rpc(self, *words: str) -> str:
        """What it answers, as kamcmd shows it. Raises Refused."""
        control = f"unix:{self.folder}/run/kamailio.sock"
        done = subprocess.run(["kamcmd", "-s", control, *words], capture_output=True, check=False)
        if done.returncode != 0 or done.stdout.startswith(b"error:") or done.stderr:
            raise Refused((done.stdout + done.stderr).decode("utf-8", "replace"))
        return done.stdout.decode("utf-8", "surrogateescape")

    def table(self, name: str) -> dict[str, str | int]:
        """Every key and value of an htable."""
        found: dict[str, str | int] = {}
        for one in _ENTRY.finditer(self.rpc("htable.dump", name)):
            value = one["value"]
            found[one["name"]] = int(value) if one["type"] == "int" else value
        return found

    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._process.pid

    def kill(self) -> None:
        """End it and all its processes at once, as a power cut does."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def put(plan: Plan, secrets: Mapping[str, str] | None = None) -> Path:
    """The files of a plan in a folder that is gone with the namespace."""
    folder = Path(FILES) / "kamailio"
    write(folder, render(plan, str(folder), secrets or {}))
    return folder


def put_cluster(plan: Plan, secrets: Mapping[str, str] | None = None) -> Path:
    """The files of a plan's cluster, a folder for each member in the one that is returned."""
    folder = Path(FILES) / "cluster"
    write(folder, render_cluster(plan, str(folder), secrets or {}))
    return folder


@contextmanager
def member_of(plan: Plan, folder: Path, name: str) -> Iterator[Live]:
    """A member of a cluster with the files of its folder, once it answers."""
    assert plan.cluster is not None
    (member,) = (one for one in plan.cluster.members if one.name == name)
    add_addresses({member.host})
    with started(plan_of(plan, member), folder / name) as live:
        yield live


@contextmanager
def running(
    plan: Plan,
    secrets: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Live]:
    """Kamailio with a plan, its addresses there; ended when the context is left."""
    with started(plan, put(plan, secrets), environment) as live:
        yield live


@contextmanager
def started(
    plan: Plan,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    before: tuple[str, ...] = (),
) -> Iterator[Live]:
    """Kamailio with the files of a folder; `before` is what its command line begins with."""
    add_addresses({*(one.host for one in plan.listen), *(one.host for one in plan.egress)})
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*before, folder / "start", "-DD", "-E"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "SHM_MEMORY": "64", **(environment or {})},
        )
    live = Live(folder, process)
    try:
        _wait(live)
        yield live
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(live: Live) -> None:
    """Return when it answers. Raises AssertionError with its log when it does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as clock:
        for _ in range(int(START_LIMIT / 0.05)):
            try:
                live.rpc("core.uptime")
            except Refused:
                assert live.alive(), live.log()
                select.select([clock], [], [], 0.05)
            else:
                return
    raise AssertionError(f"it does not answer: {live.log()}")


class Party:
    """Somebody with an address and a UDP socket."""

    def __init__(self, host: str, port: int = 5060) -> None:
        add_addresses([host])
        self.host, self.port = host, port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((host, port))

    def send(self, text: str, to: tuple[str, int]) -> None:
        """Send a message; lines end as SIP's do."""
        self._socket.sendto(text.replace("\n", "\r\n").encode("utf-8", "surrogateescape"), to)

    def hear(self, seconds: float = 3.0) -> str | None:
        """The next message, with plain ends of lines; None when there is none in that time."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return None
        data, self.heard_from = self._socket.recvfrom(65535)
        return data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")

    def hear_final(self, seconds: float = 5.0) -> str | None:
        """The next message that is no provisional."""
        while (heard := self.hear(seconds)) is not None:
            if not heard.startswith("SIP/2.0 1"):
                return heard
        return None


def header(message: str, name: str) -> list[str]:
    """Every value of a header field, in order."""
    return re.findall(rf"(?im)^{re.escape(name)}: *(.*)$", message)


def request(
    method: str,
    uri: str,
    by: Party,
    *,
    call: str = "call-1",
    branch: str = "one",
    tag: str = "caller",
    to: str = "",
    number: int = 1,
    lines: tuple[str, ...] = (),
) -> str:
    """A request of a party; `to` is the To-tag of a dialog, `lines` are further header fields."""
    here = f"[{by.host}]" if ":" in by.host else by.host
    fields = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/UDP {here}:{by.port};branch=z9hG4bK-{branch};rport",
        f"From: <sip:caller@{here}>;tag={tag}",
        f"To: <{uri}>{f';tag={to}' if to else ''}",
        f"Call-ID: {call}",
        f"CSeq: {number} {method}",
        "Max-Forwards: 70",
        f"Contact: <sip:{here}:{by.port}>",
        *lines,
        "Content-Length: 0",
    ]
    return "\n".join([*fields, "", ""])


def answer(heard: str, status: str, by: Party, tag: str = "callee") -> str:
    """A response to a request that a party heard."""
    copied = [
        line
        for line in heard.split("\n")
        if re.match(r"(?i)(via|record-route|from|call-id|cseq):", line)
    ]
    (to,) = header(heard, "To")
    to = to if ";tag=" in to else f"{to};tag={tag}"
    here = f"[{by.host}]" if ":" in by.host else by.host
    fields = [f"SIP/2.0 {status}", *copied, f"To: {to}", f"Contact: <sip:callee@{here}:{by.port}>"]
    return "\n".join([*fields, "Content-Length: 0", "", ""])
