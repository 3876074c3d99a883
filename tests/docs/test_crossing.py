"""docs/running.md says of each header field and method that crosses that it does."""

from __future__ import annotations

import re
from pathlib import Path

from sipfo.runtime.engine import IN_DIALOG
from sipfo.runtime.headers import END_TO_END, OPTION_TAGS
from sipfo.runtime.reason import TIMED_OUT

PAGE = Path(__file__).parent.parent.parent / "docs" / "running.md"


def section() -> str:
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(
        r"^## What crosses, and what does not\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return str(found)


def test_every_field_that_crosses_is_named() -> None:
    words = {word.lower() for word in re.findall(r"[A-Za-z][A-Za-z0-9-]+", section())}
    fields = {name.decode() for name in END_TO_END if not name.startswith(b"content-")}
    assert fields <= words


def test_every_extension_that_crosses_is_named() -> None:
    (listed,) = re.findall(r"Extensions that cross: ([^.]*)\.", section())
    assert set(re.split(r",\s+", listed)) == {tag.decode() for tag in OPTION_TAGS}


def test_every_method_of_a_call_is_in_the_table() -> None:
    rows = [line for line in section().split("\n") if line.startswith("| ")]
    assert set(re.findall(r"[A-Z]{3,}", "".join(rows))) >= IN_DIALOG


def test_every_reason_of_a_timer_is_named() -> None:
    for value in TIMED_OUT.values():
        (text,) = re.findall(rb'text="([^"]*)"', value)
        assert f"`{text.decode()}`" in section()
