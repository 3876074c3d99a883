"""A plan to what OpenSIPS loads: one script, which holds the data as well, and how it is started.

Nothing is opened here: what comes out is text by file name. What would surprise: no OpenSIPS has read
any of it, so each file says at its top that it is unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.compiler.targets.folder import PLAIN, PROGRAM, File
from sipfo.compiler.targets.names import plain_names
from sipfo.compiler.targets.opensips.capabilities import DIFFERS, UNVERIFIED
from sipfo.compiler.targets.opensips.encode import comment, literal, string
from sipfo.compiler.targets.opensips.judging import judging
from sipfo.compiler.targets.opensips.modules import modules
from sipfo.compiler.targets.opensips.paths import ways
from sipfo.compiler.targets.opensips.trunks import (
    anybody,
    carrier_views,
    claims,
    known,
    shared,
    trunk_views,
)
from sipfo.compiler.targets.opensips.view import (
    socket_lines,
    trusted_places,
    uses,
)
from sipfo.compiler.targets.places import places, used_retries
from sipfo.compiler.targets.safe import CannotSay, templates
from sipfo.compiler.targets.source import NOWHERE, Source
from sipfo.plan.construct import usages
from sipfo.plan.model import Plan

KEPT: Final = (
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Reason",
    "Unsupported",
    "Accept",
    "Accept-Encoding",
    "Min-SE",
    "Warning",
    "Error-Info",
)
"""The fields of an earlier refusal that cross to the caller (RFC 3261 table 2, RFC 3326, RFC 4028)."""


def render(
    plan: Plan, folder: str, secrets: Mapping[str, str], source: Source = NOWHERE
) -> dict[str, File]:
    """Every file by its name in `folder`, an absolute path; there is none with a password. Raises
    CannotSay, also for each construct that this target refuses."""
    _refuse(plan)
    _tell_apart(plan)
    found = ways(plan)
    names = plain_names(retry.name for retry in used_retries(plan))
    view = {
        "headline": comment(source.headline),
        "unverified": comment(UNVERIFIED),
        "folder": literal(folder),
        "uses": uses(plan),
        "modules": tuple(map(literal, modules(uses(plan)))),
        "sockets": socket_lines(plan),
        "claims": tuple(claims(plan, source)),
        "anybody": anybody(plan),
        "known": known(plan),
        "trunks": trunk_views(plan, found, source),
        "carriers": carrier_views(plan),
        "trusted": trusted_places(plan),
        "paths": found.paths,
        "retries": tuple(
            (string(one.name), judging(one, names[one.name], source)) for one in used_retries(plan)
        ),
        "shared": shared(trunk_views(plan, found, source), carrier_views(plan), found),
        "kept_fields": tuple(map(literal, KEPT)),
    }
    pages = templates("opensips")

    def page(name: str, mode: int = PLAIN) -> File:
        return File(pages.get_template(f"{name}.j2").render(view), mode)

    return {
        "run/.keep": File(""),
        "start": page("start", PROGRAM),
        "opensips.service": page("opensips.service"),
        "opensips.cfg": page("opensips.cfg"),
    }


def _refuse(plan: Plan) -> None:
    for usage in usages(plan):
        support = DIFFERS.get(usage.construct)
        if support is not None and support.level == "refused":
            raise CannotSay(f"OpenSIPS: `{usage.construct.value}`: {support.how}")


def _tell_apart(plan: Plan) -> None:
    """That no two names are the same to `==` and `switch`, which take no notice of case."""
    keys = (place.key for place in places(plan))
    for names in (
        (one.name for one in plan.trunks),
        (one.name for one in used_retries(plan)),
        keys,
    ):
        taken: dict[str, str] = {}
        for name in names:
            other = taken.setdefault(name.lower(), name)
            if other != name:
                raise CannotSay(
                    f"`{other}` and `{name}` are one name to OpenSIPS: rename one of them"
                )
