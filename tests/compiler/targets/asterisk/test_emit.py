"""The files as a whole: what is written for three policies, and what no file may hold.

`python tests/bless.py` rewrites what is expected; read the difference before you keep it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from compiler.targets.asterisk.expected import EXPECTED, FILES, expected
from plan.samples import small_plan
from plan.strategies import plans
from sipfo.compiler.targets.asterisk.capabilities import CAPABILITIES
from sipfo.compiler.targets.asterisk.emit import render
from sipfo.compiler.targets.folder import PROGRAM, SECRET
from sipfo.compiler.targets.safe import CannotSay
from sipfo.plan.construct import Construct
from sipfo.plan.model import Credential, Plan
from sipfo.runtime.secret import names

WRITTEN = sorted(path.relative_to(EXPECTED) for path in EXPECTED.glob("*/*"))


@pytest.mark.parametrize("path", WRITTEN, ids=str)
def test_what_is_written_is_what_was_blessed(path: Path) -> None:
    assert expected(path.parent.name)[path.name] == (EXPECTED / path).read_text("utf-8")


def test_every_policy_has_its_expected_files() -> None:
    assert {path.name for path in WRITTEN} == set(FILES)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_whatever_a_plan_says_is_written_whole_or_refused(plan: Plan) -> None:
    secrets = dict.fromkeys(names(plan), "pass;word")
    try:
        files = render(plan, "/etc/asterisk/acme", secrets)
    except CannotSay:
        return
    for name, file in files.items():
        assert "pass;word" not in file.text
        assert all(len(line) < 8190 for line in file.text.splitlines())
        if name not in ("start", "reload", "asterisk.service"):
            for line in file.text.splitlines():
                assert not line.startswith("#") or line.startswith('#tryinclude "/etc')


def test_passwords_are_for_the_owner_alone_and_in_one_file() -> None:
    plan = small_plan()
    route = plan.routes[0].model_copy(update={"auth": Credential(user="u", secret="PW")})
    plan = plan.model_copy(update={"routes": (route, *plan.routes[1:])})
    files = render(plan, "/srv/asterisk", {"PW": "hidden"})
    assert [name for name, file in files.items() if "hidden" in file.text] == ["pjsip.conf"]
    assert files["pjsip.conf"].mode == SECRET
    assert files["start"].mode == files["reload"].mode == PROGRAM


def test_a_folder_that_the_files_cannot_name_is_refused() -> None:
    with pytest.raises(CannotSay):
        render(small_plan(), "/srv/my asterisk", {})


def test_a_uri_that_dial_would_take_apart_is_refused() -> None:
    plan = small_plan()
    route = plan.routes[0].model_copy(update={"destinations": ("sip:a&b@192.0.2.1",)})
    plan = plan.model_copy(update={"routes": (route, *plan.routes[1:])})
    with pytest.raises(CannotSay, match="%26"):
        render(plan, "/srv/asterisk", {})


def test_every_construct_has_its_row_and_says_how_it_differs() -> None:
    assert set(CAPABILITIES) == set(Construct)
    assert all(one.how for one in CAPABILITIES.values() if one.level != "same")
