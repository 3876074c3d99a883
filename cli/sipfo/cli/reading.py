"""A FILE argument, and the files that it imports, to a policy's compilation or to a plan; what
cannot be used ends the command.

A plan is told from a policy by its first character, a brace, whatever the file is called. What
would surprise: warnings are shown only by the commands that are about them (check, compile).
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click

from sipfo.cli.targets import asked_for
from sipfo.cli.terminal import has_colour
from sipfo.compiler.imports import Failure, Load, Loaded
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.report.text import render
from sipfo.plan.codec import UnreadablePlan, read_plan
from sipfo.plan.decks import held
from sipfo.plan.model import Plan
from sipfo.plan.rates import BadDeck

MOST_BYTES = 64 * 1024 * 1024
"""A file longer than this is no policy: `/dev/zero` is one of them."""


MOST_LISTED = 200
"""Files in a folder among which one that was perhaps meant is looked for."""

_READ = (".sipfo", ".csv")
"""What the files are called that a policy names."""

STANDARD_INPUT = "-"
SHOWN_AS = "<stdin>"
"""What standard input is called in diagnostics and lists."""


class Unusable(click.ClickException):
    """An argument that nothing can be done with: one line on standard error, exit status 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"sipfo: {self.format_message()}", file=file, err=file is None)


def shown(path: str) -> str:
    """What a FILE argument is called where it is shown."""
    return SHOWN_AS if path == STANDARD_INPUT else path


def read_file(path: str) -> bytes:
    """The bytes of a file, or of standard input for `-`. Raises Unusable."""
    try:
        if path == STANDARD_INPUT:
            data = _standard_input()
        else:
            with Path(path).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unusable(f"cannot read {shown(path)}: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise Unusable(f"cannot read {shown(path)}: longer than {MOST_BYTES // 1024**2} MiB")
    return data


def _standard_input() -> bytes:
    stream = getattr(sys.stdin, "buffer", None)  # None where whoever started us closed it
    if stream is None:
        raise Unusable(f"cannot read {SHOWN_AS}: it is closed")
    data: bytes = stream.read(MOST_BYTES + 1)
    return data


def compile_file(path: str, targets: Sequence[str] = ()) -> Compilation:
    """Compile a policy, good or bad, with what it imports, for the targets named. Raises Unusable,
    also for a plan."""
    data = read_file(path)
    if is_plan(data):
        raise Unusable(f"{shown(path)} is a plan: give the policy that it was compiled from")
    return compile_bytes(data, path, targets)


def compile_bytes(data: bytes, path: str, targets: Sequence[str] = ()) -> Compilation:
    """The same for a file that has been read; what it imports is read now."""
    # A compilation makes a tree of a million small values and no garbage: collecting in the midst
    # of it takes a third of the time (benchmarks/compile.py).
    collects = gc.isenabled()
    gc.disable()
    try:
        identity = _identity(Path(path))
        return compile_source(data, shown(path), files_in(Path()), identity, asked_for(targets))
    finally:
        if collects:
            gc.enable()


def files_in(folder: Path) -> Load:
    """Opens what a policy imports, which stands beside the file that imports it.

    The paths that are shown are relative to `folder`.
    """

    def load(importing: str, wanted: str) -> Loaded | Failure:
        path = Path(importing).parent / wanted
        try:
            return _load(folder / path, str(path))
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
            return Failure(getattr(error, "strerror", None) or "no such file")

    return load


def _load(path: Path, called: str) -> Loaded | Failure:
    if not path.is_file():  # a device or a pipe might never end
        folder = islice(path.parent.glob("*.*"), MOST_LISTED)
        beside = sorted(other.name for other in folder if other.suffix in _READ)
        return Failure("not a file" if path.exists() else "no such file", tuple(beside))
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return Failure(f"longer than {MOST_BYTES // 1024**2} MiB")
    if is_plan(data):
        return Failure("it is a plan, not a policy")
    return Loaded(called, _identity(path), data)


def _identity(path: Path) -> str:
    """What tells a file from every other: a link, or `./a/../b.sipfo`, leads to the same file."""
    return str(path.resolve())


def read_policy(path: str) -> tuple[Plan, Compilation]:
    """A policy without errors; with errors, they are shown and the command ends with 1."""
    compilation = compile_file(path)
    return plan_or_exit(compilation), compilation


def read_plan_of(path: str) -> Plan:
    """The plan in a file, or of the policy in it. Raises Unusable; exits 1 for a policy's errors."""
    data = read_file(path)
    if not is_plan(data):
        return plan_or_exit(compile_bytes(data, path))
    try:
        plan = read_plan(data)
        for deck in plan.decks or ():
            held(deck)
    except (UnreadablePlan, BadDeck) as error:
        raise Unusable(f"{shown(path)} is no plan: {error}") from None
    return plan


def plan_or_exit(compilation: Compilation) -> Plan:
    """The plan; without one, show why on standard error and exit 1."""
    if compilation.plan is None:
        show(compilation)
        sys.exit(1)
    return compilation.plan


def show(compilation: Compilation) -> None:
    """Write a compilation's diagnostics to standard error."""
    text = render(compilation.source, compilation.diagnostics, colour=has_colour(sys.stderr))
    click.echo(text, err=True, nl=False)


def is_plan(data: bytes) -> bool:
    """Whether a file's content is JSON: no policy begins with a brace."""
    return data.lstrip()[:1] == b"{"
