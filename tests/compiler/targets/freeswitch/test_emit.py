"""The files as a whole: what no file may hold, and what all of them say."""

from __future__ import annotations

import subprocess
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from compiler.targets.freeswitch.play import LUA, needs_lua
from plan.samples import small_plan
from plan.strategies import plans
from sipfo.compiler.targets.folder import PROGRAM, SECRET, File
from sipfo.compiler.targets.freeswitch.capabilities import (
    CAPABILITIES,
    SAYINGS,
    Saying,
    refusals,
)
from sipfo.compiler.targets.freeswitch.emit import SCRIPT, render
from sipfo.compiler.targets.safe import CannotSay
from sipfo.plan.construct import Construct
from sipfo.plan.model import Credential, Limit, Plan, Route
from sipfo.runtime.secret import names

UNVERIFIED = "seen on no FreeSWITCH"


def with_route(route: Route) -> Plan:
    """The small plan with another first route of the same name."""
    plan = small_plan()
    return plan.model_copy(update={"routes": (route, *plan.routes[1:])})


def loads(files: dict[str, File]) -> None:
    """Every file is what its name says: XML that is well-formed, a script that Lua can read."""
    for name, file in files.items():
        if name.endswith(".xml"):
            ElementTree.fromstring(file.text)
    needs_lua()
    script = files[SCRIPT].text.encode("utf-8", "surrogateescape")
    check = "assert(load(io.read('a'), 'sipfo.lua', 't'))"
    subprocess.run([LUA, "-e", check], input=script, capture_output=True, check=True)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_whatever_a_plan_says_is_written_whole_or_refused(plan: Plan) -> None:
    secrets = dict.fromkeys(names(plan), "pass;word")
    try:
        files = render(plan, "/etc/freeswitch/acme", secrets)
    except CannotSay:
        return
    loads(files)
    for name, file in files.items():
        assert UNVERIFIED in file.text or name == "run/.keep"


def test_passwords_are_for_the_owner_alone_and_in_one_file() -> None:
    route = small_plan().routes[0]
    plan = with_route(route.model_copy(update={"auth": Credential(user="u", secret="PW")}))
    files = render(plan, "/srv/freeswitch", {"PW": "hidden"})
    assert [name for name, file in files.items() if "hidden" in file.text] == [SCRIPT]
    assert files[SCRIPT].mode == SECRET
    assert files["start"].mode == PROGRAM
    loads(files)


def test_a_folder_that_the_files_cannot_name_is_refused() -> None:
    with pytest.raises(CannotSay):
        render(small_plan(), "/srv/my freeswitch", {})


@pytest.mark.parametrize("uri", ["sip:a,b@192.0.2.1", "sip:a|b@192.0.2.1", "sip:${x}@192.0.2.1"])
def test_a_uri_that_a_dial_string_would_take_apart_is_refused(uri: str) -> None:
    route = small_plan().routes[0].model_copy(update={"destinations": (uri,)})
    with pytest.raises(CannotSay, match="%2C"):
        render(with_route(route), "/srv/freeswitch", {})


def test_what_the_table_refuses_is_not_written_either() -> None:
    plan = small_plan()
    limited = plan.trunks[0].model_copy(update={"limit": Limit(calls=1)})
    plan = plan.model_copy(update={"trunks": (limited,)})
    assert list(refusals(plan))
    with pytest.raises(CannotSay, match="limit of a trunk"):
        render(plan, "/srv/freeswitch", {})


def test_every_construct_has_its_row_and_says_how_it_differs() -> None:
    assert set(CAPABILITIES) == set(Construct)
    assert set(SAYINGS) == set(Saying)
    rows = (*CAPABILITIES.values(), *SAYINGS.values())
    assert all(one.how for one in rows if one.level != "same")
