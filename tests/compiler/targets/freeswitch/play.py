"""A scenario on the generated files, without a FreeSWITCH: its XML is read here, its script is run by Lua.

The number finds its trunk by the conditions of the dialplan, the caller its network lists, an attempt
its address by the sofia profiles; the script runs in `stub.lua`, in virtual time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree

import pytest

from sipfo.compiler.targets.folder import File
from sipfo.compiler.targets.freeswitch.causes import CAUSES, own_cause
from sipfo.compiler.targets.places import Place, places
from sipfo.plan.model import Plan, Retry, Trunk
from sipfo.plan.scenario import Reply, Scenario
from sipfo.verify.conduct import behaviour_of, due, has_body, phrase_of
from sipfo.verify.simulate import turned

STUB: Final = Path(__file__).parent / "stub.lua"
LUA: Final = "lua5.4"
"""Debian's package and program."""

Value = str | int | bool | None | Mapping[str, "Value"] | list["Value"]
"""What can be handed to Lua."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt as it was on the wire: `to` is what stands behind the user in the URI, `password` what
    a challenge would be answered with."""

    ip: str
    user: str
    to: str
    outcome: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a call: attempts, the kind of result and its code, and what else was printed."""

    tried: tuple[Tried, ...]
    kind: str
    code: int
    headers: tuple[str, ...]
    turns: Mapping[str, str]


def needs_lua() -> None:
    """Skip the test where there is no Lua."""
    if shutil.which(LUA) is None:
        pytest.skip(f"no Lua: apt-get install --no-install-recommends {LUA}")


def play(
    files: Mapping[str, File],
    plan: Plan,
    scenario: Scenario,
    caller: str | None = None,
    turns: Mapping[str, str] | None = None,
    retry: Retry | None = None,
    uuids: list[int] | None = None,
) -> Played:
    """Run the call of a scenario through the files; `caller` is where it comes from, and `turns` are
    what an earlier call left. With `retry`, timers are not FreeSWITCH's but that policy's: each counts
    from where its phase begins. `uuids` are what is drawn from."""
    trunk = next(one for one in plan.trunks if one.name == scenario.trunk)
    calling = caller or _somebody(trunk)
    profiles = dict(_profiles(files))
    call: dict[str, Value] = {
        "user": scenario.number,
        "from": calling,
        "trunk": _trunk_of(files, scenario.number),
        "lists": dict.fromkeys(_lists(files, calling), True),
        "profiles": {name: {"timer": timer} for name, (_, timer) in profiles.items()},
        "behaviours": list(_behaviours(plan, scenario, profiles)),
        "cancel": None if scenario.cancel_after is None else _ms(scenario.cancel_after),
        "deadline": None if trunk.deadline is None else _ms(trunk.deadline),
        "uuids": list(_draws(trunk, scenario) if uuids is None else uuids),
        "globals": dict(turns or {}),
        "ideal": None
        if retry is None
        else {"progress": _ms(retry.no_progress), "answer": _ms(retry.no_answer)},
    }
    with TemporaryDirectory() as folder:
        called, script = Path(folder) / "call.lua", Path(folder) / "sipfo.lua"
        called.write_text(f"return {_lua(call)}\n", "utf-8")
        script.write_text(files["scripts/sipfo.lua"].text, "utf-8", "surrogateescape")
        done = subprocess.run(
            [LUA, STUB, called, script], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 0, done.stderr
    return _read(done.stdout, {name: ip for name, (ip, _) in profiles.items()})


def _read(printed: str, ips: Mapping[str, str]) -> Played:
    lines = [line.split("\t") for line in printed.splitlines()]
    tried = []
    for kind, *fields in lines:
        if kind == "attempt":
            user, _, to = fields[1].removeprefix("sip:").partition("@")
            tried.append(Tried(ips[fields[0]], user, to, fields[2], fields[5] or None))
    result = next(fields for kind, *fields in lines if kind == "result")
    headers = tuple(fields[0] for kind, *fields in lines if kind == "header")
    turns = {fields[0]: fields[1] for kind, *fields in lines if kind == "global"}
    return Played(tuple(tried), result[0], int(result[1]), headers, turns)


def _trunk_of(files: Mapping[str, File], user: str) -> str | None:
    """What the first extension whose condition holds hands to the script."""
    root = ElementTree.fromstring(files["dialplan/sipfo.xml"].text)
    for condition in root.iterfind("./context[@name='sipfo']/extension/condition"):
        assert condition.get("field") == "destination_number"
        if re.search(condition.get("expression", ""), user):
            action = condition.find("action")
            assert action is not None and action.get("application") == "lua"
            script, _, trunk = action.get("data", "").partition(" ")
            assert script == "sipfo.lua"
            return trunk or None
    raise AssertionError("no extension takes every number")


def _lists(files: Mapping[str, File], caller: str) -> Iterator[str]:
    """The network lists that a caller is in."""
    root = ElementTree.fromstring(files["autoload_configs/acl.conf.xml"].text)
    for one in root.iter("list"):
        assert one.get("default") == "deny"
        nodes = [ip_network(node.get("cidr", "")) for node in one]
        if any(ip_address(caller) in network for network in nodes):
            yield one.get("name", "")


def _profiles(files: Mapping[str, File]) -> Iterator[tuple[str, tuple[str, int]]]:
    """Each sofia profile's name, address and Timer B in milliseconds."""
    root = ElementTree.fromstring(files["autoload_configs/sofia.conf.xml"].text)
    for one in root.iter("profile"):
        said = {node.get("name", ""): node.get("value", "") for node in one.iter("param")}
        yield (
            one.get("name", ""),
            (f"{said['sip-ip']} {said['sip-port']}", int(said["timer-T1X64"])),
        )


