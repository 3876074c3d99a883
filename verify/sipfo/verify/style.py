"""How a drawing may look on a given terminal: its width, whether it shows colour and which signs.

Meaning never hangs on colour: every sign that is painted is also a word or a mark.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Literal

Paint = Literal["bold", "dim", "red", "green", "yellow"]

# ECMA-48 §8.3.117, select graphic rendition
_RENDITION: dict[Paint, str] = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
}


@dataclass(frozen=True, slots=True)
class Signs:
    """The few signs of a ladder that are no letters."""

    to: str
    back: str
    result: str
    differs: str
    none: str


UNICODE = Signs(to="→", back="←", result="⇒", differs="≠", none="—")
ASCII = Signs(to="->", back="<-", result="=>", differs="!=", none="-")


def signs_for(encoding: str | None) -> Signs:
    """The signs that an output of this encoding can hold."""
    try:
        for sign in astuple(UNICODE):
            sign.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


@dataclass(frozen=True, slots=True)
class Style:
    """Columns to keep within (None: as many as it takes), colour or not, and the signs."""

    width: int | None = None
    colour: bool = False
    signs: Signs = UNICODE

    def paint(self, text: str, *paints: Paint) -> str:
        """`text` in colours, where colour is asked for."""
        if not self.colour or not paints or not text:
            return text
        codes = ";".join(_RENDITION[paint] for paint in paints)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def holds(self, columns: int) -> bool:
        """Whether a line of so many columns fits."""
        return self.width is None or columns <= self.width


PLAIN = Style()
