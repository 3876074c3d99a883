"""What each code means: the page that `sipfo explain CODE` prints.

A page is the docstring of the file that finds the mistake; those of the syntax are a table beside
the grammar's errors.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from functools import cache
from typing import NamedTuple

from sipfo.compiler import checks, values
from sipfo.grammar.syntax_error import PAGES, TITLES


class Page(NamedTuple):
    """A code, its title of at most four words, and its text."""

    code: str
    title: str
    text: str


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
