"""A policy under `sipfo run`, with SIPp on both sides of it and tcpdump beside it.

A test starts callees, the policy and a caller, and then asks what was attempted: sipfo's own lines
and the wire must agree. SIPp's exit status is part of every verdict. What would surprise: words in
braces in a scenario are filled in here, because SIPp takes no variable for a response it expects,
and because behind TLS it would say of itself what is not so.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from sipp import shark, strict
from sipp.addresses import Parties, at
from sipp.capture import CannotCapture, Capture, read_pcap
from sipp.process import STARTS, Process, is_bound, wait_for
from sipp.tunnel import Tunnels
from sipp.wire import Wire

HERE = Path(__file__).parent
NUMBER = "+13125550123"
"""The number that calls are placed to: the trunk's, in every policy."""

SIPP_LIMIT = "60s"
"""For all calls of a party; what hangs is found out sooner, by `wait_for`."""

DNS_PORT = 5353

OURS = ("sipfo", "us.primary", "us.secondary")
"""The parties that sipfo is."""

WORKERS = os.environ.get("SIPFO_WORKERS", "1")
"""How many workers `sipfo run` has, unless a test says so."""

WARNED = "sip && _ws.expert.severity >= 0x600000"
"""What tshark warns of; that a message was sent again, it only notes."""

_ATTEMPT = re.compile(
    r"call \S+  attempt [0-9]+  (?P<egress>\S+) to (?P<route>\S+)"
    r"  (?P<target>\S+)  (?P<outcome>[a-z0-9-]+)"
)
_RESULT = re.compile(r"  (?P<kind>answered|refused|cancelled) (?P<code>[0-9]{3})")

Attempts = list[tuple[str, str, str]]


