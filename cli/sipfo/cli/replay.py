"""`sipfo replay`: what a policy would have done with calls that took place."""

from __future__ import annotations

import json
import sys
from ipaddress import ip_address
from pathlib import Path

import click

from sipfo.cli.calls import rows
from sipfo.cli.reading import Unusable, read_plan_of
from sipfo.cli.terminal import style
from sipfo.plan.model import Plan
from sipfo.runtime.wanted import Wanted
from sipfo.runtime.wire.books import DATABASE_SUFFIXES, is_url
from sipfo.verify.replay.pcap import is_capture
from sipfo.verify.replay.play import Replay
from sipfo.verify.replay.reading import (
    Recording,
    read_capture,
    read_json_lines,
    read_rows,
)
from sipfo.verify.replay.tell import document, line, summary, tell


def _boxes(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> frozenset[str]:
    try:
        return frozenset(str(ip_address(one)) for one in value)
    except ValueError:
        raise click.BadParameter("write an address, as in 192.0.2.10") from None


def _hosts(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in value:
        name, _, address = one.partition("=")
        try:
            found[name.lower()] = str(ip_address(address))
        except ValueError:
            raise click.BadParameter(f"`{one}`: write pbx.example.com=192.0.2.1") from None
    return found


@click.command("replay")
@click.argument("policy", metavar="POLICY|PLAN", type=click.Path())
@click.argument("recording", type=click.Path())
@click.option(
    "--box",
    "boxes",
    multiple=True,
    metavar="ADDRESS",
    callback=_boxes,
    help="An address that the machine had in the capture, besides those of the policy. Repeatable.",
)
@click.option(
    "--host",
    "hosts",
    multiple=True,
    metavar="NAME=ADDRESS",
    callback=_hosts,
    help="The address that a host name of the policy had. Repeatable.",
)
@click.option("--all", "every", is_flag=True, help="Also list the calls that stay the same.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or JSON.",
)
def command(
    policy: str,
    recording: str,
    boxes: frozenset[str],
    hosts: dict[str, str],
    every: bool,
    form: str,
) -> None:
    """Say what a policy would have done with calls that took place.

    RECORDING is a capture (pcap or pcapng), or records that `sipfo run --records` or `sipfo calls
    --format json` wrote. Each call is set up again by POLICY, with every destination doing what it
    did; where the recording does not say what it would have done, the result is not known.

    Exits 1 when a call that was answered would be lost, or a callee would be rung twice; 2 when a
    file cannot be used.
    """
    plan = read_plan_of(policy)
    found = _read(recording, plan, boxes, hosts)
    for remark in found.remarks:
        click.echo(f"{recording}: {remark}", err=True)
    if not found.calls:
        raise Unusable(f"{recording}: no call in it")
    replay = Replay(plan, hosts)
    told = [tell(replay.play(call)) for call in found.calls]
    if form == "json":
        click.echo(json.dumps(document(told, found.remarks), indent=2))
    else:
        look = style()
        for one in told:
            if every or one.change != "same":
                click.echo("\n".join([*line(one, look), ""]))
        click.echo("\n".join(summary(told, look)))
    is_bad = any(one.change in ("lost", "ringing twice") for one in told)
    sys.exit(1 if is_bad else 0)


def _read(path: str, plan: Plan, boxes: frozenset[str], hosts: dict[str, str]) -> Recording:
    """A capture by its first bytes, a book by its name, anything else as lines of JSON. Raises
    Unusable."""
    if is_url(path) or Path(path).suffix in DATABASE_SUFFIXES | {".csv"}:
        return read_rows(rows(path, Wanted()))
    try:
        with Path(path).open("rb") as file:
            begin = file.read(4)
            file.seek(0)
            if is_capture(begin):
                return read_capture(file, plan, boxes, hosts)
            if begin[:2] == b"\x1f\x8b":
                raise Unusable(f"{path} is compressed: unpack it first (gunzip)")
            return read_json_lines(file)
    except OSError as error:
        raise Unusable(f"cannot read {path}: {error.strerror or error}") from None
