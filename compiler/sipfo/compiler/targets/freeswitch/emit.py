"""A plan to the files that FreeSWITCH loads: a configuration folder of its own, and how it is started.

The dialplan finds the trunk of a number; what follows, one attempt after the other, is a script for
mod_lua, because an XML dialplan is read before the call is placed and knows Q.850 causes, where a
policy has status codes. What would surprise: no file here was ever loaded, and each of them says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.compiler.targets.folder import PLAIN, PROGRAM, SECRET, File
from sipfo.compiler.targets.freeswitch.capabilities import refusals
from sipfo.compiler.targets.freeswitch.encode import attribute, comment, path
from sipfo.compiler.targets.freeswitch.networks import networks
from sipfo.compiler.targets.freeswitch.numbers import claims
from sipfo.compiler.targets.freeswitch.profiles import profiles
from sipfo.compiler.targets.freeswitch.script import addresses, destinations, policies, trunks
from sipfo.compiler.targets.safe import CannotSay, templates
from sipfo.compiler.targets.source import NOWHERE, Source
from sipfo.plan.model import Plan

MODULES: Final = (
    "mod_console",
    "mod_logfile",
    "mod_commands",
    "mod_dptools",
    "mod_dialplan_xml",
    "mod_sofia",
    "mod_lua",
)
"""What this needs, and no more: codecs other than PCMU and PCMA have modules of their own."""

PAGES: Final = (
    "freeswitch.xml",
    "autoload_configs/acl.conf.xml",
    "autoload_configs/console.conf.xml",
    "autoload_configs/logfile.conf.xml",
    "autoload_configs/lua.conf.xml",
    "autoload_configs/modules.conf.xml",
    "autoload_configs/sofia.conf.xml",
    "autoload_configs/switch.conf.xml",
    "dialplan/sipfo.xml",
    "freeswitch.service",
)

SCRIPT: Final = "scripts/sipfo.lua"


def render(
    plan: Plan, folder: str, secrets: Mapping[str, str], source: Source = NOWHERE
) -> dict[str, File]:
    """Every file by its name in `folder`, an absolute path; `secrets` are the passwords by their
    names in the plan. Raises CannotSay, also for whatever the target refuses."""
    for refusal in refusals(plan):
        raise CannotSay(f"FreeSWITCH: {refusal}")
    view = {
        "headline": comment(source.headline),
        "folder": path(folder),
        "modules": tuple(map(attribute, MODULES)),
        "networks": networks(plan),
        "anyone": any(one.accept.anyone for one in plan.trunks),
        "profiles": profiles(plan, source),
        "claims": claims(plan, source),
        "trunks": trunks(plan, source),
        "places": destinations(plan, secrets, source),
        "addresses": addresses(plan),
        "retries": policies(plan, source),
    }
    pages = templates("freeswitch")

    def page(name: str, mode: int = PLAIN) -> File:
        return File(pages.get_template(f"{name}.j2").render(view), mode)

    files = {name: page(name) for name in PAGES}
    files[SCRIPT] = page(SCRIPT, SECRET if secrets else PLAIN)
    files["run/.keep"] = File("")
    files["start"] = page("start", PROGRAM)
    return files
