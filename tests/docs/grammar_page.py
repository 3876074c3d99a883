"""docs/grammar.md: sipfo.lark for readers, section by section, and what each value may be.

What stands before the marker in the page is written by hand and kept.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from docs.forms import beginning_with, form, without_body
from docs.markdown import code, fenced, page, table
from docs.notation import Expr, Repeat, Section, ebnf, inlined, sections, values_in
from docs.words import ACCEPTED, MEANINGS, PAGES_OF_VALUES
from sipfo.compiler.catalogue import pages
from sipfo.grammar.tree import LISTS
from sipfo.grammar.vocabulary import STATEMENTS, VALUES

_WIDTH = 96


def grammar_page() -> str:
    """What follows the marker."""
    return page(*_sections(), "## Values", _values())


@cache
def _grammar() -> tuple[Section, ...]:
    text = (files("sipfo.grammar") / "sipfo.lark").read_text(encoding="utf-8")
    return tuple(sections(text))


def _rules() -> dict[str, Expr]:
    return {name: expr for section in _grammar() for name, expr in section.rules.items()}


def _is_internal(name: str) -> bool:
    """Whether a rule is there for the tree's sake and readers do better without its name."""
    return name.startswith("_") or (name in LISTS and name != "file") or name == "when_line"


def _sections() -> Iterator[str]:
    """A heading, the rules, and for each block its statements one by one."""
    internal = {name: expr for name, expr in _rules().items() if _is_internal(name)}
    for section in _grammar():
        shown = {n: inlined(e, internal) for n, e in section.rules.items() if not _is_internal(n)}
        yield f"## {section.heading[0].upper()}{section.heading[1:]}"
        yield fenced("ebnf", "\n".join(_equations(shown)))
        for where in STATEMENTS:
            if where in shown:
                place = "a file" if where == "file" else f"a `{where}`"
                yield table((f"in {place}", "says", "values"), _statements(where))


def _equations(rules: dict[str, Expr]) -> Iterator[str]:
    width = max(len(name) for name in rules)
    for name, expr in rules.items():
        yield textwrap.fill(
            f"{name.replace('_', '-'):<{width}} = {ebnf(expr)}",
            _WIDTH,
            subsequent_indent=" " * (width + 3),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _statements(where: str) -> Iterator[tuple[str, str, str]]:
    """For each form of each statement: the form, what it says, its values."""
    rules = _rules()
    body = inlined(rules["file" if where == "file" else f"{where}_body"], rules)
    assert isinstance(body, Repeat)
    for word in STATEMENTS[where]:
        forms = beginning_with(word, body.part)
        meanings = MEANINGS[where][word]
        if len(forms) != len(meanings):
            raise ValueError(f"`{word}` in a {where} has {len(forms)} forms: see docs/words.py")
        for one, meaning in zip(forms, meanings, strict=True):
            values = values_in(without_body(one))
            yield code(form(one)), meaning, ", ".join(f"[{v}](#{v.lower()})" for v in values)


def _values() -> str:
    """Each kind of value: its name in errors, what it may be, and the page that says more."""
    rows = []
    for name, called in VALUES.items():
        about = pages().get(PAGES_OF_VALUES.get(name, ""))
        accepted = ACCEPTED.get(name) or (about.summary if about else "")
        more = f"[{about.code}](errors/{about.code}.md)" if about else ""
        rows.append((f'<a id="{name.lower()}"></a>{name}', called, accepted, more))
    return table(("value", "called in errors", "accepts", "more"), rows)