class Bench:
    """One test's processes and what they did."""

    def __init__(self, block: Parties, folder: Path) -> None:
        """Use `sipfo`, `callee`, `caller`, then `finish`; `close` in any case."""
        self.block = block
        self.folder = folder
        self._sipp: list[Process] = []
        self._others: list[Process] = []
        self._callees: list[tuple[Process, str, str, int]] = []
        self._tls: Tunnels | None = None
        self._sipfo: Process | None = None
        self._told_to_stop = False
        self._capture: Capture | str
        try:
            self._capture = Capture(block, folder)
        except CannotCapture as error:
            self._capture = str(error)

    def sipfo(self, policy: str | Path, *options: str, **words: str) -> Process:
        """Start `sipfo run` on a file, or on a policy of this folder by name; by default it waits
        for nobody's end."""
        command = [sys.executable, "-m", "sipfo.cli.main", "run", "--grace=0"]
        maps = [f"--map={one}" for one in self.block.mappings]
        named = HERE / "policies" / f"{policy}.sipfo"
        file = policy if isinstance(policy, Path) else named
        if words:
            text = _filled(file.read_text(encoding="utf-8"), words, file.name)
            file = self.folder / file.name
            file.write_text(text, encoding="utf-8")
        workers = f"--workers={WORKERS}"
        self._sipfo = Process("sipfo", (*command, workers, *maps, *options, file), self.folder)
        return self._sipfo

    def dns(self, zone: str) -> str:
        """Serve a zone of this folder; what `--dns` takes."""
        place = f"{self.block.of('sipfo')}:{DNS_PORT}"
        command = [sys.executable, "-m", "sipfo.verify.lab.dns", "--listen", place]
        server = Process("dns", (*command, HERE / "zones" / zone), self.folder)
        self._others.append(server)
        server.says(b"listening")
        return place

    @property
    def seen(self) -> Path:
        """Where sipfo is to write what it sees, with `--pcap`: TLS in the clear."""
        return self.folder / "seen.pcap"

    def judge(self) -> Wire:
        """Hold what sipfo saw against tshark and the rules of `strict`; whole after `finish`."""
        said = self.seen.read_bytes()
        wire = Wire(list(read_pcap(said)), self.block)
        found = [
            *shark.faults(said),
            *shark.lines(said, WARNED),
            *strict.faults(wire.messages, OURS),
        ]
        assert not found, "\n".join(found)
        assert shark.count(said, "!sip") == 0
        return wire

    @property
    def tls(self) -> Tunnels:
        """What takes TLS off for SIPp, and the certificates; made when first asked for."""
        if self._tls is None:
            self._tls = Tunnels(self.block, self.folder)
        return self._tls

    def callee(
        self, name: str, scenario: str, *, calls: int = 1, transport: str = "udp", **words: str
    ) -> None:
        """Start a party that plays a scenario for so many calls."""
        process = self._start("callee", scenario, name, calls, transport, words)
        kind = ("tcp", "plain") if transport == "tls" else (transport, transport)
        place = self.block.of(name), self.block.port(name, kind[1])
        self._callees.append((process, kind[0], *place))
        if transport == "tls":
            self.tls.before(name)

    def caller(
        self,
        scenario: str = "hangs-up",
        *,
        name: str = "caller",
        calls: int = 1,
        transport: str = "udp",
        through: str = "sipfo",
        number: str = NUMBER,
        **words: str,
    ) -> Process:
        """Start a party that calls sipfo, by way of another if need be, once everybody else is
        there; one call at a time."""
        assert self._sipfo is not None, "no policy is running"
        wait_for(self._all_listen, lambda: f"every callee\n{self.report()}")
        self._sipfo.says(b"  ready  ", STARTS)
        place = self.block.of(through), self.block.port(through, transport)
        to = self.tls.after(name) if transport == "tls" else place
        more = ("-l", "1", "-s", number, at(*to))
        return self._start("caller", scenario, name, calls, transport, words, *more)

    def join(self, other: Process) -> None:
        """Have somebody else take part, who is ended and reported with the others."""
        self._others.append(other)

    def finish(self) -> None:
        """Wait until every scenario has been played to its end, then end sipfo; hold both verdicts.

        SIPp must be content, and sipfo must leave in order and without an internal error.
        """
        assert self._sipfo is not None, "no policy is running"
        wait_for(self._all_played, lambda: f"the end of every scenario\n{self.report()}")
        self.terminate()
        assert self._sipfo.ends() == 0, self.report()
        assert self._sipfo.stderr == b"", self.report()

    def terminate(self) -> None:
        """Tell sipfo to stop, as a service manager does: once."""
        assert self._sipfo is not None, "no policy is running"
        if not self._told_to_stop:
            self._told_to_stop = True
            self._sipfo.signal(signal.SIGTERM)

    @property
    def attempts(self) -> Attempts:
        """Egress, route and outcome of each attempt, as sipfo's lines say; whole after `finish`."""
        found = map(_ATTEMPT.search, self.lines)
        return [(one["egress"], one["route"], one["outcome"]) for one in found if one]

    @property
    def targets(self) -> list[str]:
        """The target of each attempt, as sipfo's lines say; whole after `finish`."""
        return [one["target"] for line in self.lines if (one := _ATTEMPT.search(line))]

    @property
    def results(self) -> list[tuple[str, int]]:
        """What each caller got, as sipfo's lines say; whole after `finish`."""
        found = map(_RESULT.search, self.lines)
        return [(one["kind"], int(one["code"])) for one in found if one]

    @property
    def lines(self) -> list[str]:
        """What sipfo has said so far."""
        assert self._sipfo is not None, "no policy is running"
        return self._sipfo.stdout.decode("utf-8").splitlines()

    @property
    def wire(self) -> Wire:
        """What was on the wire until now; where nobody may look, the test ends as skipped."""
        if isinstance(self._capture, str):
            pytest.skip(f"the wire was not judged: {self._capture}")
        return Wire(self._capture.packets(), self.block)

    @property
    def pcap(self) -> bytes:
        """The same as a capture file, for judges that read one."""
        if isinstance(self._capture, str):
            pytest.skip(f"the wire was not judged: {self._capture}")
        return self._capture.pcap()

    def report(self) -> str:
        """Everything that anybody wrote, for whoever reads about a failure."""
        texts = [f"--- {one} ({one.returncode})\n{one.report()}" for one in self._processes]
        texts += [
            f"--- {file.name}\n{file.read_text(errors='replace')}"
            for file in sorted(self.folder.glob("*.errors"))
        ]
        if isinstance(self._capture, Capture):
            texts.append(f"--- the wire\n{Wire(self._capture.packets(), self.block)}")
        return "\n".join(texts)

    def close(self) -> None:
        """End whatever still runs."""
        for one in self._processes:
            one.kill()
        if isinstance(self._capture, Capture):
            self._capture.stop()

    @property
    def _processes(self) -> list[Process]:
        tunnels = self._tls.processes if self._tls is not None else []
        sipfo = [self._sipfo] if self._sipfo is not None else []
        return [*self._sipp, *self._others, *tunnels, *sipfo]

    def _all_played(self) -> bool:
        for one in self._sipp:
            assert not one.returncode, f"SIPp as {one} is not content:\n{self.report()}"
        return all(one.returncode == 0 for one in self._sipp)

    def _all_listen(self) -> bool:
        for process, transport, host, port in self._callees:
            if process.returncode is None and not is_bound(transport, host, port):
                return False
            assert not process.returncode, f"SIPp as {process} did not start:\n{self.report()}"
        return True

    def _scenario(self, file: Path, name: str, words: dict[str, str], transport: str) -> Path:
        text = _filled(file.read_text(encoding="utf-8"), words, file.name)
        if transport == "tls":
            # SIPp knows of no TLS before it: neither the port, nor who is at its other end.
            for said, true in (
                ("[transport]", "TLS"),
                ("[local_port]", str(self.block.port(name, "tls"))),
                ("[remote_ip]", "[sipfo]"),
                ("[remote_port]", str(self.block.port("sipfo", "tls"))),
            ):
                text = text.replace(said, true)
        made = self.folder / f"{name}.xml"
        made.write_text(text, encoding="utf-8")
        return made

    def _start(
        self,
        side: str,
        scenario: str,
        name: str,
        calls: int,
        transport: str,
        words: dict[str, str],
        *more: str,
    ) -> Process:
        file = HERE / "scenarios" / side / f"{scenario}.xml"
        host = self.block.of(name)
        port = self.block.port(name, "plain" if transport == "tls" else transport)
        errors = self.folder / f"{name}.errors"
        command = ["sipp", "-sf", str(self._scenario(file, name, words, transport))]
        command += ["-t", "u1" if transport == "udp" else "t1"]
        command += ["-i", host, "-p", str(port), "-ci", host, "-mi", host, "-m", str(calls)]
        command += ["-nostdin", "-timeout", SIPP_LIMIT, "-timeout_error"]
        command += ["-key", "sipfo", at(self.block.of("sipfo"))]
        command += ["-trace_err", "-error_file", str(errors), *more]
        process = Process(name, command, self.folder)
        self._sipp.append(process)
        return process


def _filled(text: str, words: dict[str, str], what: str) -> str:
    for word, value in words.items():
        assert f"{{{word}}}" in text, f"{what} has no {{{word}}}"
        text = text.replace(f"{{{word}}}", value)
    return text
