"""One thing that DNS publishes otherwise than a policy needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["missing", "extra", "order", "ttl", "same-network", "alias", "port", "unanswered"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is a record's kind and name, a domain, or a route."""

    kind: Kind
    about: str
    text: str
