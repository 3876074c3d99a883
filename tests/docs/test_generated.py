"""What docs/ says of the code is what the code says today (make docs), and its links lead somewhere."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from docs.error_pages import error_pages
from docs.grammar_page import grammar_page
from docs.markdown import anchor
from docs.plan_page import KINDS, kinds, parts, plan_page
from docs.words import ACCEPTED, MEANINGS, PAGES_OF_VALUES
from generate_docs import DOCS, MARKER, generated, gone
from sipfo.compiler.catalogue import pages
from sipfo.compiler.pipeline import compile_source
from sipfo.grammar.vocabulary import STATEMENTS, VALUES
from sipfo.plan.codec import UnreadablePlan, read_plan, write_plan

ROOT = DOCS.parent
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", generated(), ids=lambda path: str(path.relative_to(DOCS)))
def test_a_generated_page_is_up_to_date(path: Path) -> None:
    assert path.exists(), "make docs writes it"
    assert path.read_text(encoding="utf-8") == generated()[path], "make docs rewrites it"


def test_no_page_is_of_a_code_that_is_gone() -> None:
    assert gone() == set(), "make docs removes them"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_to_a_place_on_it(path: Path) -> None:
    for link in LINK.findall(_prose(path)):
        file, _, place = link.partition("#")
        if "://" in link:
            continue
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        if place:
            assert place in _anchors(target), link


@pytest.mark.parametrize("code", pages())
def test_a_codes_page_shows_it_as_users_see_it(code: str) -> None:
    text = error_pages()[f"{code}.md"]
    assert text.startswith(f"# {code}: {pages()[code].title}\n")
    assert re.search(rf"```text\n(error|warning|note)\[{code}\]", text)
    assert f"({code}.md)" in error_pages()["README.md"]


def test_every_statement_of_the_grammar_is_on_its_page() -> None:
    text = grammar_page()
    for where, words in STATEMENTS.items():
        place = "a file" if where == "file" else f"a `{where}`"
        rows = text.partition(f"| in {place} |")[2].partition("\n\n")[0]
        for word in words:
            assert re.search(rf"^\| `{word}\b", rows, re.MULTILINE), (where, word)


def test_the_words_beside_the_grammar_speak_of_nothing_else() -> None:
    assert {where: set(words) for where, words in STATEMENTS.items()} == {
        where: set(words) for where, words in MEANINGS.items()
    }
    assert set(ACCEPTED) | set(PAGES_OF_VALUES) == set(VALUES)
    assert set(PAGES_OF_VALUES.values()) <= set(pages())


def test_names_of_rules_that_only_the_tree_needs_are_hidden() -> None:
    rules = "".join(FENCE.findall(grammar_page()))
    assert not re.search(r"_|\?[a-z]|![a-z]|-body|-list|->", rules)


def test_every_key_of_the_plan_is_on_its_page() -> None:
    text = (DOCS / "plan.md").read_text(encoding="utf-8")
    for part in parts():
        section = text.partition(f"### {part.__name__}\n")[2].partition("\n### ")[0]
        assert inspect.cleandoc(part.__doc__ or "") in section
        for name in part.model_fields:
            assert f"| `{name}` |" in section, (part, name)


def test_every_type_of_the_plan_has_its_words() -> None:
    assert set(kinds()) == set(KINDS)


def test_the_plans_example_is_what_its_policy_compiles_to() -> None:
    text = (DOCS / "plan.md").read_text(encoding="utf-8")
    policy, shown = (
        re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) for language in ("sipfo", "json")
    )
    made = compile_source(policy[0], "policy.sipfo")
    assert made.plan is not None
    assert shown == [write_plan(made.plan)]


@pytest.mark.parametrize("key", ["version", "listen", "trunks"])
def test_what_the_plans_page_calls_refused_is_refused(key: str) -> None:
    text = (DOCS / "plan.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{key}` \| .* \| refused \|$", text, re.MULTILINE)
    plan = json.loads(_example(text))
    del plan[key]
    with pytest.raises(UnreadablePlan):
        read_plan(json.dumps(plan))


def test_a_rule_without_its_kind_is_refused() -> None:
    text = (DOCS / "plan.md").read_text(encoding="utf-8")
    assert '| `kind` | `"local"` | refused |' in text
    plan = json.loads(_example(text))
    for rule in plan["retries"][0]["rules"]:
        del rule["match"]["kind"]
    with pytest.raises(UnreadablePlan):
        read_plan(json.dumps(plan))


def test_a_head_without_a_policy_is_an_error_and_not_a_page() -> None:
    with pytest.raises(ValueError, match="has no policy"):
        plan_page("# The plan\n")


@pytest.mark.parametrize("name", ["grammar.md", "plan.md"])
def test_what_is_written_by_hand_stands_before_the_marker(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8").count(MARKER) == 1


def _example(text: str) -> str:
    return text.partition("```json\n")[2].partition("```")[0]


def _prose(path: Path) -> str:
    """A page without its code."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", path.read_text(encoding="utf-8")))


def _anchors(path: Path) -> set[str]:
    """The places of a page that a link can lead to."""
    text = path.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {anchor(heading) for heading in headings} | set(re.findall(r'<a id="([^"]+)">', text))
