"""A plan to the files that Kamailio loads: configuration, data, and how it is started.

Nothing is opened here: what comes out is text by file name. What would surprise: the folder that
the files will lie in is in the configuration, because Kamailio reads its data by absolute paths;
`-A` on its command line says another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.compiler.targets.folder import PLAIN, PROGRAM, SECRET, File
from sipfo.compiler.targets.kamailio.cluster import cluster_view
from sipfo.compiler.targets.kamailio.encode import comment, field, literal, string
from sipfo.compiler.targets.kamailio.modules import modules
from sipfo.compiler.targets.kamailio.probes import (
    alive,
    dispatcher_list,
    failed_within,
    one_clock,
    whole_seconds,
)
from sipfo.compiler.targets.kamailio.tables import (
    HTABLE,
    MTREE,
    address_list,
    most_networks,
    most_rows,
    own_memory,
    secrets_table,
    shared_memory,
    tables,
    versions,
    written,
)
from sipfo.compiler.targets.kamailio.tls import AUTHORITIES, servers
from sipfo.compiler.targets.kamailio.view import (
    retry_views,
    socket_lines,
    uses,
)
from sipfo.compiler.targets.safe import CannotSay, Safe, templates
from sipfo.compiler.targets.source import NOWHERE, Source
from sipfo.plan.cluster import plan_of
from sipfo.plan.construct import MOST_BRANCHES
from sipfo.plan.model import Member, Plan

LOW: Final = 1024
"""Ports below are the superuser's."""

CHILDREN: Final = 4
"""Processes for each socket, as Kamailio's own configuration has it."""

KEPT: Final = (
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Reason",
    "Contact",
    "Unsupported",
    "Accept",
    "Accept-Encoding",
    "Min-SE",
    "Warning",
    "Error-Info",
)
"""The fields of a refusal that cross to the caller (RFC 3261 table 2, RFC 3326, RFC 4028)."""

KEPT_TWICE: Final = ("WWW-Authenticate", "Proxy-Authenticate")
"""Those of which a second one counts: a challenge with another algorithm (RFC 8760)."""


def render(
    plan: Plan,
    folder: str,
    secrets: Mapping[str, str],
    source: Source = NOWHERE,
    member: Member | None = None,
) -> dict[str, File]:
    """Every file by its name in `folder`, an absolute path; `secrets` are the passwords by their
    names in the plan. With `member`, the files of one machine of the plan's cluster. Raises
    CannotSay."""
    if member is not None:
        plan = plan_of(plan, member)
    needs = uses(plan, member is not None)
    data = tables(plan, source)
    hidden = secrets_table(plan, secrets, source)
    every = (*data, hidden) if hidden is not None else data
    view = {
        "headline": comment(source.headline),
        "data_folder": Safe("data/"),
        "folder": literal(folder),
        "children": CHILDREN,
        "secrets": hidden is not None,
        "low_port": min(one.port for one in plan.listen) < LOW,
        "most_rows": most_rows(every),
        "most_networks": most_networks(plan),
        "shared_memory": shared_memory(every),
        "own_memory": own_memory(every),
        "most_attempts": MOST_BRANCHES,
        "sockets": socket_lines(plan),
        "uses": needs,
        "cluster": cluster_view(plan, member),
        "shared": Safe(";dmqreplicate=1") if member is not None else Safe(""),
        "modules": tuple(map(literal, modules(needs))),
        "htables": tuple(_named(one.name, one.size) for one in every if one.columns is HTABLE),
        "mtrees": tuple(_named(one.name, 0) for one in every if one.columns is MTREE),
        "retries": retry_views(plan, source),
        "probe": _clock(plan),
        "realm": string(plan.listen[0].host),
        "servers": servers(plan),
        "authorities": literal(AUTHORITIES),
        "kept_fields": tuple(map(literal, KEPT)),
        "kept_twice": tuple(map(literal, KEPT_TWICE)),
    }
    pages = templates("kamailio")

    def page(name: str, mode: int = PLAIN) -> File:
        return File(pages.get_template(f"{name}.j2").render(view), mode)

    files = {f"data/{one.name}": File(written(one)) for one in data}
    if hidden is not None:
        files[f"data/{hidden.name}"] = File(written(hidden), SECRET)
    files["data/version"] = File(versions(every))
    if needs.networks:
        files["data/address.list"] = File(address_list(plan, source))
    if needs.probes:
        files["data/dispatcher.list"] = File(dispatcher_list(plan))
    if needs.tls:
        files["tls.cfg"] = page("tls.cfg")
    if needs.registrars:
        files["location.sql"] = page("location.sql")
    files["run/.keep"] = File("")
    files["start"] = page("start", PROGRAM)
    files["settings"] = page("settings", PROGRAM)
    files["reload"] = page("reload", PROGRAM)
    files["kamailio.service"] = page("kamailio.service")
    files["kamailio.cfg"] = page("kamailio.cfg")
    return files


def render_cluster(
    plan: Plan,
    folder: str,
    secrets: Mapping[str, str],
    source: Source = NOWHERE,
) -> dict[str, File]:
    """The files of every machine of the plan's cluster, each in a folder with the member's name.
    Raises CannotSay."""
    if plan.cluster is None:
        raise CannotSay(
            "the policy has no cluster: write `cluster NAME { … }` with a `member NAME ADDRESS:PORT` for"
            " each machine, and what it has in place of the policy's addresses"
        )
    return {
        f"{member.name}/{name}": file
        for member in plan.cluster.members
        for name, file in render(plan, f"{folder}/{member.name}", secrets, source, member).items()
    }


def _clock(plan: Plan) -> dict[str, int | Safe]:
    clock = one_clock(plan)
    if clock is None:
        return {}
    return {
        "every": whole_seconds(clock.every),
        "down_after": clock.down_after,
        "up_after": clock.up_after,
        "within": failed_within(clock),
        "alive": Safe(alive()),
    }


def _named(name: str, size: int) -> dict[str, Safe | int]:
    return {"name": field(name), "size": size}
