"""A plan that is written as a policy is the same plan again, in the house's layout."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipfo.cli.reading import files_in
from sipfo.compiler.draft.draft import Draft
from sipfo.compiler.draft.words import Unwritable, a_name, comment, duration, quoted, word
from sipfo.compiler.draft.write import policy_text
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.values.name import LONGEST
from sipfo.grammar.format.formatter import format_source
from sipfo.grammar.source import Source
from sipfo.plan.codec import read_plan
from sipfo.plan.model import Plan

CASES = sorted((Path(__file__).parents[2] / "cases").glob("*/plan.json"))
LIBRARIES = ("telnyx", "twilio", "didww", "vonage", "teams", "cube", "rfc3263")


def compiled(text: str, beside: Path | None = None) -> Compilation:
    load = files_in(beside) if beside is not None else None
    made = compile_source(text, "draft.sipfo", load)
    assert made.plan is not None, [one.message for one in made.diagnostics]
    return made


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_the_plan_of_every_case_is_written_and_read_back(path: Path) -> None:
    plan = read_plan(path.read_bytes())
    libraries = [name for name in LIBRARIES if f"{name}." in path.read_text("utf-8")]
    names = [one.name for one in plan.retries] + [
        one.name.rpartition(".")[0] for one in plan.egress
    ]
    borrowed = frozenset(name for name in names if "." in name)
    text = policy_text(Draft(plan, imports=tuple(libraries), borrowed=borrowed))
    assert compiled(text, path.parent).plan == plan
    assert format_source(Source(text, "draft")) == text


def small() -> Plan:
    """A small plan that is sent from the address that it listens on."""
    return read_plan((CASES[0].parents[1] / "example-srv" / "plan.json").read_bytes())


@given(st.text(), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_is_a_comment_and_nothing_more(heading: str, inside: list[str]) -> None:
    plan = small()
    draft = Draft(
        plan,
        heading=(heading,),
        comments={("trunk", plan.trunks[0].name): tuple(inside)},
        inside={("route", plan.routes[0].name): tuple(inside)},
    )
    assert compiled(policy_text(draft)).plan == compiled(policy_text(Draft(plan))).plan


@given(st.text(), st.sets(st.text(max_size=5), max_size=3))
def test_any_text_becomes_a_name_that_nobody_has(wanted: str, taken: set[str]) -> None:
    plan = small()
    name = a_name(wanted, taken, "trunk")
    assert name not in taken and len(name) <= LONGEST
    trunk = plan.trunks[0].model_copy(update={"name": name})
    plan = plan.model_copy(update={"trunks": (trunk,)})
    written = compiled(policy_text(Draft(plan))).plan
    assert written is not None and written.trunks[0].name == name


def test_names_go_on_counting() -> None:
    assert a_name("pbx", ["pbx", "pbx-2"], "route") == "pbx-3"
    assert a_name("198.51.100.1", [], "route") == "route-198-51-100-1"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.5, "500ms"),
        (2.0, "2s"),
        (1.25, "1.25s"),
        (60.0, "1m"),
        (90.0, "90s"),
        (1e-6, "0.000001s"),
    ],
)
def test_times(seconds: float, written: str) -> None:
    assert duration(seconds) == written


def test_what_has_no_words_is_refused() -> None:
    with pytest.raises(Unwritable, match="microseconds"):
        duration(1e-7)
    with pytest.raises(Unwritable, match="string"):
        quoted('a"b')
    with pytest.raises(Unwritable, match="word"):
        word("sip:a }")
    assert comment("a\nb\x1b[1m") == "# a b [1m"
