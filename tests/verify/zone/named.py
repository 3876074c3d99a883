"""A real BIND on loopback, with zones as a test writes them: started for a test module, and stopped."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, run

import pytest

from unpacked import program

_LIMIT = 10.0


def free_port() -> int:
    """A port that is free for UDP and TCP a moment ago."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def named(folder: Path, zones: Mapping[str, str]) -> Iterator[int]:
    """The port of a BIND that is the authority for `zones`: whole zone files by their names."""
    port = free_port()
    config = folder / "named.conf"
    parts = [
        f'options {{ directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }};',
        "  listen-on-v6 { none; }; recursion no; pid-file none; session-keyfile none;",
        "  empty-zones-enable no; };",
        "controls { };",
    ]
    for name, text in zones.items():
        (folder / name).write_text(text)
        parts.append(
            f'zone "{name}" {{ type primary; file "{folder / name}"; check-names ignore; }};'
        )
    config.write_text("\n".join(parts))
    binary = program("named", "bind9")
    if run([binary, "-V"], capture_output=True, check=False).returncode:
        pytest.skip("named does not run: its libraries are missing (Debian package bind9-libs)")
    command = [binary, "-4", "-g", "-n", "1", "-c", str(config)]
    with Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            said: list[str] = []
            for line in process.stdout:
                said.append(line)
                if "running" in line.split():
                    break
            else:
                raise AssertionError("named has not started:\n" + "".join(said))
            yield port
        finally:
            process.terminate()
            process.stdout.read()
            process.wait(_LIMIT)
