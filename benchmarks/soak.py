"""Half an hour of failures at a steady rate: `python benchmarks/soak.py [--minutes 30] [--rate 8]`.

A real `sipfo run` with everything on that it can keep and show: records, metrics, JSON log, HEP,
capture file, control socket. Its callees answer, refuse, ring for ever, say nothing, answer when
nobody waits any more, reset their connections; one address has nobody. Its callers hang up, leave
while it rings, never acknowledge; strangers try their luck; the policy is read again by SIGHUP
every two minutes; with `--replace` the process is replaced by another again and again. In the end the views of callers, callees, records, metrics and log are compared.

The exit status is 1 when they disagree, when a bug was met, or when memory has grown.
Everything stays on loopback, in 127.x.y.0/24.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import signal
import socket
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from soak_audit import MAY_BE_LATE, audit, audit_counts, is_orphan, read_rows
from soak_callee import Callee, Habits
from soak_caller import Caller
from soak_wire import Datagrams, Streams

POLICY = """\
sipfo 1
listen udp {net}.10:5060
listen tcp {net}.10:5060
region us {{ primary {net}.11  secondary {net}.12 }}
retry soak {{
    failover on 408, 480, 500, 503, 504, transport-error
    stop     on 404, 486, 603
    otherwise stop
    no-response 1500ms
    no-progress 2s
    no-answer   {no_answer}
}}
route east   {{ to sip:{net}.21 }}
route gone   {{ to sip:{net}.22 }}
route stream {{ to sip:{net}.23;transport=tcp }}
route west   {{ to sip:{net}.24{probe} }}
carrier spare {{ to sip:{net}.25 }}
trunk soak {{
    numbers +1312555
    accept  from {net}.96/28
    from    us
    routes  round-robin east, gone, stream, west
    retry   soak
    deadline 20s
    on failure forward to +13120000000 via spare
}}
"""

HABITS: dict[str, tuple[int, Habits]] = {
    "east": (
        21,
        {
            "refuses": 0.3,
            "rings, refuses": 0.15,
            "answers": 0.15,
            "silent": 0.1,
            "answers late": 0.06,
            "rings late": 0.06,
            "tries for ever": 0.05,
            "rings for ever": 0.04,
            "answers the CANCEL": 0.04,
            "cancels like RFC 2543": 0.03,
            "busy": 0.02,
        },
    ),
    "stream": (23, {"answers": 0.4, "refuses": 0.3, "resets": 0.15, "tries, resets": 0.15}),
    "west": (24, {"answers": 0.7, "refuses": 0.15, "silent": 0.1, "busy": 0.05}),
    "spare": (25, {"answers": 0.6, "answers at once": 0.3, "refuses": 0.1}),
}

STREAMS = {"stream"}
"""The callees that speak TCP."""

STRANGER_EVERY = 1.0
"""Seconds between the INVITEs of somebody whom no trunk accepts: each is answered 403, or with
silence when it names itself as a scanner."""

SETTLING = 110.0
"""Seconds until nothing can come any more: the deadline, a talk, an answer that nobody has
acknowledged (64·T1), and the last transaction (64·T1)."""

BRIEFLY = 6
"""Seconds without a call that `--brief` waits for, instead of until nothing can come any more:
nobody here answers later than that."""

WARM_UP = 300.0
"""Seconds until what is remembered has its full size: 64·T1 for given-up attempts, three minutes
more for those that a phone may still answer."""

MAY_GROW = 0.05, 0.2
"""The parts by which memory in use and resident memory may grow between the first and last tenth
after the warm-up. The latter is what Python's allocator has ever needed and could not give back: it
levels off slowly."""


class Sample(NamedTuple):
    """The process at one moment: KiB, CPU seconds, and so many of the others."""

    at: float
    blocks: int
    resident: int
    cpu: float
    descriptors: int
    placed: int

    def __str__(self) -> str:
        return (
            f"{self.at:7.0f} s {self.blocks:8d} blocks {self.resident:8d} KiB "
            f"{self.cpu:7.1f} s CPU {self.descriptors:4d} fds {self.placed:6d} calls"
        )


class Soak:
    """One run."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self._options = options
        self._folder = folder
        self._guard, self.net = _network()
        self.callees = [
            Callee(
                *(name, Streams if name == "stream" else Datagrams, f"{self.net}.{octet}"),
                *(habits, octet),
            )
            for name, (octet, habits) in HABITS.items()
        ]
        self.callers = [
            Caller(
                *(f"caller{octet}", Streams if octet == 99 else Datagrams, f"{self.net}.{octet}"),
                *(f"{self.net}.10", octet, not options.brief),
            )
            for octet in (97, 98, 99)
        ]
        self.samples: list[Sample] = []
        self.strangers = self.turned_away = self.shown = self.reloads = 0
        self._is_probing = True
        self.pids: list[int] = []
        """Of every process that served, the last one serves."""
        self._replacing: asyncio.Task[None] | None = None
        self._started = time.monotonic()

    @property
    def placed(self) -> int:
        return sum(len(caller.calls) for caller in self.callers)

    async def run(self) -> list[str]:
        """What is wrong."""
        for one in (*self.callees, *self.callers):
            await one.wire.open()
        loop = asyncio.get_running_loop()
        stranger = await self._open(f"{self.net}.200", self._told_stranger)
        collector = await self._open(f"{self.net}.9", self._collected)
        self._write_policy()
        await self._start()
        self._started = loop.time()
        seconds = 60 * self._options.minutes
        tasks = [
            loop.create_task(self._every(each, work))
            for each, work in (
                (1 / self._options.rate, self._place),
                (STRANGER_EVERY, lambda: self._stray(stranger)),
                (self._options.sample, self._sample_soon),
                (self._options.reload, self._reload),
                (10.0, self._cut_off),
                *(((self._options.replace, self._replace),) if self._options.replace else ()),
            )
        ]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await self._sample()
        await self._settle()
        metrics = await loop.run_in_executor(None, self._metrics)
        problems = [text for one in (*self.callees, *self.callers) for text in one.faults]
        problems += await self._stop()
        stranger.close()
        collector.close()
        for one in (*self.callees, *self.callers):
            one.wire.close()
        return [*problems, *self._compare(metrics), *self._grown()]

    async def _open(self, host: str, heard: Callable[[bytes], None]) -> asyncio.DatagramTransport:
        class Ear(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, _: object) -> None:
                heard(data)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=(host, 5060))
        return transport

    def _told_stranger(self, data: bytes) -> None:
        self.turned_away += data.startswith(b"SIP/2.0 403 ")

    def _collected(self, data: bytes) -> None:
        self.shown += data.startswith(b"HEP3")

    def _write_policy(self) -> None:
        text = POLICY.format(
            net=self.net,
            no_answer=("2s", "1900ms")[self.reloads % 2],
            probe="  probe every 5s down after 3 up after 2" if self._is_probing else "",
        )
        (self._folder / "soak.sipfo").write_text(text, encoding="utf-8")

    async def _start(self) -> None:
        words = [sys.executable, "-m", "sipfo.cli.main", "run", "soak.sipfo", "--log", "json"]
        words += ["--records", "calls.db", "--metrics", f"{self.net}.10:9060"]
        words += ["--hep", f"{self.net}.9:5060", "--pcap", "calls.pcap", "--pcap-size", "4"]
        words += ["--control", str(self._folder / "s.sock")]
        words += ["--grace", "0"] if self._options.brief else []
        with (self._folder / "out").open("wb") as out, (self._folder / "err").open("wb") as err:
            self._first = await asyncio.create_subprocess_exec(
                *words, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=err, cwd=self._folder
            )
        self.pids.append(self._first.pid)
        async with asyncio.timeout(60):
            while b'"ready"' not in (self._folder / "out").read_bytes():
                if self._first.returncode is not None:
                    raise RuntimeError((self._folder / "err").read_text(encoding="utf-8"))
                await asyncio.sleep(0.05)

    def _replace(self) -> None:
        """Have it replaced by another process, under load, unless that is under way."""
        if self._replacing is None or self._replacing.done():
            self._replacing = asyncio.get_running_loop().create_task(self._replace_now())

    async def _replace_now(self) -> None:
        made = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sipfo.cli.main", "replace"),
            *("--control", str(self._folder / "s.sock")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await made.communicate()
        found = re.search(rb"process ([0-9]+)", said)
        if found is not None:
            self.pids.append(int(found[1]))
        elif b"is not over yet" not in said:
            raise RuntimeError(f"it was not replaced: {said.decode()}")

    async def _every(self, seconds: float, work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += seconds
            work()

    def _place(self) -> None:
        self.callers[self.placed % len(self.callers)].place()

    def _stray(self, transport: asyncio.DatagramTransport) -> None:
        self.strangers += 1
        host = f"{self.net}.200"
        invite = (
            f"INVITE sip:+13125550123@{self.net}.10 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:5060;branch=z9hG4bKs{self.strangers}\r\n"
            f"From: <sip:x@{host}>;tag=s\r\nTo: <sip:y@{self.net}.10>\r\n"
            f"Call-ID: s{self.strangers}@{host}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:x@{host}>\r\n"
            f"User-Agent: {('phone', 'friendly-scanner')[self.strangers % 2]}\r\n"
            "Content-Length: 0\r\n\r\n"
        )
        transport.sendto(invite.encode(), (f"{self.net}.10", 5060))

    def _reload(self) -> None:
        self.reloads += 1
        self._write_policy()
        os.kill(self.pids[-1], signal.SIGHUP)

    def _cut_off(self) -> None:
        """A caller by TCP comes back on another connection when nothing of its is under way."""
        for caller in self.callers:
            if caller.is_quiet:
                caller.wire.cut_off()

    def _sample_soon(self) -> None:
        self._sampling = asyncio.get_running_loop().create_task(self._sample())

    async def _sample(self) -> None:
        at = time.monotonic() - self._started
        metrics = await asyncio.get_running_loop().run_in_executor(None, self._metrics)
        sample = Sample(
            at,
            int(metrics["sipfo_memory_blocks_current", ""]),
            int(metrics["process_resident_memory_bytes", ""]) // 1024,
            metrics["process_cpu_seconds_total", ""],
            int(metrics["process_open_fds", ""]),
            self.placed,
        )
        self.samples.append(sample)
        if not self._options.quiet:
            print(sample, flush=True)

    async def _settle(self) -> None:
        """Wait until nothing is under way."""
        self._is_probing = False
        self._reload()
        loop = asyncio.get_running_loop()
        end = loop.time() + SETTLING
        waited_for = ["sipfo_calls_current", "sipfo_transactions_current"]
        quiet = 0
        while loop.time() < end and quiet < (BRIEFLY if self._options.brief else 2):
            await asyncio.sleep(1)
            metrics = await loop.run_in_executor(None, self._metrics)
            names = waited_for[:1] if self._options.brief else waited_for
            busy = any(value for (name, _), value in metrics.items() if name in names)
            quiet = 0 if busy else quiet + 1

    def _metrics(self) -> dict[tuple[str, str], float]:
        for again in range(20):
            try:
                text = self._page()
                break
            except ConnectionRefusedError:  # between a process and the one that takes over
                if again == 19 or not self._options.replace:
                    raise
                time.sleep(0.25)
        found = {}
        for line in text.splitlines():
            match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if match is not None:
                found[match[1], match[2] or ""] = float(match[3])
        return found

    def _page(self) -> str:
        try:
            with urllib.request.urlopen(f"http://{self.net}.10:9060/metrics", timeout=20) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                raise error.reason from None
            raise

    async def _stop(self) -> list[str]:
        if self._replacing is not None:
            await self._replacing
        os.kill(self.pids[-1], signal.SIGTERM)  # and it tells those before it
        problems = []
        try:
            async with asyncio.timeout(30):
                while any(map(_is_running, self.pids)):
                    await asyncio.sleep(0.1)
                status = await self._first.wait()
                problems += [f"exit status {status}"] if status else []
        except TimeoutError:
            problems.append("it did not end within 30 s of SIGTERM")
        said = (self._folder / "err").read_text(encoding="utf-8")
        return problems + ([f"standard error: {said}"] if said else [])

    def _compare(self, metrics: dict[tuple[str, str], float]) -> list[str]:
        rows = read_rows(self._folder / "calls.db")
        calls = [call for caller in self.callers for call in caller.calls.values()]
        legs = [leg for callee in self.callees for leg in callee.legs.values()]
        hosts = {name: f"{self.net}.{octet}" for name, (octet, _) in HABITS.items()}
        late: list[str] = []
        problems = list(audit(calls, legs, rows, hosts, STREAMS, late))
        problems += audit_counts(
            *(metrics, rows, self._folder / "out", self.strangers),
            *(not self._options.brief, not self._options.replace),
        )
        if self.turned_away != self.strangers // 2:  # every second one is a scanner
            problems.append(f"{self.strangers} strangers, {self.turned_away} were told 403")
        if not self.shown:
            problems.append("the HEP collector has seen nothing")
        records = sum(map(len, rows.values()))
        attempts = Counter(
            one.outcome for found in rows.values() for row in found for one in row.attempts
        )
        print(f"{len(calls)} calls placed, {records} records, {sum(attempts.values())} attempts")
        print(f"{len(late)} attempts in which this machine stood still beyond a timer")
        too_many = len(late) > MAY_BE_LATE * sum(attempts.values())
        if too_many and not self._options.brief:  # a test may run on any machine
            problems += late
        print("callers were told", _listed(Counter(str(call.code) for call in calls)))
        print("attempts ended in", _listed(attempts))
        print("callees saw", _listed(Counter(leg.habit for leg in legs)))
        vain = sum(
            leg.final == 200 and leg.habit in ("answers late", "answers the CANCEL") for leg in legs
        )
        print(f"{vain} answers in vain, {sum(is_orphan(leg, STREAMS) for leg in legs)} orphans")
        errors = sum(v for (n, _), v in metrics.items() if n == "sipfo_internal_errors_total")
        print(
            f"{errors:g} internal errors, {self.reloads} reloads, {len(self.pids) - 1} replacements, "
            f"{self.shown} messages by HEP"
        )
        return problems

    def _grown(self) -> list[str]:
        """What memory did after the warm-up."""
        last = self.samples[-1]
        print(f"{100 * last.cpu / last.at:.0f} % of a core at {self._options.rate:g} calls/s")
        steady = [one for one in self.samples if one.at >= WARM_UP]
        if len(steady) < 20 or self._options.replace:
            return []
        tenth = max(len(steady) // 10, 5)
        problems = []
        for what, unit, most in (
            ("blocks", "blocks", MAY_GROW[0]),
            ("resident", "KiB", MAY_GROW[1]),
        ):
            values = [(one.at, getattr(one, what)) for one in steady]
            first = statistics.mean(value for _, value in values[:tenth])
            final = statistics.mean(value for _, value in values[-tenth:])
            slope = 60 * statistics.linear_regression(*zip(*values, strict=True)).slope
            text = (
                f"memory, {what}: {first:.0f} {unit} after {WARM_UP:.0f} s, {final:.0f} at the end "
                f"({final / first - 1:+.1%}), slope {slope:+.0f} a minute"
            )
            print(text)
            problems += [text] if final > (1 + most) * first else []
        return problems


def _is_running(pid: int) -> bool:
    """Whether a process is there, and more than a name that nobody has asked for yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counted.most_common())


def _network() -> tuple[socket.socket, str]:
    """A network of 127.0.0.0/8 that nobody else uses, kept by a bound socket."""
    for place in range(os.getpid(), os.getpid() + 60_000):
        second, third = divmod(place % 60_000, 240)
        net = f"127.{second % 240 + 10}.{third + 10}"
        guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            guard.bind((f"{net}.254", 5060))
        except OSError:
            guard.close()
        else:
            return guard, net
    raise RuntimeError("every network is taken")


def main() -> None:
    """Run it, and say what is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=8.0, help="calls a second")
    parser.add_argument("--sample", type=float, default=10.0, help="seconds between samples")
    parser.add_argument("--reload", type=float, default=120.0, help="seconds between reloads")
    parser.add_argument(
        "--replace", type=float, default=0.0, help="seconds between `sipfo replace`s; 0 is never"
    )
    parser.add_argument("--keep", type=Path, help="leave books, log and captures in this folder")
    parser.add_argument(
        "--brief", action="store_true", help="without what takes 64·T1 to end, for tests"
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each sample")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sipfo-soak-") as made:
        folder = options.keep or Path(made)
        folder.mkdir(exist_ok=True)
        print(
            f"{platform.python_implementation()} {platform.python_version()}, "
            f"{os.cpu_count()} cores, {options.minutes:g} minutes at {options.rate:g} calls/s"
        )
        soak = Soak(options, folder)
        try:
            problems = asyncio.run(soak.run())
        finally:
            for pid in filter(_is_running, soak.pids):
                os.kill(pid, signal.SIGKILL)
    for text in problems[:100]:
        print(f"WRONG  {text}")
    print(f"{len(problems)} things are wrong" if problems else "every view agrees")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
