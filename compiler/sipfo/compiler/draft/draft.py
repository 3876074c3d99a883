"""A policy that is yet to be written: its plan, what it takes from a library, and its comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sipfo.plan.model import Plan

Kind = Literal["listen", "region", "retry", "route", "registrar", "carrier", "trunk", "cluster"]


@dataclass(frozen=True, slots=True)
class Draft:
    """`imports` are libraries; `borrowed` the names of their regions and retry policies that the
    plan has from them, and that are not written. `comments` stand before the block of a kind and
    name ("" for `listen`), `inside` at the end of it; `heading` begins the file. Comments are any
    text, a line each."""

    plan: Plan
    heading: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    borrowed: frozenset[str] = frozenset()
    comments: Mapping[tuple[Kind, str], tuple[str, ...]] = field(default_factory=dict)
    inside: Mapping[tuple[Kind, str], tuple[str, ...]] = field(default_factory=dict)
