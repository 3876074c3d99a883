"""One DNS question and its answer, as values; the five ways in which there is none are kept apart.

What would surprise: an answer of "no such name" or "no such record" is a good answer, which may be
believed like any other; the three failures say nothing about the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["NAPTR", "SRV", "A", "AAAA"]

Status = Literal["ok", "nodata", "nxdomain", "servfail", "refused", "timeout"]
"""`nodata` and `nxdomain` are answers (RFC 2308 §2); the last three are failures to get one."""

WORDS: dict[Status, str] = {
    "ok": "NOERROR",
    "nodata": "empty answer",
    "nxdomain": "NXDOMAIN",
    "servfail": "SERVFAIL",
    "refused": "REFUSED",
    "timeout": "timeout",
}
"""What an operator knows each by."""


@dataclass(frozen=True, slots=True)
class Query:
    """One DNS question, of class IN."""

    name: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """RFC 2782; `target` is a host name, or "." for a service that is not offered."""

    priority: int
    weight: int
    port: int
    target: str

    def __str__(self) -> str:
        return f"{self.priority} {self.weight} {self.port} {self.target}"


@dataclass(frozen=True, slots=True)
class NaptrRecord:
    """RFC 3403 §4.1."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str
    regexp: str = ""

    def __str__(self) -> str:
        texts = f'"{self.flags}" "{self.service}" "{self.regexp}"'
        return f"{self.order} {self.preference} {texts} {self.replacement}"


Record = SrvRecord | NaptrRecord | str


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS said; the records (addresses as text) are those of the query's kind."""

    status: Status
    records: tuple[Record, ...] = ()

    def __str__(self) -> str:
        if self.status != "ok":
            return WORDS[self.status]
        return ", ".join(map(str, self.records)) or WORDS["nodata"]
