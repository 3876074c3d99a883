"""docs/errors: a page for each code, from the check itself and from the smallest case that shows it.

What would surprise: nothing is compiled here; a case's diagnostics are those that were blessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bless import cases, policy_of
from docs.markdown import anchor, code, fenced, page, table
from sipfo.compiler.catalogue import FAMILIES, Page, pages

_FINDING = re.compile(r"(error|warning|note)\[(SF[0-9]{3})\]")

_INTRODUCTION = """\
Every finding has a code. `sipfo explain CODE` prints its page; these are the same pages, each with an example.
`make docs` writes them from the checks themselves."""


class Example(NamedTuple):
    """A case that shows a code: its files by name, and what is said with that code, once each."""

    files: dict[str, str]
    said: tuple[str, ...]


class Shown(NamedTuple):
    """A diagnostic of a case, as users see it."""

    case: Path
    severity: str
    code: str
    text: str


@cache
def error_pages() -> dict[str, str]:
    """File name to text: the list, and a page for each code."""
    return {"README.md": _list(), **{f"{one.code}.md": _page(one) for one in pages().values()}}


def _list() -> str:
    parts = ["# What can be wrong", _INTRODUCTION]
    for family in dict.fromkeys(FAMILIES.values()):
        rows = [
            (f"[{one.code}]({one.code}.md)", one.title, _severities(one.code), one.summary)
            for one in pages().values()
            if one.family == family
        ]
        parts += [f"## {family}", table(("code", "title", "is an", "in a sentence"), rows)]
    return page(*parts)


def _page(one: Page) -> str:
    example = _example(one.code)
    severity = f"Severity: {_severities(one.code)}. " if example is not None else ""
    return page(
        f"# {one.code}: {one.title}",
        f"{severity}Family: [{one.family}](README.md#{anchor(one.family)}).",
        _prose(one.text),
        *_shown(example) if example is not None else (),
    )


def _prose(text: str) -> str:
    """A page's text, with Avoid, Prefer and Why as paragraphs of their own."""
    return re.sub(r"\n+(Avoid|Prefer|Why):", r"\n\n**\1:**", text)


def _shown(example: Example) -> Iterator[str]:
    yield "## Example"
    for name, text in example.files.items():
        if len(example.files) > 1:
            yield f"{code(name)}:"
        yield fenced("csv" if name.endswith(".csv") else "policy", text)
    yield "is told"
    yield from (fenced("text", said) for said in example.said)


def _severities(name: str) -> str:
    """What a finding with this code is: "error", "warning" or both."""
    return " or ".join(sorted({one.severity for one in _all_shown() if one.code == name}))


def _example(name: str) -> Example | None:
    """The case with the fewest other findings, and of those the shortest."""
    found = _all_shown()
    showing = {one.case for one in found if one.code == name}
    if not showing:
        return None

    def weight(case: Path) -> tuple[int, int, str]:
        others = sum(one.case == case and one.code != name for one in found)
        return others, sum(len(text) for text in _files(case).values()), case.name

    case = min(showing, key=weight)
    said = dict.fromkeys(one.text for one in found if one.case == case and one.code == name)
    return Example(_files(case), tuple(said))


@cache
def _all_shown() -> tuple[Shown, ...]:
    return tuple(one for case in cases() for one in _findings(case))


def _findings(case: Path) -> Iterator[Shown]:
    blessed = case / "diagnostics.txt"
    if blessed.exists():
        for text in blessed.read_text(encoding="utf-8").split("\n\n"):
            if found := _FINDING.match(text):
                yield Shown(case, found[1], found[2], text)


def _files(case: Path) -> dict[str, str]:
    """The policy and what it imports, as text that a page can show."""
    policy = policy_of(case)
    texts = (*case.glob("**/*.sipfo"), *case.glob("**/*.csv"))
    others = sorted(path for path in texts if path != policy)
    return {
        path.name if path == policy else str(path.relative_to(case)): _readable(path.read_bytes())
        for path in (policy, *others)
    }


def _readable(data: bytes) -> str:
    """Text without what a page cannot show: control characters, line ends of other systems."""
    text = re.sub("\r\n?", "\n", data.decode("utf-8", errors="replace").removeprefix("\ufeff"))
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\u{ord(c):04x}" for c in text)
