"""`sipfo compile`: a policy to its plan, or to the files that another engine loads; whole or not at
all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import click

from sipfo.cli.reading import Unusable, compile_file, plan_or_exit, show
from sipfo.cli.secrets import secrets_of
from sipfo.cli.writing import write_whole
from sipfo.compiler.pipeline import Compilation
from sipfo.plan.choice import settle
from sipfo.plan.codec import write_plan
from sipfo.plan.model import Plan

PLAN: Final = "plan"
ENGINES: Final = ("kamailio", "asterisk")
"""The targets that are a folder of files."""


@click.command("compile")
@click.argument("file", type=click.Path())
@click.option(
    "--target",
    type=click.Choice([PLAN, *ENGINES]),
    default=PLAN,
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write here instead of to standard output; the file is replaced in one step. For another"
    " target than the plan, the folder that its files go to.",
)
@click.option(
    "--secrets",
    type=click.Path(),
    metavar="FILE",
    help="Where the values of the policy's secrets are, besides the environment; the plan has none.",
)
@click.option("--force", is_flag=True, help="Also replace files that sipfo did not write.")
def command(file: str, target: str, output: Path | None, secrets: str | None, force: bool) -> None:
    """Turn a policy into a plan, or into what another engine runs.

    A plan is JSON, and all that `sipfo run` needs. `--target kamailio -o DIR` writes a folder that
    Kamailio loads as it is, `--target asterisk -o DIR` one for Asterisk. With an error nothing is written and the exit status is 1; warnings are
    shown and do no harm.
    """
    if target != PLAN and output is None:
        raise click.UsageError(f"--target {target} needs a folder: -o DIR")
    compilation = compile_file(file, [target] if target != PLAN else [])
    plan = plan_or_exit(compilation)
    if compilation.diagnostics:
        show(compilation)
    if target != PLAN and output is not None:
        _write_folder(compilation, settle(plan, time.time()), target, output, secrets, force)
        return
    text = write_plan(plan)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text)


def _write_folder(
    compilation: Compilation,
    plan: Plan,
    target: str,
    folder: Path,
    secrets: str | None,
    force: bool,
) -> None:
    """Write a target's folder and say how it is started. Raises Unusable."""
    from sipfo.compiler.targets import folder as folders  # jinja2: only when it is needed
    from sipfo.compiler.targets.asterisk.emit import render as render_asterisk
    from sipfo.compiler.targets.kamailio.emit import render as render_kamailio
    from sipfo.compiler.targets.safe import CannotSay
    from sipfo.compiler.targets.source import OfPolicy

    values = {
        name: secret.reveal().decode("utf-8", "surrogateescape")
        for name, secret in secrets_of(plan, secrets).items()
    }
    try:
        render = {"kamailio": render_kamailio, "asterisk": render_asterisk}[target]
        files = render(plan, str(folder.resolve()), values, OfPolicy(compilation))
        folders.write(folder, files, force)
    except (CannotSay, folders.NotOurs) as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"cannot write {folder}: {error.strerror or error}") from None
    click.echo(f"{folder}: {len(files)} files; start it with {folder / 'start'}", err=True)
