"""`sipfo explain`: one code's page, the list of all, and codes that there are not."""

from __future__ import annotations

import json

import pytest

from cli.command import BROKEN, sipfo
from sipfo.compiler.catalogue import pages


@pytest.mark.parametrize("code", ["SF401", "sf401", "Sf401"])
def test_a_code_in_any_case_prints_its_page(code: str) -> None:
    result = sipfo("explain", code)
    assert result.exit_code == 0
    assert result.output == f"SF401: {pages()['SF401'].title}\n\n{pages()['SF401'].text}\n"
    assert "Avoid:" in result.output


def test_a_syntax_code_has_a_page_too() -> None:
    result = sipfo("explain", "SF003")
    assert result.exit_code == 0
    assert result.output.startswith("SF003: Unclosed block\n\n")


def test_without_a_code_all_are_listed_one_on_a_line() -> None:
    result = sipfo("explain")
    assert result.exit_code == 0
    lines = result.output.rstrip("\n").split("\n")
    assert [line.split()[0] for line in lines] == list(pages())
    for line, page in zip(lines, pages().values(), strict=True):
        assert page.title in line
        assert line.endswith(page.summary)


def test_json_of_a_code_is_its_page() -> None:
    page = json.loads(sipfo("explain", "SF501", "--format", "json").output)
    assert page["code"] == "SF501"
    assert page["title"] == pages()["SF501"].title
    assert page["text"] == pages()["SF501"].text
    assert page["family"] == "Trunks, routes, carriers and regions"


def test_json_without_a_code_is_a_list_of_pages() -> None:
    found = json.loads(sipfo("explain", "--format", "json").output)
    assert [page["code"] for page in found] == list(pages())


def test_an_unknown_code_names_near_ones_and_exits_2() -> None:
    result = sipfo("explain", "SF409")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("sipfo: no code is called `SF409`: did you mean ")
    assert "`SF401`" in result.stderr


def test_what_is_like_no_code_is_told_where_the_list_is() -> None:
    result = sipfo("explain", "\x1b[31mnonsense")
    assert result.exit_code == 2
    assert "`sipfo explain` lists all" in result.stderr
    assert "\x1b" not in result.stderr


def test_what_check_says_can_be_explained(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("policy") / "policy.sipfo"
    path.write_text(BROKEN)
    findings = json.loads(sipfo("check", str(path), "--format", "json").output)
    for code in {finding["code"] for finding in findings}:
        assert sipfo("explain", code).exit_code == 0
