"""The formats of other people's tools: GitHub's workflow commands and SARIF 2.1.0."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bless import CASES, cases
from compiler.policies import compiled
from sipfo.compiler.pipeline import Compilation, compile_source
from sipfo.compiler.report.github import render_github
from sipfo.compiler.report.sarif import render_sarif

COMMAND = re.compile(
    r"::(error|warning|notice) file=([^,:]+),line=(\d+)(?:,col=(\d+))?,endLine=(\d+)"
    r"(?:,endColumn=(\d+))?,title=([^,:]+)::(.+)"
)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_each_finding_is_one_command_that_github_reads(case: Path) -> None:
    made = compiled(case)
    lines = render_github(made.source, made.diagnostics).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(made.diagnostics)
    for line in lines:
        found = COMMAND.fullmatch(line)
        assert found is not None, line
        one_line = found[3] == found[5]
        assert (found[4] is not None) == (found[6] is not None) == one_line
        assert int(found[5]) >= int(found[3]) >= 1
        assert not one_line or int(found[6]) >= int(found[4]) >= 1


def test_what_would_end_a_property_or_the_line_is_escaped() -> None:
    made = compile_source("sipfo 2%3A", "a,b:c%\n.sipfo")
    assert render_github(made.source, made.diagnostics) == (
        "::error file=a%2Cb%3Ac%25%0A.sipfo,line=1,col=7,endLine=1,endColumn=11,"
        "title=SF301 Language version::"
        "this compiler reads version 1, not `2%253A`%0Ahint: write `sipfo 1`\n"
    )


def test_a_note_is_a_notice_and_an_import_names_its_file() -> None:
    twice = compiled(CASES / "import-twice")
    assert "::notice file=policy.sipfo," in render_github(twice.source, twice.diagnostics)
    declared = compiled(CASES / "import-declared-twice")
    (line,) = render_github(declared.source, declared.diagnostics).splitlines()
    assert line.startswith("::error file=places.sipfo,line=3,")
    assert line.endswith("%0Adeclared first: policy.sipfo:7:7")


def sarif(*made: Compilation) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(
        render_sarif([(one.source, one.diagnostics) for one in made], "1.2.3")
    )
    return log


def check_region(region: dict[str, Any]) -> None:
    """SARIF 2.1.0 §3.30: 1-based, the end exclusive and not before the start."""
    assert set(region) == {"startLine", "startColumn", "endLine", "endColumn"}
    assert all(isinstance(value, int) and value >= 1 for value in region.values())
    start = (region["startLine"], region["startColumn"])
    assert start <= (region["endLine"], region["endColumn"])


def check_artifact(artifact: dict[str, Any]) -> None:
    """SARIF 2.1.0 §3.4: a URI reference."""
    assert set(artifact) == {"uri"}
    assert re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+;=@/:-]|%[0-9A-F]{2})+", artifact["uri"])


def check_location(location: dict[str, Any], *, related: bool) -> None:
    """SARIF 2.1.0 §3.28, §3.29."""
    assert set(location) == {"physicalLocation", *(["message"] if related else [])}
    assert set(location["physicalLocation"]) == {"artifactLocation", "region"}
    check_artifact(location["physicalLocation"]["artifactLocation"])
    check_region(location["physicalLocation"]["region"])
    if related:
        assert location["message"]["text"]


def check_fix(fix: dict[str, Any]) -> None:
    """SARIF 2.1.0 §3.55 to §3.57: at least one change, each with at least one replacement."""
    assert set(fix) == {"description", "artifactChanges"}
    assert fix["description"]["text"]
    assert fix["artifactChanges"]
    for change in fix["artifactChanges"]:
        assert set(change) == {"artifactLocation", "replacements"}
        check_artifact(change["artifactLocation"])
        assert change["replacements"]
        for replacement in change["replacements"]:
            assert set(replacement) == {"deletedRegion", "insertedContent"}
            check_region(replacement["deletedRegion"])
            assert isinstance(replacement["insertedContent"]["text"], str)


def check_log(log: dict[str, Any]) -> list[dict[str, Any]]:
    """What the schema of SARIF 2.1.0 asks of all that is written here; the results."""
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    assert set(run) == {"tool", "columnKind", "results"}
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    driver = run["tool"]["driver"]
    assert set(driver) == {"name", "version", "rules"}
    rules = driver["rules"]
    ids = [rule["id"] for rule in rules]
    assert len(set(ids)) == len(ids)
    for rule in rules:
        assert set(rule) == {"id", "name", "shortDescription", "help"}
        assert re.fullmatch(r"[A-Z]\w+", rule["name"])
        assert rule["shortDescription"]["text"] and rule["help"]["text"]
    for result in run["results"]:
        optional = {"relatedLocations", "fixes"}
        assert set(result) - optional == {"ruleId", "ruleIndex", "level", "message", "locations"}
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        (location,) = result["locations"]
        check_location(location, related=False)
        for other in result.get("relatedLocations", ()):
            check_location(other, related=True)
        for fix in result.get("fixes", ()):
            check_fix(fix)
    results: list[dict[str, Any]] = run["results"]
    return results


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_sarif_is_as_its_schema_asks(case: Path) -> None:
    made = compiled(case)
    results = check_log(sarif(made))
    assert len(results) == len(made.diagnostics)
    for result, one in zip(results, made.diagnostics, strict=True):
        assert (result["ruleId"], result["level"]) == (one.code, one.severity)
        assert len(result.get("relatedLocations", ())) == len(one.secondary)
        assert ("fixes" in result) == (one.fix is not None)


def test_several_policies_are_one_run() -> None:
    both = (compiled(CASES / "listen-twice"), compiled(CASES / "import-twice"))
    results = check_log(sarif(*both))
    assert len(results) == sum(len(one.diagnostics) for one in both)


def test_nothing_wrong_is_a_run_without_results() -> None:
    assert check_log(sarif(compiled(CASES / "correct"))) == []


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a/b.sipfo", "a/b.sipfo"),
        ("/etc/sip fo.sipfo", "file:///etc/sip%20fo.sipfo"),
        ("c:d.sipfo", "c%3Ad.sipfo"),
        ("<stdin>", "%3Cstdin%3E"),
    ],
)
def test_a_path_is_a_uri(path: str, uri: str) -> None:
    (result,) = check_log(sarif(compile_source("sipfo 2", path)))
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == uri
