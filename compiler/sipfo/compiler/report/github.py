"""Diagnostics as GitHub's workflow commands, which annotate the lines of a pull request.

One command to a line; what would surprise is GitHub's own escaping: `%` and line ends everywhere,
`:` and `,` in properties as well.
https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sipfo.compiler.report.place import Texts, place_of
from sipfo.grammar.diagnostic import Diagnostic, Severity

_COMMANDS: Final[dict[Severity, str]] = {
    "error": "error",
    "warning": "warning",
    "note": "notice",
}


def render_github(texts: Texts, diagnostics: Sequence[Diagnostic]) -> str:
    """A line for each diagnostic; "" if there are none."""
    return "".join(f"{_command(texts, one)}\n" for one in diagnostics)


def _command(texts: Texts, one: Diagnostic) -> str:
    place = place_of(texts, one.span)
    properties: dict[str, str | int] = {"file": place["file"], "line": place["line"]}
    if place["line"] == place["end_line"]:  # over several lines GitHub takes no columns
        properties["col"] = place["column"]
    properties["endLine"] = place["end_line"]
    if place["line"] == place["end_line"]:
        properties["endColumn"] = place["end_column"]
    properties["title"] = f"{one.code} {one.title}"
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[one.severity]} {listed}::{_data(_message(texts, one))}"


def _message(texts: Texts, one: Diagnostic) -> str:
    lines = [one.message]
    for label in one.secondary:
        place = place_of(texts, label.span)
        lines.append(f"{label.text}: {place['file']}:{place['line']}:{place['column']}")
    if one.hint is not None:
        lines.append(f"hint: {one.hint}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
