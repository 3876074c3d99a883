"""A process to one inside a private namespace: no network but its own, files in memory, its own
name server.

Killing any process of the chain kills all that follow it, engines included, since the innermost one
is the first of its process namespace (pid_namespaces(7)); with the last process the kernel drops
the network, the mounts and the files.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sipfo.verify.lab.space import interface, system

NAME_SERVER: Final = "127.0.0.53"
"""Where the name server of a namespace listens, at port 53."""

FILES: Final = "/dev/shm"
"""A folder that is private to a namespace and gone with it."""

RESOLVER: Final = "/etc/resolv.conf"

NEEDED: Final = (
    "a private network needs root, or unprivileged user namespaces "
    "(sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)"
)

_KINDS: Final = system.NEW_NETWORK | system.NEW_MOUNTS | system.NEW_PROCESSES


class NoNamespace(OSError):
    """The system gives us no namespace; the message says what it needs."""


def become_root() -> None:
    """Be root in a user namespace of our own, unless namespaces are ours to make anyway.

    To be called once, by a process with one thread. Raises NoNamespace.
    """
    if _may():
        return
    user, group = os.geteuid(), os.getegid()
    try:
        system.unshare(system.NEW_USERS)
        Path("/proc/self/setgroups").write_text("deny", "ascii")  # user_namespaces(7)
        Path("/proc/self/uid_map").write_text(f"0 {user} 1", "ascii")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1", "ascii")
    except OSError as error:
        raise NoNamespace(error.errno, f"{NEEDED}: {error.strerror}") from None
    if not _may():
        raise NoNamespace(0, NEEDED)


def _may() -> bool:
    """Whether a network namespace can be had as we are; a child tries."""
    child = os.fork()
    if child == 0:
        try:
            system.unshare(_KINDS)
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return status == 0


def run_inside(work: Callable[[], int]) -> int:
    """Fork a process whose child runs `work` in a namespace of its own; the id of the outer one,
    which exits with the status that `work` returns. Raises OSError where nothing can be forked."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os._exit(_guarded(lambda: _outer(parent, work)))
    return child


def _outer(parent: int, work: Callable[[], int]) -> int:
    system.die_with_parent(parent)
    system.unshare(_KINDS)
    life, held = os.pipe()  # the second end is held by this process alone, for as long as it lives
    first = os.fork()
    if first == 0:
        os.close(held)
        os._exit(_guarded(lambda: _inner(life, work)))
    os.close(life)
    _, status = os.waitpid(first, 0)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _inner(life: int, work: Callable[[], int]) -> int:
    """The first process of the namespace; from inside, its parent has no id to be known by."""
    system.die_with_parent(0)
    if select.select([life], [], [], 0)[0]:
        return 1  # the parent was dead before that
    os.close(life)
    system.keep_mounts_private()
    system.mount_memory(FILES)
    resolver = Path(FILES) / "resolv.conf"
    resolver.write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:2\n", "ascii")
    if Path(RESOLVER).exists():
        system.bind(str(resolver), str(Path(RESOLVER).resolve()))
    interface.come_up()
    return work()


def asks_our_name_server() -> bool:
    """Whether programs in this namespace look names up at its own server."""
    try:
        return NAME_SERVER in Path(RESOLVER).read_text("ascii", "replace")
    except OSError:
        return False


def _guarded(work: Callable[[], int]) -> int:
    """A forked process ends here, whatever happens; what went wrong is shown."""
    try:
        return work()
    except Exception:  # noqa: BLE001 - the process ends with this
        sys.excepthook(*sys.exc_info())
        return 1
