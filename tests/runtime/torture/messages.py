"""The messages of RFC 4475 and RFC 5118, byte for byte, and what may become of each.

The files are the RFCs' own archives (RFC 4475 Appendix A; RFC 5118 Appendix A, with CRLF). An
outcome is a status code, `process` (passed on to a callee), `drop` or `close`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Message:
    """One message as the archive has it, and its row of the manifest."""

    name: str
    data: bytes
    sha256: str
    start: str
    outcomes: tuple[str | int, ...]
    lengths: tuple[str, ...]
    octets_after_blank_line: int | None

    @property
    def body(self) -> bytes:
        """What the message's own Content-Length makes its body; without one, all that is there."""
        rest = self.data.partition(b"\r\n\r\n")[2]
        return rest[: int(self.lengths[0])] if self.lengths else rest

    @property
    def framing(self) -> str:
        """What a stream makes of it: `whole`, `waits` for more, or `close` (RFC 3261 §18.3)."""
        if len(set(self.lengths)) != 1 or not self.lengths[0].isdecimal():
            return "close"
        here = self.octets_after_blank_line
        return "waits" if here is None or here < int(self.lengths[0]) else "whole"


def load() -> list[Message]:
    """The 61 messages in the RFCs' order. Where the archive of RFC 5118 counts a body wrongly
    (its lines ended in LF when it was counted), the message with the right Content-Length."""
    return [_mended(one) for one in archived()]


def archived() -> list[Message]:
    """The 61 messages as they stand in the archives."""
    rows = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    return [
        Message(
            row["name"],
            (FOLDER / row["file"]).read_bytes(),
            row["sha256"],
            row["start"],
            tuple(row["b2bua_outcomes"]),
            tuple(row["content_length"]),
            row["octets_after_blank_line"],
        )
        for row in rows
    ]


def miscounted() -> list[Message]:
    """Those of RFC 5118 whose Content-Length is wrong, as archived."""
    return [one for one in archived() if (FOLDER / "rfc5118-fixed-cl" / f"{one.name}.dat").exists()]


def _mended(one: Message) -> Message:
    path = FOLDER / "rfc5118-fixed-cl" / f"{one.name}.dat"
    if not path.exists():
        return one
    data = path.read_bytes()
    size = len(data.partition(b"\r\n\r\n")[2])
    digest = hashlib.sha256(data).hexdigest()
    return Message(one.name, data, digest, one.start, one.outcomes, (str(size),), size)
