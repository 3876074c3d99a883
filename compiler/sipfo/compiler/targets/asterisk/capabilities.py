"""What Asterisk cannot do as the plan says, construct by construct, and in what way it differs.

Seen on Asterisk 22.10.0 (Debian sid) in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.plan.construct import Construct, Support

DIFFERS: Final[Mapping[Construct, Support]] = {
    Construct.TO_REGISTERED: Support("refused", "give the route a SIP URI: `to sip:HOST`"),
}

CAPABILITIES: Final[Mapping[Construct, Support]] = {
    construct: DIFFERS.get(construct, Support("same")) for construct in Construct
}
