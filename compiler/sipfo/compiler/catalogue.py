"""What each code means: the page that `sipfo explain CODE` prints.

A page is the docstring of the file that finds the mistake; those of the syntax are a table beside
the grammar's errors. Codes come in families, by their first digit.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from functools import cache
from typing import Final, NamedTuple

from sipfo.compiler import checks, values
from sipfo.grammar.syntax_error import PAGES, TITLES

FAMILIES: Final = {
    "SF0": "Text and syntax",
    "SF1": "Values",
    "SF2": "Names and imports",
    "SF3": "Statements",
    "SF4": "Retry policies",
    "SF5": "Trunks, routes, carriers and regions",
    "SF6": "Test blocks",
    "SF7": "Reach and time",
    "SF8": "Targets",
}
"""The beginning of a code to what such codes are about."""


class Page(NamedTuple):
    """A code, its title of at most four words, and its text: paragraphs between empty lines."""

    code: str
    title: str
    text: str

    @property
    def summary(self) -> str:
        """The first sentence, on one line."""
        paragraph = " ".join(self.text.partition("\n\n")[0].split())
        return re.split(r"(?<=[.]) (?=[A-Z])", paragraph, maxsplit=1)[0]

    @property
    def family(self) -> str:
        """What this code and its neighbours are about."""
        return FAMILIES[self.code[:3]]


@cache
def pages() -> dict[str, Page]:
    """Every code's page, in the order of the codes."""
    found = {code: Page(code, TITLES[code], text) for code, text in PAGES.items()}
    for room in (values, checks):
        for module in pkgutil.iter_modules(room.__path__):
            rule = importlib.import_module(f"{room.__name__}.{module.name}")
            code = getattr(rule, "CODE", None)
            if code is not None:
                found[code] = Page(code, rule.TITLE, inspect.cleandoc(rule.__doc__ or ""))
    return dict(sorted(found.items()))


def explain(code: str) -> Page | None:
    """The page of a code, in any case; None if there is no such code."""
    return pages().get(code.upper())
