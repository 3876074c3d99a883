"""What every importer must give: a policy that compiles, in the house's layout."""

from __future__ import annotations

from sipfo.compiler.draft.write import policy_text
from sipfo.compiler.importing.imported import Imported
from sipfo.compiler.pipeline import compile_source
from sipfo.grammar.format.formatter import format_source
from sipfo.grammar.source import Source
from sipfo.plan.model import Plan


def compiled(imported: Imported) -> Plan:
    """The plan of what was imported, which passes every check and is the draft's own."""
    text = policy_text(imported.draft)
    made = compile_source(text, "imported.sipfo")
    assert made.plan is not None, (text, [one.message for one in made.diagnostics])
    assert made.plan == imported.draft.plan
    assert format_source(Source(text, "imported.sipfo")) == text
    return made.plan


def said(imported: Imported) -> str:
    """The remarks as the command line shows them."""
    return "\n".join(f"{one.file}:{one.line}: {one.text}" for one in imported.remarks)
