"""What a worker is started with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sipfo.plan.model import Plan
from sipfo.runtime.limits import Limits
from sipfo.runtime.mapping import Mapping as AddressMapping

Secrets = Mapping[str, bytes]
"""Values by name, as they cross: a Secret is not written anywhere."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a worker starts with. `estate` is what is known of targets, `is_seen` whether somebody
    looks at messages."""

    plan: Plan
    secrets: Secrets
    mapping: AddressMapping
    nameservers: tuple[tuple[str, int], ...] | None
    limits: Limits
    generation: str
    number: int
    processes: int
    is_seen: bool
    drains: bool
    estate: str
