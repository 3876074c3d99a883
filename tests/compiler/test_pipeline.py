from __future__ import annotations

from pathlib import Path

import pytest

from bless import cases
from compiler.policies import CORRECT, changed, codes, compiled
from sipfo.compiler.pipeline import compile_source


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_there_is_a_plan_exactly_when_there_is_no_error(case: Path) -> None:
    made = compiled(case)
    errors = [one for one in made.diagnostics if one.severity == "error"]
    assert (made.plan is None) == bool(errors)
    assert made.plan is not None or made.scenarios == ()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_diagnostics_are_in_the_order_of_their_places(case: Path) -> None:
    made = compiled(case)
    assert list(made.diagnostics) == sorted(made.diagnostics, key=lambda one: one.span)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_place_is_inside_of_the_text(case: Path) -> None:
    made = compiled(case)
    for one in made.diagnostics:
        for span in (one.span, *(label.span for label in one.secondary)):
            whole = made.source.of(span.start).span
            assert whole.start <= span.start <= span.end <= whole.end


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_messages_keep_the_style(case: Path) -> None:
    for one in compiled(case).diagnostics:
        if one.severity == "note":
            continue  # a library's own words
        assert len(one.title.split()) <= 4
        assert not one.message.endswith(".")
        assert not one.message[0].isupper()
        assert one.message.count("`") % 2 == 0
        assert one.label


def test_text_and_bytes_compile_alike() -> None:
    as_text = compile_source(CORRECT, "policy.sipfo")
    as_bytes = compile_source(CORRECT.encode(), "policy.sipfo")
    assert as_text.plan == as_bytes.plan
    assert as_text.scenarios == as_bytes.scenarios


def test_lines_and_blanks_do_not_matter() -> None:
    one_line = " ".join(line.partition("#")[0] for line in CORRECT.splitlines())
    crlf = CORRECT.replace("\n", "\r\n")
    plan = compile_source(CORRECT, "policy.sipfo").plan
    assert compile_source(one_line, "policy.sipfo").plan == plan
    assert compile_source(crlf, "policy.sipfo").plan == plan
    assert compile_source(CORRECT.replace("\n", "\r"), "policy.sipfo").plan == plan


def test_mistakes_of_every_phase_are_told_at_once() -> None:
    made = changed(
        ("192.76.120.10", "192.76.120"),  # a value
        ("404, 486", "404, 503"),  # a check
        ("deadline 20s", "dedline 20s"),  # the syntax
        ("sequential pbx-east", "sequential pbx-esat"),  # a name
    )
    assert codes(made) == ["SF101", "SF401", "SF201", "SF005"]


def test_an_unreadable_statement_makes_no_name_unknown() -> None:
    assert codes(changed(("route pbx-east {", "rout pbx-east {"))) == ["SF005"]
    assert codes(changed(("region us {", "region us [ {"))) == ["SF002"]
    assert codes(changed(("retry standard {", "retry standard"))) == ["SF002"]


def test_an_unreadable_part_of_a_trunk_is_not_missing() -> None:
    assert codes(changed(("    routes   sequential", "    routes   sequenial"))) == ["SF002"]
    assert codes(changed(("numbers  +1", "numbers  1"))) == ["SF107"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("route pbx-east {", "route {", "SF002"),  # a block without its name
        ("retry standard {\n", "", "SF005"),  # without its first line
        ("    routes ", "}\n    routes ", "SF005"),  # that ends too early
        ("    retry ", "}\n    retry ", "SF002"),
        ("listen udp 192.0.2.10:5060", "listen udp 192.0.2.10:5060,", "SF002"),
        ("numbers  +13125550100 .. +13125550199", "numbers  +13125550100 ..", "SF002"),
        ("standard\n    deadline", "standard,\n    deadline", "SF002"),
    ],
)
def test_a_mistake_of_syntax_makes_no_second_one(old: str, new: str, code: str) -> None:
    assert codes(changed((old, new))) == [code]


def test_warnings_leave_the_plan() -> None:
    made = changed(("prefixes +1", "prefixes +44"))
    assert codes(made) == ["SF503"]
    assert made.plan is not None
