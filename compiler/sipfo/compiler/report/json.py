"""Diagnostics as JSON: a list of findings with everything that the text shows, and all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TypedDict

from sipfo.compiler.report.place import Place, Texts, place_of
from sipfo.grammar.diagnostic import Diagnostic, Fix


class LabelJson(Place):
    """A further place of a finding."""

    text: str


class EditJson(Place):
    """What to put between the two ends of a place."""

    replacement: str


class FixJson(TypedDict):
    """A change that cannot alter what the policy means; its edits belong together."""

    title: str
    edits: list[EditJson]


class DiagnosticJson(Place):
    """One finding."""

    code: str
    severity: str
    title: str
    message: str
    label: str
    hint: str | None
    labels: list[LabelJson]
    fix: FixJson | None


def to_json(texts: Texts, diagnostics: Sequence[Diagnostic]) -> list[DiagnosticJson]:
    """The diagnostics as JSON values."""
    return [
        {
            "code": one.code,
            "severity": one.severity,
            "title": one.title,
            "message": one.message,
            **place_of(texts, one.span),
            "label": one.label,
            "hint": one.hint,
            "labels": [
                {"text": label.text, **place_of(texts, label.span)} for label in one.secondary
            ],
            "fix": None if one.fix is None else _fix(texts, one.fix),
        }
        for one in diagnostics
    ]


def render_json(findings: Sequence[DiagnosticJson]) -> str:
    """The findings, of one policy or of several, as a list with a final newline."""
    return json.dumps(findings, indent=2, ensure_ascii=False) + "\n"


def _fix(texts: Texts, fix: Fix) -> FixJson:
    return {
        "title": fix.title,
        "edits": [
            {"replacement": edit.replacement, **place_of(texts, edit.span)} for edit in fix.edits
        ],
    }
