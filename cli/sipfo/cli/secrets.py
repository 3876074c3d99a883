"""The secrets of a plan: from a file of `NAME=value` lines, and from the environment.

A file that others may read is refused, whatever is in it. What would surprise: everything after
the first `=` is the value, blanks and `#` included, so that any password can be written; one in
quotes is an error, because other readers of such files would take the quotes off.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from typing import Final

from sipfo.cli.reading import Unusable
from sipfo.plan.model import Plan
from sipfo.runtime.secret import MissingSecret, Secret, check_secrets, names

MOST_BYTES: Final = 1024 * 1024
"""A file longer than this holds no secrets."""

_LINE: Final = re.compile(rb"([A-Za-z_][A-Za-z0-9_]{0,127})=(.*)", re.DOTALL)
_QUOTED: Final = re.compile(rb"\"[^\"]*\"|'[^']*'", re.DOTALL)

HELP: Final = "set it in the environment, or name a file: `sipfo run --secrets FILE`"


def secrets_of(
    plan: Plan, path: str | None, environment: Mapping[str, str] | None = None
) -> dict[str, Secret]:
    """The secrets that a plan names, and no others: those of the file, then of the environment
    (the process's own, if None). Raises Unusable for a file that cannot be used and for secrets
    that are nowhere."""
    around = os.environ if environment is None else environment
    found = read_secrets(path) if path is not None else {}
    secrets = {
        name: found[name] if name in found else Secret(around[name])
        for name in names(plan)
        if name in found or name in around
    }
    try:
        check_secrets(plan, secrets)
    except MissingSecret as error:
        raise Unusable(f"{error}\n{HELP}") from None
    return secrets


def read_secrets(path: str) -> dict[str, Secret]:
    """Every secret of a file. Raises Unusable; its message holds no line's content."""
    found: dict[str, Secret] = {}
    for number, line in enumerate(_read(path).split(b"\n"), start=1):
        text = line.removesuffix(b"\r")
        if not text.strip() or text.lstrip().startswith(b"#"):
            continue
        one = _LINE.fullmatch(text)
        if one is None:
            raise Unusable(f"{path}:{number}: write `NAME=value`")
        name = one[1].decode("ascii")
        if name in found:
            raise Unusable(f"{path}:{number}: `{name}` has a value already")
        if _QUOTED.fullmatch(one[2]):
            raise Unusable(f"{path}:{number}: write the value of `{name}` without quotes")
        found[name] = Secret(one[2].decode("utf-8", "surrogateescape"))
    return found


def _read(path: str) -> bytes:
    """The content of a file that is its owner's business. Raises Unusable."""
    try:
        # A pipe that nobody writes to is opened at once, and then found to be no file.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise Unusable(f"{path}: not a file")
            _check_mode(path, stat.S_IMODE(status.st_mode))
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        reason = getattr(error, "strerror", None) or "no such file"
        raise Unusable(f"cannot read {path}: {reason}") from None
    if len(data) > MOST_BYTES:
        raise Unusable(f"{path}: longer than {MOST_BYTES // 1024**2} MiB")
    return data


def _check_mode(path: str, mode: int) -> None:
    """Only the owner may write it, only the owner and its group read it. Raises Unusable."""
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        who = "others" if mode & stat.S_IRWXO else "the group"
        what = "read" if mode & stat.S_IROTH else "change"
        raise Unusable(f"{path}: {who} may {what} it (mode {mode:04o})\nrun: chmod g-w,o= {path}")
