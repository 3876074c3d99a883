"""`sipfo ctl`: any method of the control socket, its answer as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import click

from sipfo.cli.asking import ask, asking
from sipfo.cli.reading import Unusable


@click.command("ctl")
@click.argument("method")
@click.argument("arguments", nargs=-1, metavar="[ARGUMENT]...")
@asking
def command(method: str, arguments: tuple[str, ...], control: Path) -> None:
    """Call a method of a running sipfo and print the answer as JSON.

    As in `sipfo ctl dispatcher.set_state disabled pbx-east`. One argument that begins with a brace
    is the parameters by name. Methods: core.uptime, core.version, core.shutdown, dispatcher.list,
    dispatcher.set_state, dlg.list, dlg.terminate, stats.get_statistics, sipfo.reload, sipfo.routes,
    sipfo.carriers, sipfo.trunks, sipfo.calls, sipfo.lookup.
    """
    if len(arguments) == 1 and arguments[0].lstrip().startswith("{"):
        try:
            params = json.loads(arguments[0])
        except ValueError as error:
            raise Unusable(f"the parameters are no JSON: {error}") from None
        answer = ask(control, method, params)
    else:
        answer = ask(control, method, arguments)
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
