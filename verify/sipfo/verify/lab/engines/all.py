"""The engines by name. A name with a colon is somebody's own: `package.module:NAME`."""

from __future__ import annotations

import importlib
from typing import Final, cast

from sipfo.verify.lab.engines.asterisk import Asterisk
from sipfo.verify.lab.engines.engine import Engine
from sipfo.verify.lab.engines.kamailio import Kamailio
from sipfo.verify.lab.engines.runtime import Runtime

ENGINES: Final[dict[str, Engine]] = {
    "runtime": Runtime(),
    "kamailio": Kamailio(),
    "asterisk": Asterisk(),
}


def engine_of(name: str) -> Engine:
    """The engine of a name. Raises LookupError, ImportError."""
    if ":" in name:
        module, _, attribute = name.partition(":")
        return cast("Engine", getattr(importlib.import_module(module), attribute))
    return ENGINES[name]
