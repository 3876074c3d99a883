"""Metrics to the text that Prometheus scrapes (text exposition format 0.0.4).

What would surprise: a family without samples is written too, so that whoever looks for a name in
the text finds every one that there can be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One line; `suffix` goes behind the family's name (`_bucket`, `_sum`, `_count`)."""

    labels: Labels
    value: float
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name; `help` is one line that says what is counted, and in what unit."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    samples: tuple[Sample, ...]


def exposition(families: Iterable[Family]) -> bytes:
    """The families in their order, with the line feed that the last line must have."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {_help(family.help)}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        lines += [_line(family.name, sample) for sample in family.samples]
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def number(value: float) -> str:
    """As Go's ParseFloat reads it: `3`, `0.25`, `+Inf`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{key}="{_value(text)}"' for key, text in sample.labels)
    inside = f"{{{labels}}}" if labels else ""
    return f"{name}{sample.suffix}{inside} {number(sample.value)}"


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _value(text: str) -> str:
    return _help(text).replace('"', r"\"")
