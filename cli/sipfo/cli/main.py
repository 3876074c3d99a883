"""`sipfo`: the front door. Arguments to one command, each imported only when it is used.

What would surprise: the list of commands is a table here, so that `--help` and `--version` load
next to nothing of ours.
"""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path

import click

from sipfo.grammar.diagnostic import one_of
from sipfo.grammar.near import near

COMMANDS = {
    "init": "Write a first policy to start from.",
    "import": "Make a first policy of a configuration that you have.",
    "check": "Say what is wrong with a policy, and where.",
    "fmt": "Lay policies out in the house's style.",
    "simulate": "Show what one call would do, without placing it.",
    "budget": "Show the longest that a caller can wait.",
    "audit": "Fail each single thing and show what is lost.",
    "test": "Run a policy's test blocks.",
    "diff": "Say which calls change between two policies or plans.",
    "coverage": "Say which rules a policy's tests exercise, and which changes they would miss.",
    "dns": "Compare what DNS publishes with what a policy needs.",
    "demo": "Place a policy's test calls over loopback and draw them.",
    "compile": "Turn a policy into a plan.",
    "run": "Carry calls by a policy or a plan.",
    "reload": "Have a running sipfo read its policy again.",
    "replace": "Have a running sipfo replaced by what is installed now.",
    "drain": "Have a running sipfo stop, once its calls are over.",
    "show": "Show the routes, carriers, trunks or calls of a running sipfo.",
    "top": "Show a running sipfo on one screen.",
    "ctl": "Call a method of a running sipfo.",
    "calls": "List the calls that were recorded.",
    "ladder": "Draw what a recorded call did.",
    "why": "Say rule by rule why a recorded call went where it went.",
    "replay": "Say what a policy would have done with calls that took place.",
    "ping": "Say where a SIP URI leads, and whether it answers.",
    "export": "Write a policy with what was changed of it over the API.",
    "schema": "Print the JSON Schema of the plan.",
    "explain": "Say what a diagnostic's code means.",
}
"""Command to its one line of help, in the order in which one works."""

MODULES = {"import": "importing"}
"""The module of a command whose name no module can have."""

INTERRUPTED = 130
"""The exit status of a program that SIGINT ended, as shells report it."""

BROKEN_PIPE = 141
"""The same for SIGPIPE: whoever read the output has stopped reading."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in working order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"sipfo.cli.{MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and names that are near a misspelt one."""
        meant = near(args[0], COMMANDS) if args[0] not in COMMANDS else ()
        if meant:
            ctx.fail(f"no command is called {args[0]}: did you mean {one_of(meant)}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table, without importing what it lists."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sipfo", prog_name="sipfo", message="%(prog)s %(version)s")
def cli() -> None:
    """SIP failover as code: declare routes, retry codes and carriers; know what a call will do
    before it is placed; run it."""


def main() -> None:
    """Run the command line and exit: 0 fine, 1 the policy or a call is not, 2 wrong usage."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, sink)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = cli.main(prog_name="sipfo", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        status = BROKEN_PIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _discard_stdout()
        click.echo(f"sipfo: cannot write: {error.strerror}", err=True)
        status = click.UsageError.exit_code
    sys.exit(status if isinstance(status, int) else 0)


def _discard_stdout() -> None:
    """The interpreter flushes once more at exit: give it somewhere to write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
