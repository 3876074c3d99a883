"""A file that is read in pieces is read as it would be in one, wherever they end."""

from __future__ import annotations

from pathlib import Path

import pytest

from bless import CASES, EXAMPLES
from sipfo.grammar import parser
from sipfo.grammar.parser import parse
from sipfo.grammar.source import Source

POLICIES = sorted([*EXAMPLES.glob("*.sipfo"), *CASES.glob("*/*.sipfo")])
BLOCK = """trunk {} {{
    routes sequential pbx-east
    on failure forward to +12025550123 via northstar
}}
"""


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_policy_is_read_as_in_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(path.read_bytes().decode(errors="replace"), path.name, base=1000)
    whole = parse(source)
    monkeypatch.setattr(parser, "PIECE", 1)
    assert parse(source) == whole


def test_pieces_end_before_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "sipfo 1\n" + "".join(map(BLOCK.format, ("a", "b", "c")))
    read, seen = parser.read, list[str]()

    def watched(text: str, start: str, base: int = 0) -> object:
        seen.append(text)
        return read(text, start, base)

    monkeypatch.setattr(parser, "PIECE", 1)
    monkeypatch.setattr(parser, "read", watched)
    file, found = parse(Source(text, "policy.sipfo"))
    assert not found
    assert len(file.statements) == 4
    assert seen == ["sipfo 1\n", *map(BLOCK.format, ("a", "b", "c"))]
