"""What each target can do, by the name that `--target` takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sipfo.compiler.targets.asterisk.capabilities import CAPABILITIES as ASTERISK
from sipfo.compiler.targets.kamailio.capabilities import CAPABILITIES as KAMAILIO
from sipfo.plan.construct import Construct, Support
from sipfo.runtime.capability import CAPABILITIES as RUNTIME

TARGETS: Final[Mapping[str, Mapping[Construct, Support]]] = {
    "runtime": RUNTIME,
    "kamailio": KAMAILIO,
    "asterisk": ASTERISK,
}


def asked_for(names: Sequence[str]) -> dict[str, Mapping[Construct, Support]]:
    """The tables of the targets named, in the order named."""
    return {name: TARGETS[name] for name in names}
