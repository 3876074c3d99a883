"""What the output can show: its width, colour and signs, as a Style.

Where the output is no terminal, lines are as long as they must be and there is no colour, so
that it can be searched line by line.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO

from sipfo.verify.style import Style, signs_for

NARROWEST = 80


def has_colour(stream: TextIO) -> bool:
    """Whether to paint: a terminal that can, and a user who did not say no (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style() -> Style:
    """The style of standard output."""
    stream = sys.stdout
    return Style(
        width=max(NARROWEST, shutil.get_terminal_size().columns) if stream.isatty() else None,
        colour=has_colour(stream),
        signs=signs_for(stream.encoding),
    )
