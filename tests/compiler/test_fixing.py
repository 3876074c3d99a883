"""Fixes leave what they mean, and nothing else, in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bless import cases, policy_of
from compiler.policies import CORRECT, compiled
from sipfo.cli.reading import files_in
from sipfo.compiler.fixing import fixable, fixed
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.grammar.diagnostic import Diagnostic, Edit, Fix
from sipfo.grammar.source import Source, Span


def put_right(made: Compilation, text: str) -> str:
    fixes = [fix for _, fix in fixable(made.source.main, made.diagnostics)]
    return fixed(made.source.main, text, fixes)


def compile_(text: str) -> Compilation:
    return compile_source(text, "policy.sipfo")


def changed(old: str, new: str) -> str:
    assert old in CORRECT
    return CORRECT.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("404, 486", "404, 404, 486"),
        ("404, 486", "404, 486, 486"),
        ("404, 486", "404, 486,\n        404"),
        ("commit   on 180", "commit   on 180, 180"),
        ("deadline 20s", "deadline 20s;"),
        ("deadline 20s", "deadline 20s ;"),
        ("pbx-west\n", "pbx-west,\n"),
        ("sipfo 1\n\n", ""),
        ("sipfo 1\n", "sipfo 1\nsipfo 1\n"),
        ("sipfo 1\n", "sipfo 1;\n"),
        ("listen udp", "listen udp 192.0.2.10\nlisten udp"),
    ],
)
def test_what_is_put_right_is_the_policy_that_was_meant(old: str, new: str) -> None:
    text = changed(old, new)
    made = compile_(text)
    assert made.diagnostics
    again = compile_(put_right(made, text))
    assert again.diagnostics == ()
    assert again.plan == compile_(CORRECT).plan


FIXABLE = [
    case
    for case in cases()
    for made in [compiled(case)]
    if list(fixable(made.source.main, made.diagnostics))
]


@pytest.mark.parametrize("case", FIXABLE, ids=lambda case: case.name)
def test_a_fix_never_changes_what_a_policy_means(case: Path) -> None:
    made = compiled(case)
    policy = policy_of(case)
    text = put_right(made, policy.read_bytes().decode())
    again = compile_source(text, policy.name, files_in(case))
    assert len(again.diagnostics) < len(made.diagnostics)
    assert again.plan is not None or made.plan is None
    if made.plan is not None:
        assert again.plan == made.plan


def test_a_line_that_would_be_left_empty_goes() -> None:
    text = changed("listen udp", "    listen udp 192.0.2.10  \nlisten udp")
    assert put_right(compile_(text), text).count("\n") == text.count("\n") - 1


def test_a_comment_beside_what_goes_stays() -> None:
    text = changed("sipfo 1\n", "sipfo 1\nsipfo 1  # why\n")
    assert "sipfo 1\n  # why\n" in put_right(compile_(text), text)


def test_new_lines_are_those_of_the_file() -> None:
    text = CORRECT.replace("sipfo 1\n", "").replace("\n", "\r\n")
    right = put_right(compile_(text), text)
    assert "sipfo 1\r\n\r\n" in right
    assert right.count("\n") == right.count("\r\n")


def test_a_byte_order_mark_stays_in_front() -> None:
    text = "\ufeff" + CORRECT.replace("sipfo 1\n\n", "")
    assert put_right(compile_(text), text) == "\ufeff" + CORRECT
    assert put_right(compile_("\ufeff"), "\ufeff") == "\ufeffsipfo 1\n\n"


def finding(*edits: Edit) -> Diagnostic:
    return Diagnostic("SF000", "error", "x", "x", Span(0, 0), fix=Fix(edits, "x"))


def test_of_fixes_that_overlap_the_first_is_made() -> None:
    source = Source("abcdef", "x")
    first = finding(Edit(Span(1, 3), "B"))
    over, same, beside = (
        finding(Edit(Span(2, 4), "C")),
        finding(Edit(Span(1, 1), "D")),
        finding(Edit(Span(3, 4), "E")),
    )
    chosen = list(fixable(source, [first, over, same, beside]))
    assert [one for one, _ in chosen] == [first, beside]
    assert fixed(source, source.text, [fix for _, fix in chosen]) == "aBEef"


def test_a_fix_in_another_file_is_not_made_in_this_one() -> None:
    source = Source("abc", "x", 10)
    assert list(fixable(source, [finding(Edit(Span(0, 1), ""))])) == []
    (chosen,) = fixable(source, [finding(Edit(Span(10, 11), ""))])
    assert fixed(source, source.text, [chosen[1]]) == "bc"
