"""Write what docs/ says of the code, from the code: python tests/generate_docs.py, or make docs.

The pages of the codes are written whole, and those of codes that are gone are removed; of the
pages of the grammar and the plan, what stands before the marker is written by hand and kept.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from docs.engines_page import engines_page
from docs.error_pages import error_pages
from docs.grammar_page import grammar_page
from docs.plan_page import plan_page
from docs.targets_page import targets_page
from sipfo.plan.codec import plan_schema

DOCS = Path(__file__).parent.parent / "docs"
MARKER = "<!-- What follows is written by `make docs`. -->\n"


@cache
def generated() -> dict[Path, str]:
    """Every generated page: where it stands and what it says now."""
    grammar, plan, targets = DOCS / "grammar.md", DOCS / "plan.md", DOCS / "targets.md"
    engines = DOCS / "engines.md"
    return {
        DOCS / "plan.schema.json": plan_schema(),
        grammar: _head(grammar) + "\n" + grammar_page(),
        plan: _head(plan) + "\n" + plan_page(_head(plan)),
        engines: _head(engines) + "\n" + engines_page(),
        targets: _head(targets) + "\n" + targets_page(),
        **{DOCS / "errors" / name: text for name, text in error_pages().items()},
    }


def gone() -> set[Path]:
    """Pages of codes that there are no more."""
    return set(DOCS.glob("errors/*")) - generated().keys()


def _head(path: Path) -> str:
    """What is written by hand, with the marker. Raises ValueError without one."""
    head, marker, _ = path.read_text(encoding="utf-8").partition(MARKER)
    if not marker:
        raise ValueError(f"{path} has lost its line {MARKER.strip()}")
    return head + marker


def main() -> None:
    """Write them all."""
    for path in gone():
        path.unlink()
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
