"""The published schema is the plan's."""

from __future__ import annotations

from cli.command import ROOT, sipfo
from sipfo.plan.codec import plan_schema


def test_the_schema_is_printed() -> None:
    assert sipfo("schema").output == plan_schema()


def test_the_published_schema_is_the_same() -> None:
    """To publish another: `sipfo schema > docs/plan.schema.json`."""
    assert (ROOT / "docs" / "plan.schema.json").read_text() == plan_schema()
