"""How large a message, and each part of it, may be. What is larger is refused, never cut.

Everything that reads a message loops over its bytes; nothing recurses, so there is no depth to
bound. What a server holds, and for how long, is bounded by `sipfo.runtime.limits`.
"""

from __future__ import annotations

from typing import Final

MAX_MESSAGE: Final = 65535
"""Bytes of a message, the most that UDP carries."""

MAX_HEADER_SECTION: Final = 16 * 1024
"""Bytes of start line and header fields."""

MAX_LINE: Final = 8 * 1024
"""Bytes of one header field, unfolded."""

MAX_FIELDS: Final = 256
"""Header fields of a message."""

MAX_BODY: Final = 64 * 1024
"""Bytes of a body on a stream."""

MAX_VIAS: Final = 128
"""Hops that a request may have come by; Max-Forwards starts at 70 (RFC 3261 §8.1.1.6)."""

MAX_PARAMETERS: Final = 64
"""Parameters of one Via or address."""

MAX_METHOD: Final = 64
"""Bytes of a method, which CSeq repeats."""
