"""`sipfo explain`: a diagnostic's code to the page that says what it means and what to write."""

from __future__ import annotations

import json

import click

from sipfo.cli.reading import Unusable
from sipfo.compiler.catalogue import Page, explain, pages
from sipfo.grammar.diagnostic import one_of, quoted
from sipfo.grammar.near import near


@click.command("explain")
@click.argument("code", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for tools: one page, or the list of all.",
)
def command(code: str | None, form: str) -> None:
    """Say what a diagnostic's CODE means.

    Without a code, all are listed, one on a line.
    """
    if code is None:
        found = tuple(pages().values())
        click.echo(_json([_values(page) for page in found]) if form == "json" else _list(found))
    else:
        page = _page(code)
        click.echo(_json(_values(page)) if form == "json" else _text(page))


def _page(code: str) -> Page:
    """The page of a code. Raises Unusable when there is none."""
    page = explain(code)
    if page is not None:
        return page
    meant = [f"`{name}`" for name in near(code, pages())]
    hint = f"did you mean {one_of(meant)}?" if meant else "`sipfo explain` lists all"
    raise Unusable(f"no code is called {quoted(code)}: {hint}")


def _text(page: Page) -> str:
    return f"{page.code}: {page.title}\n\n{page.text}"


def _list(found: tuple[Page, ...]) -> str:
    """A line for each: code, title, summary."""
    width = max(len(page.title) for page in found)
    return "\n".join(f"{page.code}  {page.title:<{width}}  {page.summary}" for page in found)


def _values(page: Page) -> dict[str, str]:
    return {
        "code": page.code,
        "title": page.title,
        "family": page.family,
        "summary": page.summary,
        "text": page.text,
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
