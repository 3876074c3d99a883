"""What each target can do, by the name that `--target` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import click

from sipfo.compiler.checks.beyond_target import Capabilities
from sipfo.compiler.targets.asterisk.capabilities import CAPABILITIES as ASTERISK
from sipfo.compiler.targets.freeswitch.capabilities import CAPABILITIES as FREESWITCH
from sipfo.compiler.targets.freeswitch.capabilities import UNVERIFIED as FREESWITCH_UNVERIFIED
from sipfo.compiler.targets.freeswitch.capabilities import remarks as freeswitch
from sipfo.compiler.targets.kamailio.capabilities import CAPABILITIES as KAMAILIO
from sipfo.compiler.targets.opensips.capabilities import CAPABILITIES as OPENSIPS
from sipfo.compiler.targets.opensips.capabilities import UNVERIFIED as OPENSIPS_UNVERIFIED
from sipfo.compiler.targets.remark import Judge
from sipfo.compiler.targets.telnyx.capabilities import remarks as telnyx
from sipfo.plan.construct import Construct, Support
from sipfo.runtime.capability import CAPABILITIES as RUNTIME

TARGETS: Final[Mapping[str, Mapping[Construct, Support]]] = {
    "runtime": RUNTIME,
    "kamailio": KAMAILIO,
    "asterisk": ASTERISK,
    "freeswitch": FREESWITCH,
    "opensips": OPENSIPS,
}
"""The engines: each has a table by construct."""

BESIDE: Final[Mapping[str, Judge]] = {"freeswitch": freeswitch}
"""What an engine says of a plan beside its table."""

UNVERIFIED: Final[Mapping[str, str]] = {
    "freeswitch": FREESWITCH_UNVERIFIED,
    "opensips": OPENSIPS_UNVERIFIED,
}
"""Targets whose files no engine has run here, and what is said of them."""

OTHERS: Final[Mapping[str, Judge]] = {"telnyx": telnyx}
"""What is no engine: each looks at the plan by itself."""

NAMES: Final = (*TARGETS, *OTHERS)


def asked_for(names: Sequence[str]) -> dict[str, Capabilities]:
    """What the targets named can do, in the order named."""
    every: dict[str, Capabilities] = {**TARGETS, **OTHERS}
    every |= {name: (TARGETS[name], judge) for name, judge in BESIDE.items()}
    return {name: every[name] for name in names}


def warn_unverified(names: Sequence[str]) -> None:
    """Say on standard error which of the targets named no engine has run here."""
    for name in names:
        if name in UNVERIFIED:
            click.echo(f"warning: --target {name} is {UNVERIFIED[name]}", err=True)
