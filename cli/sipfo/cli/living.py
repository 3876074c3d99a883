"""`--control`, `--grace`, `--take-over` and `--leave-calls` of `sipfo run`: how it comes and goes.

What would surprise: where a control socket is, unless the command line says so, depends on what is
there: systemd's runtime directory, or /run/sipfo, or nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from sipfo.runtime.estate import UnreadableEstate
from sipfo.runtime.wire.handover import CannotTakeOver, Legacy, Predecessor
from sipfo.runtime.wire.stored import Stored, given

RUNTIME_FOLDER: Final = Path("/run/sipfo")
NAME: Final = "sipfo.sock"

CONTROL_HELP: Final = (
    "The control socket; without this sipfo.sock in $RUNTIME_DIRECTORY or in /run/sipfo."
)


def default_control() -> Path | None:
    """Where the control socket is when nobody says so."""
    folder = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    if folder:
        return Path(folder) / NAME
    return RUNTIME_FOLDER / NAME if RUNTIME_FOLDER.is_dir() else None


@dataclass(frozen=True, slots=True)
class Living:
    """What the options ask for."""

    control: Path | None = None
    grace: float = 10.0
    take_over: bool = False
    leave_calls: bool = False

    @property
    def control_path(self) -> Path | None:
        """Where the control socket is to be."""
        return self.control or default_control()

    def legacy(self) -> Legacy | None:
        """What another process leaves, if any does: one that runs, or one that is gone. Raises
        CannotTakeOver."""
        if self.take_over:
            path = self.control_path
            if path is None:
                raise CannotTakeOver("no control socket here: add --control PATH")
            return Predecessor.ask(path)
        try:
            found = Stored(given(os.environ, os.getpid()))
        except UnreadableEstate as error:
            raise CannotTakeOver(f"the calls that were left cannot be read: {error}") from None
        return found if found.sockets or found.has_calls else None


_CONTROL = click.option(
    "--control",
    metavar="PATH",
    type=click.Path(dir_okay=False, path_type=Path),
    help=CONTROL_HELP,
)
_GRACE = click.option(
    "--grace",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long calls under way may go on after SIGINT or SIGTERM; a second signal ends them.",
)
_TAKE_OVER = click.option(
    "--take-over",
    is_flag=True,
    help="Take sockets and calls over from the sipfo that listens at the control socket, if any.",
)
_LEAVE_CALLS = click.option(
    "--leave-calls",
    is_flag=True,
    help="When told to stop, leave answered calls to the next process (systemd keeps them).",
)


def living(command: Callable[..., None]) -> Callable[..., None]:
    """The options for a command, which is given them as one argument, `living`."""

    @_CONTROL
    @_GRACE
    @_TAKE_OVER
    @_LEAVE_CALLS
    @wraps(command)
    def lived(
        *arguments: Any,
        control: Path | None,
        grace: float,
        take_over: bool,
        leave_calls: bool,
        **options: Any,
    ) -> None:
        wanted = Living(control, grace, take_over, leave_calls)
        command(*arguments, living=wanted, **options)

    return lived
