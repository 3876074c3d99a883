"""A plan to the files that Asterisk loads: a configuration folder of its own, and how it is started.

Nothing is opened here: what comes out is text by file name. What would surprise: the folder that
the files will lie in is in `asterisk.conf`, because Asterisk reads everything by absolute paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.compiler.targets.asterisk.encode import comment, literal
from sipfo.compiler.targets.asterisk.endpoints import (
    AUTHORITIES,
    doors,
    inbound,
    legs,
    outbound_auths,
    probes,
    transport_lines,
)
from sipfo.compiler.targets.asterisk.facts import facts, probe_facts
from sipfo.compiler.targets.asterisk.modules import MODULES, REGISTRAR
from sipfo.compiler.targets.asterisk.numbers import anybody, prefixes, ranges, wholes
from sipfo.compiler.targets.asterisk.policy import contexts
from sipfo.compiler.targets.asterisk.registrars import registering
from sipfo.compiler.targets.asterisk.uses import uses
from sipfo.compiler.targets.folder import PLAIN, PROGRAM, SECRET, File
from sipfo.compiler.targets.safe import templates
from sipfo.compiler.targets.source import NOWHERE, Source
from sipfo.plan.model import Plan

CODECS: Final = ("ulaw", "alaw", "g722", "opus", "g729", "gsm")
"""What media may be; Asterisk passes on what it cannot turn into another."""

EMPTY: Final = (
    "acl.conf",
    "ccss.conf",
    "cel.conf",
    "features.conf",
    "geolocation.conf",
    "indications.conf",
    "pjproject.conf",
    "statsd.conf",
    "udptl.conf",
)
"""Files that some module wants to find, and that need say nothing."""

SAYING: Final = ("asterisk.conf", "cdr.conf", "extensions.conf", "logger.conf", "modules.conf")


def render(
    plan: Plan,
    folder: str,
    secrets: Mapping[str, str],
    source: Source = NOWHERE,
) -> dict[str, File]:
    """Every file by its name in `folder`, an absolute path; `secrets` are the passwords by their
    names in the plan. Raises CannotSay."""
    view = {
        "headline": comment(source.headline),
        "folder": literal(folder),
        "uses": uses(plan),
        "modules": tuple(
            (comment(what), tuple(map(literal, names)))
            for what, names in MODULES
            if what != REGISTRAR or uses(plan).registered
        ),
        "codecs": tuple(map(literal, CODECS)),
        "authorities": literal(AUTHORITIES),
        "transports": transport_lines(plan),
        "doors": doors(plan),
        "inbound": tuple(inbound(plan, secrets, source)),
        "legs": tuple(legs(plan, source)),
        "auths": tuple(outbound_auths(plan, secrets)),
        "probes": tuple(probes(plan)),
        "facts": facts(plan, source),
        "registering": registering(plan, secrets, source),
        "probe_facts": probe_facts(plan),
        "ranges": ranges(plan, source),
        "wholes": wholes(plan, source),
        "prefixes": prefixes(plan, source),
        "anybody": anybody(plan),
        "retries": contexts(plan, source),
    }
    pages = templates("asterisk")

    def page(name: str, mode: int = PLAIN) -> File:
        return File(pages.get_template(f"{name}.j2").render(view), mode)

    files = {name: page("empty.conf") for name in EMPTY}
    files |= {name: page(name) for name in SAYING}
    files["pjsip.conf"] = page("pjsip.conf", SECRET if secrets else PLAIN)
    files["run/.keep"] = File("")
    files["start"] = page("start", PROGRAM)
    files["reload"] = page("reload", PROGRAM)
    files["asterisk.service"] = page("asterisk.service")
    return files
