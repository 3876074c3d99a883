from __future__ import annotations

import json
import re

from bless import CASES, cases
from compiler.policies import CORRECT, changed, compiled
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.report.json import render_json, to_json
from sipfo.compiler.report.text import MOST, render

WRONG = changed(("404, 486", "404, 503"), ("deadline 20s", "deadline 20"))


def test_the_text_shows_both_places_and_what_to_write() -> None:
    assert render(WRONG.source, WRONG.diagnostics) == (
        "error[SF401] Contradicting outcomes: `503` is to failover and to stop\n"
        "   ┌─ policy.sipfo:12:22\n"
        "   │\n"
        "11 │     failover on 408, 480, 503, 504, transport-error\n"
        "   │                           --- failover here\n"
        "12 │     stop     on 404, 503, 603\n"
        "   │                      ^^^ stop here\n"
        "hint: keep it in one of the two lists\n"
        "\n"
        "error[SF105] Bad duration: not a duration: `20`\n"
        "   ┌─ policy.sipfo:29:14\n"
        "   │\n"
        "29 │     deadline 20\n"
        "   │              ^^ here\n"
        "hint: write the unit: `20s` or `20ms`\n"
        "\n"
        "2 errors\n"
    )


def test_nothing_wrong_is_no_text() -> None:
    made = compile_source(CORRECT, "policy.sipfo")
    assert render(made.source, made.diagnostics) == ""
    assert json.loads(render_json(to_json(made.source, made.diagnostics))) == []


def test_colour_adds_nothing_but_colour() -> None:
    plain = render(WRONG.source, WRONG.diagnostics)
    coloured = render(WRONG.source, WRONG.diagnostics, colour=True)
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain


def test_the_json_has_every_field() -> None:
    first, second = json.loads(render_json(to_json(WRONG.source, WRONG.diagnostics)))
    assert first == {
        "code": "SF401",
        "severity": "error",
        "title": "Contradicting outcomes",
        "message": "`503` is to failover and to stop",
        "file": "policy.sipfo",
        "line": 12,
        "column": 22,
        "end_line": 12,
        "end_column": 25,
        "label": "stop here",
        "hint": "keep it in one of the two lists",
        "labels": [
            {
                "text": "failover here",
                "file": "policy.sipfo",
                "line": 11,
                "column": 27,
                "end_line": 11,
                "end_column": 30,
            }
        ],
        "fix": None,
    }
    assert second["code"] == "SF105"


def test_the_underlined_text_is_the_place() -> None:
    for case in cases():
        made = compiled(case)
        for one in made.diagnostics:
            place = made.source.position(one.span.start)
            line = made.source.of(one.span.start).line(place.line)
            text = made.source.excerpt(one.span).partition("\n")[0]
            assert line[place.column - 1 :].startswith(text.rstrip("\r"))


def test_a_very_long_line_is_cut_around_the_place() -> None:
    made = compile_source("sipfo 1 " + "# " * 3 + "\n" + "x" * 500_000 + " y", "policy.sipfo")
    text = render(made.source, made.diagnostics)
    assert len(text) < 3000
    assert "^" in text


def test_control_characters_never_reach_the_terminal() -> None:
    made = compile_source("sipfo 1\nroute \x1b[31mx {\x07}\n", "policy.sipfo")
    assert made.diagnostics
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", render(made.source, made.diagnostics))


def test_wide_characters_are_underlined_in_their_columns() -> None:
    made = compile_source('sipfo 1\ntest "電話" 電 {}\n', "policy.sipfo")
    lines = render(made.source, made.diagnostics).split("\n")
    pointer = next(line for line in lines if "^" in line)
    assert pointer.index("^^") == len("2 │ ") + len('test "') + 4 + len('" ')


def test_only_the_first_are_shown_and_all_are_counted() -> None:
    made = compile_source("sipfo 1\n" + "x 1\n" * (MOST + 20), "policy.sipfo")
    text = render(made.source, made.diagnostics)
    assert text.count("error[") == MOST
    assert text.endswith(f"{MOST + 20} errors, the first {MOST} shown\n")
    assert len(json.loads(render_json(to_json(made.source, made.diagnostics)))) == MOST + 20


def test_a_place_in_another_file_has_its_own_head() -> None:
    made = case("import-declared-twice")
    assert render(made.source, made.diagnostics) == (
        "error[SF202] Name declared twice: another route is called `pbx`\n"
        "  ┌─ places.sipfo:3:7\n"
        "  │\n"
        "3 │ route pbx { to sip:198.51.100.20 }\n"
        "  │       ^^^ declared again\n"
        "  ┌─ policy.sipfo:7:7\n"
        "  │\n"
        "7 │ route pbx { to sip:198.51.100.10 }\n"
        "  │       --- declared first\n"
        "\n"
        "1 error\n"
    )
    (found,) = to_json(made.source, made.diagnostics)
    assert (found["file"], found["labels"][0]["file"]) == ("places.sipfo", "policy.sipfo")


def test_a_fix_is_shown_as_the_lines_that_change() -> None:
    made = compile_source("listen udp 192.0.2.10\nlisten  udp  192.0.2.10:5060\n", "x")
    text = render(made.source, made.diagnostics)
    assert "fix: insert `sipfo 1`\n  + sipfo 1\n" in text
    assert "fix: remove it\n  - listen  udp  192.0.2.10:5060\n" in text
    findings = to_json(made.source, made.diagnostics)
    fixes = [one["fix"] for one in findings if one["fix"] is not None]
    assert fixes[0]["title"] == "insert `sipfo 1`"
    assert fixes[0]["edits"] == [
        {
            "replacement": "sipfo 1\n\n",
            "file": "x",
            "line": 1,
            "column": 1,
            "end_line": 1,
            "end_column": 1,
        }
    ]


def test_notes_are_counted_apart_and_their_lines_indented() -> None:
    made = case("import-twice")
    text = render(made.source, made.diagnostics)
    assert "note[SF208] Library note:\n  `no-response` is Timer B" in text
    assert text.endswith("2 warnings, 1 note\n")


def case(name: str) -> Compilation:
    return compiled(CASES / name)
