"""A FILE argument to a policy's compilation or to a plan; what cannot be used ends the command.

A plan is told from a policy by its first character, a brace, whatever the file is called. What
would surprise: warnings are shown only by the commands that are about them (check, compile).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, Any

import click

from sipfo.cli.terminal import has_colour
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.report.text import render
from sipfo.plan.codec import UnreadablePlan, read_plan
from sipfo.plan.model import Plan

MOST_BYTES = 64 * 1024 * 1024
"""A file longer than this is no policy: `/dev/zero` is one of them."""


class Unusable(click.ClickException):
    """An argument that nothing can be done with: one line on standard error, exit status 2."""

    exit_code = 2

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"sipfo: {self.format_message()}", file=file, err=file is None)


def read_file(path: str) -> bytes:
    """The file's bytes. Raises Unusable."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror or error}") from None
    if len(data) > MOST_BYTES:
        raise Unusable(f"cannot read {path}: longer than {MOST_BYTES // 1024**2} MiB")
    return data


def compile_file(path: str) -> Compilation:
    """Compile a policy, good or bad. Raises Unusable, also for a plan."""
    data = read_file(path)
    if is_plan(data):
        raise Unusable(f"{path} is a plan: give the policy that it was compiled from")
    return compile_source(data, path)


def read_policy(path: str) -> tuple[Plan, Compilation]:
    """A policy without errors; with errors, they are shown and the command ends with 1."""
    compilation = compile_file(path)
    return plan_or_exit(compilation), compilation


def read_plan_of(path: str) -> Plan:
    """The plan in a file, or of the policy in it. Raises Unusable; exits 1 for a policy's errors."""
    data = read_file(path)
    if not is_plan(data):
        return plan_or_exit(compile_source(data, path))
    try:
        return read_plan(data)
    except UnreadablePlan as error:
        raise Unusable(f"{path} is no plan: {error}") from None


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
