"""`sipfo compile`: a policy to its plan, or to the files that another engine loads; whole or not at
all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import click

from sipfo.cli.reading import Unusable, compile_file, plan_or_exit, show
from sipfo.cli.secrets import secrets_of
from sipfo.cli.targets import warn_unverified
from sipfo.cli.writing import write_whole
from sipfo.cli.zones import DOMAIN, RECORDS, TTL, Zone
from sipfo.compiler.pipeline import Compilation
from sipfo.compiler.targets.dns.records import Form
from sipfo.compiler.targets.folder import Files
from sipfo.plan.choice import settle
from sipfo.plan.codec import write_plan
from sipfo.plan.model import Plan

PLAN: Final = "plan"
DNS: Final = "dns"
ENGINES: Final = ("kamailio", "asterisk", "freeswitch", "opensips")
"""The targets that are a folder of files which an engine loads."""

FOLDERS: Final = (*ENGINES, "telnyx", DNS)
"""All targets that are a folder of files."""

CLUSTER: Final = "kamailio cluster"
"""The target that is a folder of such folders."""


@click.command("compile")
@click.argument("file", type=click.Path())
@click.option(
    "--target",
    type=click.Choice([PLAN, *FOLDERS]),
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
@click.option(
    "--cluster",
    is_flag=True,
    help="With --target kamailio: a folder for each member of the policy's cluster.",
)
@DOMAIN
@TTL
@RECORDS
@click.option("--force", is_flag=True, help="Also replace files that sipfo did not write.")
def command(
    file: str,
    target: str,
    output: Path | None,
    secrets: str | None,
    cluster: bool,
    domain: str | None,
    ttl: int | None,
    form: Form,
    force: bool,
) -> None:
    """Turn a policy into a plan, or into what another engine runs.

    A plan is JSON, and all that `sipfo run` needs. `--target kamailio -o DIR` writes a folder that
    Kamailio loads as it is, `--target asterisk -o DIR` one for Asterisk; with `--cluster` there is such
    a folder for each machine of the policy's cluster. `--target freeswitch` and `--target opensips` write
    such a folder too, which no FreeSWITCH and no OpenSIPS has loaded yet: they are unverified.
    `--target telnyx -o DIR` writes the requests that make Telnyx's API do it, and `--target dns -o DIR`
    the records by which callers find its addresses. With an error nothing is written and the exit status
    is 1; warnings are shown and do no harm.
    """
    if target != PLAN and output is None:
        raise click.UsageError(f"--target {target} needs a folder: -o DIR")
    if cluster and target != "kamailio":
        raise click.UsageError("--cluster is of --target kamailio: only its members share anything")
    if target != DNS and (domain is not None or ttl is not None or form != "srv"):
        raise click.UsageError("--domain, --ttl and --records belong to --target dns")
    compilation = compile_file(file, [target] if target not in (PLAN, DNS) else [])
    plan = plan_or_exit(compilation)
    if compilation.diagnostics:
        show(compilation)
    warn_unverified([target])
    if target != PLAN and output is not None:
        name = CLUSTER if cluster else target
        zone = Zone(domain, ttl, form)
        _write_folder(compilation, plan, name, output, secrets, zone, force)
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
    zone: Zone,
    force: bool,
) -> None:
    """Write a target's folder and say how it is started. Raises Unusable."""
    from sipfo.compiler.targets import folder as folders  # jinja2: only when it is needed
    from sipfo.compiler.targets.safe import CannotSay

    try:
        files = _files(compilation, plan, target, folder, secrets, zone)
        folders.write(folder, files, force)
    except (CannotSay, folders.NotOurs) as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"cannot write {folder}: {error.strerror or error}") from None
    if target not in (*ENGINES, CLUSTER):
        click.echo("\n".join(str(folder / name) for name in files), err=True)
        return
    start = str(folder / "start")
    if target == CLUSTER and plan.cluster is not None:
        start = ", ".join(str(folder / one.name / "start") for one in plan.cluster.members)
    click.echo(f"{folder}: {len(files)} files; start it with {start}", err=True)


def _files(
    compilation: Compilation,
    plan: Plan,
    target: str,
    folder: Path,
    secrets: str | None,
    zone: Zone,
) -> Files:
    """What a target writes. Raises CannotSay, and Unusable for a secret that is not there."""
    from sipfo.compiler.targets.asterisk.emit import render as render_asterisk
    from sipfo.compiler.targets.freeswitch.emit import render as render_freeswitch
    from sipfo.compiler.targets.kamailio.emit import render as render_kamailio
    from sipfo.compiler.targets.kamailio.emit import render_cluster
    from sipfo.compiler.targets.opensips.emit import render as render_opensips
    from sipfo.compiler.targets.source import OfPolicy
    from sipfo.compiler.targets.telnyx.emit import render as render_telnyx

    source = OfPolicy(compilation)
    if target == "telnyx":
        return render_telnyx(plan, source)
    if target == DNS:
        return zone.files(compilation, plan, source.headline)
    values = {
        name: secret.reveal().decode("utf-8", "surrogateescape")
        for name, secret in secrets_of(plan, secrets).items()
    }
    render = {
        "kamailio": render_kamailio,
        CLUSTER: render_cluster,
        "asterisk": render_asterisk,
        "freeswitch": render_freeswitch,
        "opensips": render_opensips,
    }[target]
    # What an engine loads has no rates: they are looked up now.
    return render(settle(plan, time.time()), str(folder.resolve()), values, source)
