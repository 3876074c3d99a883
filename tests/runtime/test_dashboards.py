"""deploy/grafana.json and deploy/alerts.yml ask for nothing that `/metrics` does not have, and
docs/running.md lists all that it has."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

import unpacked
from runtime.accounts import CANCELLED, EAST, GAUGES, OVER, REFUSED, UP
from runtime.scrape import families, scrape
from sipfo.runtime.metrics import Kept, Meter
from sipfo.runtime.record import AttemptRecord, Notice
from sipfo.runtime.wire.metrics import MetricsPage

DEPLOY = Path(__file__).parents[2] / "deploy"
_OF_PROMETHEUS = {"up": {"job", "instance"}}
_METRIC = re.compile(r"\b(?:sipfo|process)_[a-z_]+\b|\bup\b(?=\{)")
_SELECTED = re.compile(r"\b([a-z_]+)\{([^}]*)\}")
_MATCHER = re.compile(r"([a-z0-9_]+)\s*(?:=~|!~|!=|=)")
_EXPRESSION = re.compile(r"^        expr: (?:\|\n((?:          .*\n)+)|(.*)\n)", re.MULTILINE)
_GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")


def known() -> dict[str, set[str]]:
    """Each sample's name that a page can have, and its labels."""
    meter = Meter()
    for record in (UP, OVER, REFUSED, CANCELLED, Notice("-", "x")):
        meter.take(record)
    meter.take(AttemptRecord("c", "acme", 1, EAST))
    meter.take(AttemptRecord("c", "acme", 1, EAST, carrier=True))
    kept = [Kept("calls.db", 1, 0, 0, 1.0)]
    page = MetricsPage(lambda: meter.families(GAUGES, kept))
    found: dict[str, set[str]] = {name: set(labels) for name, labels in _OF_PROMETHEUS.items()}
    for name, labels, _ in scrape(page.text()):
        found.setdefault(name, {"job", "instance"}).update(labels)
    return found


def dashboard() -> list[str]:
    panels = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def alerts() -> list[str]:
    """The expressions, of one line or, behind `|`, of the deeper lines that follow."""
    text = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
    return [(block or line).strip() for block, line in _EXPRESSION.findall(text)]


@pytest.mark.parametrize("expression", [*dashboard(), *alerts()])
def test_every_metric_and_label_is_there(expression: str) -> None:
    samples = known()
    names = _METRIC.findall(expression)
    assert names
    for name in names:
        assert name in samples, f"/metrics has no {name}"
    for name, inside in _SELECTED.findall(expression):
        for label in _MATCHER.findall(inside):
            assert label in samples[name], f"{name} has no label {label}"
    every = set().union(*(samples[name] for name in names))
    for group in _GROUPED.findall(expression):
        assert set(group.split(", ")) <= every


def test_the_manual_lists_every_metric_and_no_other() -> None:
    manual = (DEPLOY.parent / "docs" / "running.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`(?:sipfo|process)_.*?) \|", manual, re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert listed == families(MetricsPage(lambda: Meter().families(GAUGES)).text())


def test_every_alert_has_an_expression_and_a_summary() -> None:
    text = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
    count = text.count("- alert: ")
    assert count == len(alerts()) == text.count("          summary: ") == text.count("severity: ")
    assert count > 8


def test_panels_neither_overlap_nor_share_a_number() -> None:
    panels = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_promtool_takes_the_rules() -> None:
    promtool = unpacked.program("promtool", "prometheus")
    done = subprocess.run(
        [promtool, "check", "rules", str(DEPLOY / "alerts.yml")], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
