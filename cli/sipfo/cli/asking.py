"""One request to a running sipfo, over its control socket, and what it answers.

Whatever goes wrong ends the command with one line: 2 when nobody could be asked, 1 when the answer
is that it cannot be done.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import IO, Any, Final

import click

from sipfo.cli.living import CONTROL_HELP, default_control
from sipfo.cli.reading import Unusable

CONNECTED_WITHIN: Final = 5.0
ANSWERED_WITHIN: Final = 180.0
"""Seconds that an answer may take: a reload compiles."""

LONGEST_ANSWER: Final = 512 * 1024 * 1024


class Refused(click.ClickException):
    """The answer is that it cannot be done: its text on standard error, exit status 1."""

    exit_code = 1

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the text, as it was said."""
        click.echo(self.format_message(), file=file, err=file is None)


def ask(path: Path, method: str, params: Sequence[object] | Mapping[str, object] = ()) -> object:
    """What a running sipfo answers. Raises Unusable and Refused."""
    asked = params if isinstance(params, Mapping) else list(params)
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": asked}
    try:
        answer = _exchange(path, json.dumps(request).encode() + b"\n")
    except (FileNotFoundError, ConnectionRefusedError):
        raise Unusable(f"no sipfo listens at {path}") from None
    except OSError as error:
        raise Unusable(f"cannot ask at {path}: {error.strerror or error}") from None
    try:
        response = json.loads(answer)
        if "error" not in response:
            return response["result"]
        error_said = response["error"].get("data") or response["error"]["message"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unusable(f"what listens at {path} is no sipfo, or it stopped") from None
    raise Refused(str(error_said))


def _exchange(path: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        made.settimeout(CONNECTED_WITHIN)
        made.connect(str(path))
        made.settimeout(ANSWERED_WITHIN)
        made.sendall(request)
        answer = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while data := made.recv(65536):
                answer += data
                if data.endswith(b"\n") or len(answer) > LONGEST_ANSWER:
                    break
        return bytes(answer)


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """The `--control` option for a command, which is given a path that is there."""

    @click.option(
        "--control",
        metavar="PATH",
        type=click.Path(dir_okay=False, path_type=Path),
        help=CONTROL_HELP,
    )
    @wraps(command)
    def asked(*arguments: Any, control: Path | None, **options: Any) -> None:
        path = control or default_control()
        if path is None:
            raise Unusable("no control socket here: give the path of `sipfo run --control PATH`")
        command(*arguments, control=path, **options)

    return asked
