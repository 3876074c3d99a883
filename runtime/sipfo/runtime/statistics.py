"""Counts of one moment as Kamailio writes them, for the tools that ask it for them."""

from __future__ import annotations

from collections.abc import Mapping

from sipfo.runtime.metrics import Gauges


def statistics(now: Gauges, alive: int, placed: Mapping[str, int], group: str) -> list[str]:
    """One `group:name = value` a line, of a group, which may have its colon, or of `all`. `alive` are
    the calls that a drain would wait for, `placed` the calls of each trunk."""
    found = {
        "dialog:active_dialogs": now.up,
        "dialog:early_dialogs": now.setting_up,
        "tm:current": now.transactions,
        "sipfo:calls_alive": alive,
        "sipfo:internal_errors": now.internal_errors,
        **{f"placed:{name}": count for name, count in placed.items()},
    }
    wanted = group.removesuffix(":")
    return [
        f"{name} = {value}"
        for name, value in found.items()
        if wanted in ("all", name.partition(":")[0])
    ]
