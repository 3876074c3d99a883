from __future__ import annotations

import re

import pytest

from sipfo.compiler.catalogue import FAMILIES, Page, explain, pages


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


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.code)
def test_a_pages_summary_is_its_first_sentence(page: Page) -> None:
    assert " ".join(page.text.split()).startswith(page.summary)
    assert page.summary[0].isupper() or page.summary[0] == "`"
    assert page.summary.endswith(".")
    assert "\n" not in page.summary


@pytest.mark.parametrize("page", pages().values(), ids=lambda page: page.code)
def test_every_code_is_of_a_family(page: Page) -> None:
    assert page.family == FAMILIES[page.code[:3]]


def test_every_family_has_a_code() -> None:
    assert {code[:3] for code in pages()} == set(FAMILIES)


def test_an_abbreviation_does_not_end_a_summary() -> None:
    page = Page(
        "SF999", "A title", "It waits 1.5 s, as `a. b` does. Then\nit stops.\n\nWhy: it must."
    )
    assert page.summary == "It waits 1.5 s, as `a. b` does."
