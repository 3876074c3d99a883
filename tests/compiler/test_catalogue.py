from __future__ import annotations

import re

import pytest

from sipfo.compiler.catalogue import Page, explain, pages


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.code)
def test_every_code_has_a_page(page: Page) -> None:
    assert re.fullmatch("SF[0-9]{3}", page.code)
    assert 1 <= len(page.title.split()) <= 4
    assert len(page.text) > 60


@pytest.mark.parametrize(
    "page", [page for page in pages().values() if page.code >= "SF1"], ids=lambda page: page.code
)
def test_a_rules_page_says_what_to_avoid_what_to_write_and_why(page: Page) -> None:
    for heading in ("Avoid:", "Prefer:", "Why:"):
        assert heading in page.text


def test_codes_are_found_in_any_case() -> None:
    assert explain("sf401") == pages()["SF401"]
    assert explain("SF999") is None
