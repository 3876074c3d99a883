"""baresip as a telephone: a process of its own, told what to do and heard over its control socket.

It has no sound device: what it hears is what it says (`aubridge`). What would surprise: its control
socket speaks netstrings of JSON, and events of a call come on it in between the answers.
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Final, Protocol

from runtime.wire.papers import Authority
from sipp.addresses import PORT, TLS_PORT, Parties, at
from sipp.process import Process, is_bound, wait_for

MODULES: Final = (
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/lib/aarch64-linux-gnu/baresip/modules",
)
CONTROL: Final = 4444
REGISTERED_FOR: Final = 600

_CONFIG: Final = """\
poll_method epoll
sip_listen {sip}
call_local_timeout 120
call_max_calls 4
audio_player aubridge,loop
audio_source aubridge,loop
audio_alert aubridge,alert
net_interface {host}
module_path {modules}
module g711.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {control}
"""

Event = dict[str, object]


class Surroundings(Protocol):
    """What a telephone needs of a test."""

    @property
    def block(self) -> Parties:
        """Where everybody is."""

    @property
    def folder(self) -> Path:
        """Where its files may be."""

    def join(self, other: Process) -> None:
        """Have its process ended with the others."""

    def report(self) -> str:
        """What everybody has said."""


class Phone:
    """One telephone at the address of a party."""

    def __init__(
        self,
        bench: Surroundings,
        name: str,
        user: str,
        authority: Authority,
        login: str,
        home: str | None = None,
    ) -> None:
        """`user` is who it is; `login` are parameters of its account, or empty. With a `home` it is
        of that domain, and registers there."""
        self._bench = bench
        self.host = bench.block.of(name)
        self.events: list[Event] = []
        self._said = b""
        self._answers: list[Event] = []
        folder = bench.folder / f"phone-{name}"
        folder.mkdir()
        files = authority.issue(name, f"IP:{bench.block.declared(name)}")
        assert files.key is not None
        papers = folder / "papers.pem"
        papers.write_bytes(Path(files.certificate).read_bytes() + Path(files.key).read_bytes())
        config = _CONFIG.format(
            sip=at(self.host, PORT),
            host=self.host,
            modules=next(one for one in MODULES if Path(one).is_dir()),
            control=at(self.host, CONTROL),
        )
        config += f"sip_certificate {papers}\nsip_cafile {authority.file}\n"
        (folder / "config").write_text(config, encoding="utf-8")
        interval = 0 if home is None else REGISTERED_FOR
        account = (
            f"<sip:{user}@{home or at(self.host)}>;regint={interval};answermode=manual{login}\n"
        )
        (folder / "accounts").write_text(account, encoding="utf-8")
        (folder / "contacts").touch()
        self._process = Process(f"phone-{name}", ["baresip", "-f", folder, "-s"], bench.folder)
        bench.join(self._process)
        wait_for(self._listens, self._report)
        self._socket = socket.create_connection((self.host, CONTROL))
        self._socket.setblocking(False)

    def dial(self, number: str, transport: str = "udp") -> None:
        """Call a number at sipfo."""
        port = TLS_PORT if transport == "tls" else PORT
        sipfo = at(self._bench.block.of("sipfo"), port)
        self.do("dial", f"sip:{number}@{sipfo};transport={transport}")

    def do(self, command: str, words: str = "") -> str:
        """Give it a command; what it says to that."""
        said = json.dumps({"command": command, "params": words, "token": command}).encode()
        self._socket.sendall(b"%d:%s," % (len(said), said))

        def answered() -> bool:
            self._read()
            return bool(self._answers)

        wait_for(answered, lambda: f"an answer to {command}\n{self._report()}")
        answer = self._answers.pop(0)
        assert answer["ok"] is True, f"{command}: {answer}\n{self._report()}"
        return str(answer["data"])

    def hears(self, kind: str, param: str = "") -> Event:
        """Wait for an event of a kind, whose parameter contains this, and take it with all before."""
        found: list[Event] = []

        def there() -> bool:
            self._read()
            for place, one in enumerate(self.events):
                if one["type"] == kind and param in str(one.get("param", "")):
                    found.append(one)
                    del self.events[: place + 1]
                    return True
            return False

        wait_for(there, lambda: f"{kind} {param}\n{self._report()}")
        return found[0]

    def close(self) -> None:
        """Hang up the control socket; the process is the bench's."""
        self._socket.close()

    def _listens(self) -> bool:
        assert self._process.returncode is None, self._process.report()
        return is_bound("tcp", self.host, CONTROL)

    def _read(self) -> None:
        try:
            while data := self._socket.recv(65536):
                self._said += data
        except BlockingIOError:
            pass  # that was all until now
        while True:
            length, colon, rest = self._said.partition(b":")
            if not colon or len(rest) <= int(length):
                return
            one = json.loads(rest[: int(length)])
            self._said = rest[int(length) + 1 :]
            (self.events if one.get("event") else self._answers).append(one)

    def _report(self) -> str:
        return f"events: {self.events}\n{self._bench.report()}"
