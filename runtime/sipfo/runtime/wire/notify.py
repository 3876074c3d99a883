"""What systemd is told: that we are ready, reloading, stopping, and alive (sd_notify(3)).

Without systemd every word is dropped. What would surprise: the watchdog is fed from a timer of the
event loop, so that a loop which turns no more, whatever keeps it, is found out; and it is not fed
when the server has stopped taking what comes.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import os
import re
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

_NUMBER = re.compile(r"[0-9]{1,18}")

BEATS: Final = 2
"""Signs of life in one watchdog interval ("half of the time", sd_watchdog_enabled(3))."""

LONGEST_STATUS: Final = 200


class Notifier:
    """The socket to the service manager, if there is one."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the process's environment, if
        none is given."""
        around = os.environ if environment is None else environment
        path = around.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._every = _watchdog(around)
        self._socket: socket.socket | None = None
        self._beating: asyncio.TimerHandle | None = None
        if self._address.startswith(("/", "\0")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)

    @property
    def is_heard(self) -> bool:
        """Whether there is anybody to tell."""
        return self._socket is not None

    def ready(self) -> None:
        """Serving, or serving again after a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Reading the policy again; `ready` ends it. systemd wants the moment (Type=notify-reload)."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """Taking no more calls."""
        self._tell("STOPPING=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        line = "".join(c if c.isprintable() else " " for c in text)[:LONGEST_STATUS]
        self._tell(f"STATUS={line}")

    def main_process(self, pid: int) -> None:
        """Another process is the service's main one from now on."""
        self._tell(f"MAINPID={pid}")

    def store(self, name: str, descriptors: Sequence[int]) -> bool:
        """Have descriptors kept for the next process, under one name; whether they were taken up."""
        if self._socket is None or not descriptors:
            return False
        rights = array.array("i", descriptors)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        try:
            self._socket.sendmsg(
                [f"FDSTORE=1\nFDNAME={name}".encode()], ancillary, 0, self._address
            )
        except OSError:
            return False
        return True

    def drop(self, name: str) -> None:
        """Have what is kept under a name closed."""
        self._tell(f"FDSTOREREMOVE=1\nFDNAME={name}")

    def watch(self, is_well: Callable[[], bool]) -> None:
        """Feed the watchdog, as long as `is_well`, from the running loop."""
        if self._every is None or self._socket is None:
            return
        if is_well():
            self._tell("WATCHDOG=1")
        loop = asyncio.get_running_loop()
        self._beating = loop.call_later(self._every, self.watch, is_well)

    def close(self) -> None:
        """Tell nothing more."""
        if self._beating is not None:
            self._beating.cancel()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, text: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # a service manager that is gone changes no call
                self._socket.sendto(text.encode("utf-8", "replace"), self._address)


def _watchdog(environment: Mapping[str, str]) -> float | None:
    """Seconds between signs of life, if this process is to give any."""
    wanted = environment.get("WATCHDOG_USEC", "")
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    if not _NUMBER.fullmatch(wanted) or int(wanted) == 0:
        return None
    return int(wanted) / 1_000_000 / BEATS
