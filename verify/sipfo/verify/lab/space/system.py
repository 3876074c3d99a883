"""The calls to Linux that Python 3.11 has no function for: namespaces, mounts, dying with a parent."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Final

NEW_MOUNTS: Final = 0x00020000  # sched.h: CLONE_NEWNS
NEW_USERS: Final = 0x10000000
NEW_PROCESSES: Final = 0x20000000
NEW_NETWORK: Final = 0x40000000

_BIND: Final = 0x1000  # sys/mount.h: MS_BIND
_PRIVATE: Final = 0x40000
_RECURSIVE: Final = 0x4000
_DIE_WITH_PARENT: Final = 1  # sys/prctl.h: PR_SET_PDEATHSIG

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(what: int) -> None:
    """Leave namespaces of the kinds in `what` for new ones (unshare(2)). Raises OSError."""
    _check(_libc.unshare(ctypes.c_int(what)))


def die_with_parent(parent: int) -> None:
    """Be killed when the parent dies, whatever it dies of; `parent` is its process id, by which a
    parent that is dead already is found out."""
    _check(_libc.prctl(_DIE_WITH_PARENT, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def keep_mounts_private() -> None:
    """Let no mount of this namespace be seen in another one. Raises OSError."""
    _mount(b"none", b"/", None, _RECURSIVE | _PRIVATE)


def bind(source: str, over: str) -> None:
    """Have a file stand where another one is. Raises OSError."""
    _mount(os.fsencode(source), os.fsencode(over), None, _BIND)


def mount_memory(over: str) -> None:
    """Have an empty file system in memory stand where a folder is. Raises OSError."""
    _mount(b"tmpfs", os.fsencode(over), b"tmpfs", 0)


def _mount(source: bytes, target: bytes, kind: bytes | None, flags: int) -> None:
    _check(_libc.mount(source, target, kind, ctypes.c_ulong(flags), None))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
