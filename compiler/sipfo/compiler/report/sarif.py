"""Diagnostics as SARIF 2.1.0, the format of code scanning services, with their fixes.

Columns count characters as everywhere here (`columnKind` says so). The rules are the pages of the
catalogue, those that a result names.
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from sipfo.compiler.catalogue import pages
from sipfo.compiler.report.place import Place, Texts, place_of
from sipfo.grammar.diagnostic import Diagnostic, Fix

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"

Json = dict[str, object]


def render_sarif(found: Sequence[tuple[Texts, Sequence[Diagnostic]]], version: str) -> str:
    """One log with one run: the findings of every policy. `version` is the compiler's."""
    codes = sorted({one.code for _, diagnostics in found for one in diagnostics})
    driver = {"name": "sipfo", "version": version, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(texts, one, codes.index(one.code))
            for texts, diagnostics in found
            for one in diagnostics
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str) -> Json:
    page = pages()[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in re.findall(r"\w+", page.title)),
        "shortDescription": {"text": page.summary},
        "help": {"text": page.text},
    }


def _result(texts: Texts, one: Diagnostic, rule: int) -> Json:
    text = one.message if one.hint is None else f"{one.message}\nhint: {one.hint}"
    result: Json = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": text},
        "locations": [_location(place_of(texts, one.span))],
    }
    if one.secondary:
        result["relatedLocations"] = [
            {**_location(place_of(texts, label.span)), "message": {"text": label.text}}
            for label in one.secondary
        ]
    if one.fix is not None:
        result["fixes"] = [_fix(texts, one.fix)]
    return result


def _fix(texts: Texts, fix: Fix) -> Json:
    changes: dict[str, list[Json]] = {}
    for edit in fix.edits:
        place = place_of(texts, edit.span)
        changes.setdefault(place["file"], []).append(
            {"deletedRegion": _region(place), "insertedContent": {"text": edit.replacement}}
        )
    return {
        "description": {"text": fix.title},
        "artifactChanges": [
            {"artifactLocation": {"uri": _uri(path)}, "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }


def _location(place: Place) -> Json:
    artifact = {"uri": _uri(place["file"])}
    return {"physicalLocation": {"artifactLocation": artifact, "region": _region(place)}}


def _region(place: Place) -> Json:
    return {
        "startLine": place["line"],
        "startColumn": place["column"],
        "endLine": place["end_line"],
        "endColumn": place["end_column"],
    }


def _uri(path: str) -> str:
    return ("file://" if PurePosixPath(path).is_absolute() else "") + quote(path)