def _behaviours(
    plan: Plan, scenario: Scenario, profiles: Mapping[str, tuple[str, int]]
) -> Iterator[Value]:
    """What each destination does with an attempt from each profile."""
    for egress in plan.egress:
        for profile, (ip, _) in profiles.items():
            if ip == f"{egress.host} {egress.port}":
                for place in places(plan):
                    yield from _of_place(place, egress.name, profile, scenario)


def _of_place(place: Place, egress: str, profile: str, scenario: Scenario) -> Iterator[Value]:
    levels = place.of.levels if hasattr(place.of, "levels") else ()
    for number, one in enumerate(place.destinations):
        does = behaviour_of(scenario, egress, place.name, levels[number] if levels else None)
        replies: list[Value] = [_reply(at, reply) for at, reply in due(does)]
        yield {"profile": profile, "rest": one.behind_user, "reach": does.reach, "replies": replies}


def _reply(at: float, reply: Reply) -> Value:
    cause = reply.cause if reply.cause is not None else own_cause(reply.status)
    return {
        "at": _ms(at),
        "status": reply.status,
        "body": has_body(reply.status),
        "phrase": phrase_of(reply),
        "disposition": "ORIGINATOR_CANCEL" if cause is None else CAUSES[cause],
    }


def _draws(trunk: Trunk, scenario: Scenario) -> Iterator[int]:
    """Numbers that draw the routes of a weighted trunk in the scenario's order (RFC 2782)."""
    if trunk.method != "weighted":
        return
    deck = sorted(range(len(trunk.routes)), key=lambda place: trunk.weights[place] != 0)
    for wanted in turned(trunk, scenario):
        yield sum(trunk.weights[place] for place in deck[: deck.index(wanted) + 1])
        deck.remove(wanted)


def _somebody(trunk: Trunk) -> str:
    """An address that a trunk's calls come from."""
    return (
        str(next(iter(ip_network(trunk.accept.networks[0]).hosts())))
        if not trunk.accept.anyone
        else "192.0.2.254"
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _lua(value: Value) -> str:
    """A value as Lua reads it."""
    match value:
        case None:
            return "nil"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return '"' + "".join(f"\\{one:03}" for one in value.encode()) + '"'
        case list():
            return "{" + ",".join(map(_lua, value)) + "}"
        case _:
            return "{" + ",".join(f"[{_lua(key)}]={_lua(one)}" for key, one in value.items()) + "}"
