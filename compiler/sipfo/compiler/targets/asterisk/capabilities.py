"""What Asterisk cannot do as the plan says, construct by construct, and in what way it differs.

Seen on Asterisk 22.10.0 (Debian sid) in November 2026. What would surprise: PJSIP reads the Q.850
cause of a refusal, and then writes over it with the one that it has for the code (since March 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.plan.construct import Construct, Support

_PROBE: Final = Support(
    "approximated",
    "it takes a target for down after one failure and for up after one success, whatever `after` says;"
    " the interval is in whole seconds",
)
_LIMIT: Final = Support(
    "approximated", "`per second` is counted by the seconds of the clock, not by any second"
)
_COMMIT: Final = "of provisional responses it sees 180 and 183 alone: "

DIFFERS: Final[Mapping[Construct, Support]] = {
    Construct.TO_REGISTERED: Support(
        "approximated",
        "its bindings are its own, of no other Asterisk; ten for a user, in an order of its own; a"
        " telephone behind a NAT is reached only where no instance is an edge; of a Path, the"
        " instance alone is used",
    ),
    Construct.TO_NAME: Support(
        "approximated",
        "it looks for servers (SRV) over UDP, unless the URI says `;transport=`, and for no NAPTR; who"
        " is called sees the server's name in the Request-URI; of a server with several addresses,"
        " PJSIP goes on to the next one by itself on a 503, whatever the policy says",
    ),
    Construct.ROUTE_PROBE: _PROBE,
    Construct.CARRIER_PROBE: _PROBE,
    Construct.CARRIER_LIMIT: _LIMIT,
    Construct.TRUNK_LIMIT: Support("approximated", f"{_LIMIT.how}; the 503 has no Retry-After"),
    Construct.ACCEPT_CREDENTIAL: Support(
        "approximated",
        "it asks with 401 and for MD5, locks nobody out who guesses, and asks nobody whose network"
        " another trunk accepts, who gets a 403",
    ),
    Construct.CARRIER_RATES: Support(
        "approximated",
        "they are looked up when its files are written: write them again when a rate changes or a date"
        " of the deck comes",
    ),
    Construct.FORWARD_DIALLED: Support(
        "refused", "it has no table of rates by number: name the number, or run it with `sipfo run`"
    ),
    Construct.TRUSTED: Support(
        "approximated", "of what a caller wants kept private, it gives `id` and no other kind"
    ),
    Construct.ON_TRANSPORT_ERROR: Support(
        "approximated",
        "it does not see that a UDP port is closed: that costs the whole `no-response` timer, and"
        " counts as it",
    ),
    Construct.ON_CAUSE: Support(
        "approximated",
        "its dialplan does not see the header fields of a refusal: the response goes by its code; name"
        " the codes",
    ),
    Construct.ON_TAG: Support(
        "approximated", "it looks for the tag in the reason phrase, not in a Reason header"
    ),
    Construct.COMMIT_ON_MEDIA: Support(
        "approximated", f"{_COMMIT}a 183 counts as early media, and nothing else does"
    ),
    Construct.COMMIT_ON_PROGRESS: Support("approximated", f"{_COMMIT}no other commits"),
    Construct.CLUSTER: Support(
        "approximated",
        "its files are of one machine, with the policy's own addresses: members share nothing",
    ),
    Construct.COMMIT_ON_OTHER: Support(
        "approximated", f"{_COMMIT}this code commits nothing; write `commit on 180, 183`"
    ),
    Construct.ALWAYS_FORWARD: Support(
        "refused", "give the trunk a route to the carrier, or write `on failure forward`"
    ),
}

CAPABILITIES: Final[Mapping[Construct, Support]] = {
    construct: DIFFERS.get(construct, Support("same")) for construct in Construct
}
