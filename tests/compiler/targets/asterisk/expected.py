"""The policies whose files for Asterisk are kept, and what is written for them now."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from sipfo.cli.reading import files_in
from sipfo.compiler.pipeline import compile_source
from sipfo.compiler.targets.asterisk.emit import render
from sipfo.compiler.targets.source import OfPolicy
from sipfo.runtime.secret import names

ROOT: Final = Path(__file__).parents[4]
EXPECTED: Final = Path(__file__).parent / "expected"
FILES: Final = ("extensions.conf", "pjsip.conf")
POLICIES: Final = {
    "telnyx": ROOT / "examples/telnyx.sipfo",
    "access": ROOT / "tests/rules/access.sipfo",
    "registered": ROOT / "tests/rules/registered.sipfo",
    "outcomes": ROOT / "tests/rules/outcomes.sipfo",
}


@cache
def expected(policy: str) -> dict[str, str]:
    """The files of a policy by name."""
    path = POLICIES[policy]
    found = compile_source(path.read_bytes(), path.name, files_in(path.parent))
    assert found.plan is not None
    secrets = dict.fromkeys(names(found.plan), "secret")
    files = render(found.plan, "/etc/asterisk/acme", secrets, OfPolicy(found))
    return {name: files[name].text for name in FILES}


def bless() -> None:
    """Keep what is written now."""
    for policy in POLICIES:
        (EXPECTED / policy).mkdir(parents=True, exist_ok=True)
        for name, text in expected(policy).items():
            (EXPECTED / policy / name).write_text(text, "utf-8")
