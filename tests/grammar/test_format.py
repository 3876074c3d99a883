"""The formatter's rules: pairs of tests/formatted, each named after the rule that it shows.

What a pair expects is written by `sipfo fmt - < NAME.sipfo > NAME.formatted.sipfo`, and read.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sipfo.grammar.format.columns import ABOUT, FAMILIES, WIDTH
from sipfo.grammar.format.formatter import format_source
from sipfo.grammar.source import Source
from sipfo.grammar.vocabulary import STATEMENTS

FORMATTED = Path(__file__).parents[1] / "formatted"
SUFFIX = ".formatted.sipfo"
PAIRS = sorted(path.name.removesuffix(SUFFIX) for path in FORMATTED.glob(f"*{SUFFIX}"))


def formatted(text: str) -> str | None:
    return format_source(Source(text, "policy.sipfo"))


def read(name: str) -> str:
    return (FORMATTED / name).read_bytes().decode()


def test_every_file_is_half_of_a_pair() -> None:
    names = {f"{pair}{suffix}" for pair in PAIRS for suffix in (".sipfo", SUFFIX)}
    assert names == {path.name for path in FORMATTED.iterdir()}


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pairs_text_becomes_the_other(pair: str) -> None:
    assert formatted(read(f"{pair}.sipfo")) == read(f"{pair}{SUFFIX}")


@pytest.mark.parametrize("pair", PAIRS)
def test_what_is_formatted_stays_as_it_is(pair: str) -> None:
    assert formatted(read(f"{pair}{SUFFIX}")) == read(f"{pair}{SUFFIX}")


@pytest.mark.parametrize("pair", PAIRS)
def test_other_line_ends_and_a_missing_last_one_do_not_count(pair: str) -> None:
    text = read(f"{pair}.sipfo").rstrip("\n").replace("\n", "\r\n")
    assert formatted(text) == read(f"{pair}{SUFFIX}")


@pytest.mark.parametrize("text", ["sipfo 1 {", "route a { to }", 'note "', "trunk a {", "}"])
def test_a_text_with_a_syntax_error_is_not_formatted(text: str) -> None:
    assert formatted(text) is None


def test_a_text_that_only_means_nothing_is_formatted() -> None:
    assert formatted("route  a{to  nonsense}") == "route a { to nonsense }\n"


@pytest.mark.parametrize("text", ["", "\n\n", " \t\r\n"])
def test_nothing_stays_nothing(text: str) -> None:
    assert formatted(text) == ""


def test_a_text_among_others_of_a_policy_is_formatted_alike() -> None:
    text = read("spaces.sipfo")
    assert format_source(Source(text, "policy.sipfo", base=7)) == formatted(text)


def test_a_comment_alone_is_a_file() -> None:
    assert formatted("\n\n  # only this  ") == "# only this\n"


@pytest.mark.parametrize(("characters", "lines"), [(WIDTH, 1), (WIDTH + 1, 3)])
def test_a_one_line_block_is_at_most_as_wide_as_a_line(characters: int, lines: int) -> None:
    name = "x" * (characters - len("route a { to  }"))
    text = formatted(f"route a {{ to {name} }}")
    assert text is not None
    assert text.count("\n") == lines


@pytest.mark.parametrize(("characters", "lines"), [(WIDTH, 1), (WIDTH + 1, 2)])
def test_a_list_is_wrapped_where_it_is_wider_than_a_line(characters: int, lines: int) -> None:
    name = "x" * (characters - len("    from a, "))
    text = formatted(f"trunk a {{\nfrom a, {name} }}")
    assert text is not None
    assert text.count("\n") - 2 == lines


def test_a_rename_moves_nothing_outside_its_own_lines() -> None:
    text = read(f"keywords-in-a-column{SUFFIX}")
    renamed = formatted(text.replace("northstar", "a-carrier-with-a-longer-name"))
    assert renamed is not None
    before, after = text.split("\n"), renamed.split("\n")
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    assert changed
    assert all("northstar" in line for line in changed)


def test_every_keyword_with_a_column_opens_a_statement_of_its_block() -> None:
    for kind, families in FAMILIES.items():
        keywords = [keyword for family in families for keyword in family]
        assert set(keywords) <= set(STATEMENTS[kind])
        assert len(keywords) == len(set(keywords))
    assert all(
        set(ABOUT) <= set(STATEMENTS[kind]) for kind in STATEMENTS if kind not in ("trunk", "test")
    )
