"""docs/engines.md: what came of each rule's scenarios on each engine, from what is kept of real runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from docs.markdown import code, page, table
from verify.lab.recorded import ENGINES, SAME, Shown, kept, record, shown

_EXAMPLES: Final = {
    "examples/telnyx-rows.sipfo": "Telnyx's rows: its table of response codes and its order",
    "examples/telnyx.sipfo": "Telnyx's failover and retries, with timers that fit a test",
}


def engines_page() -> str:
    """All the tables: a summary by rule, then each scenario."""
    versions = record()["versions"]
    heads = [f"{name} {versions[name]}" for name in ENGINES]
    by_rule: dict[str, list[Shown]] = {}
    for one in shown():
        if one.rule:
            by_rule.setdefault(one.rule, []).append(one)
        else:
            title = _EXAMPLES.get(one.file, f"The example {one.file.rpartition('/')[2]}")
            by_rule.setdefault(title, []).append(one)
    titles = sorted(by_rule, key=lambda title: by_rule[title][0].rule == "")
    summary = [
        [title, str(len(by_rule[title])), *(_sum(by_rule[title], engine) for engine in ENGINES)]
        for title in titles
    ]
    parts = ["## Rule by rule", table(["", "scenarios", *heads], summary)]
    for title in titles:
        parts += [f"### {title[0].upper()}{title[1:]}", _each(by_rule[title])]
    return page(*parts)


def _sum(scenarios: Iterable[Shown], engine: str) -> str:
    """One word for all of them, with how many are otherwise."""
    every = [kept(one.file, one.name, engine).partition(":")[0] for one in scenarios]
    counts = {word: every.count(word) for word in dict.fromkeys([SAME, *every])}
    if counts[SAME] == len(every):
        return SAME
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _each(scenarios: list[Shown]) -> str:
    rows = [
        [one.name, *(kept(one.file, one.name, engine) for engine in ENGINES)] for one in scenarios
    ]
    files = ", ".join(code(file) for file in dict.fromkeys(one.file for one in scenarios))
    return page(files, table(["", *ENGINES], rows))
