"""The bench's figures as a picture: what a call costs, and the highest rate, for each engine."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import matplotlib
import matplotlib.pyplot as plt

matplotlib.use("Agg")


class Found(Protocol):
    """What is drawn of one engine under one load."""

    engine: str
    load: str
    knee: Any

    @property
    def each(self) -> float:
        """Calls per CPU-second."""


def draw(file: Path, machine: str, found: Sequence[Found]) -> None:
    """Two bar charts on a logarithmic scale, a bar for each load."""
    engines = list(dict.fromkeys(one.engine for one in found))
    loads = list(dict.fromkeys(one.load for one in found))
    titles = ["calls per CPU-second"]
    if any(one.knee is not None for one in found):  # the quick form looks for none
        titles.append("sustained calls per second")
    figure, row = plt.subplots(
        1, len(titles), figsize=(5.5 * len(titles), 4.5), squeeze=False, constrained_layout=True
    )
    axes = row[0]
    for axis, title in zip(axes, titles, strict=True):
        for place, load in enumerate(loads):
            values = [_value(found, engine, load, title) for engine in engines]
            rows = [row + (place - (len(loads) - 1) / 2) * 0.38 for row in range(len(engines))]
            bars = axis.barh(rows, values, height=0.36, label=load)
            axis.bar_label(bars, [f"{one:.0f}" if one else "" for one in values], padding=2, size=8)
        axis.set_yticks(range(len(engines)), engines)
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.set_xlim(left=10)
        axis.margins(x=0.15)
        axis.set_title(title)
    axes[0].legend(title="first route" if "503" in loads else None)
    figure.suptitle(textwrap.fill(machine, 80), size=7)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _value(found: Sequence[Found], engine: str, load: str, what: str) -> float:
    for one in found:
        if (one.engine, one.load) == (engine, load):
            rate: float = one.knee.rate if one.knee is not None else 0.0
            return one.each if what.startswith("calls per") else rate
    return 0.0


class Cost(Protocol):
    """What one command took for one size."""

    command: str
    routes: int
    seconds: float
    peak: float


def draw_scaling(file: Path, found: Sequence[Cost]) -> None:
    """Time and memory over the number of routes, both on logarithmic scales; dotted, what goes beyond
    the smallest size."""
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), constrained_layout=True)
    for axis, what in zip(axes, ("CPU seconds", "peak MiB"), strict=True):
        for command in dict.fromkeys(one.command for one in found):
            costs = [one for one in found if one.command == command]
            values = [one.seconds if what == "CPU seconds" else one.peak for one in costs]
            sizes = [one.routes for one in costs]
            (line,) = axis.plot(sizes, values, marker="o", label=command)
            beyond = [value - values[0] for value in values[1:]]
            if all(value > values[0] / 10 for value in beyond):
                axis.plot(sizes[1:], beyond, linestyle=":", color=line.get_color())
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("routes")
        axis.set_title(f"{what} (dotted: beyond the smallest)")
        axis.grid(visible=True, which="both", alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(file, dpi=110)
    plt.close(figure)
