"""What OpenSIPS cannot do as the plan says, construct by construct, and in what way it differs.

Unverified: this is from the documentation and the source of OpenSIPS 3.4 to 3.6, read in November 2026;
no OpenSIPS has run it. What would surprise: what is not certain from those is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.plan.construct import Construct, Support

_TLS: Final = Support(
    "refused",
    "which modules carry its TLS differs from version to version: put `transport=tcp` or udp, or use"
    " another target",
)
_AUTH: Final = Support(
    "refused",
    "its credentials are by realm, which a policy does not say: let the destination know the"
    " address that calls come from, and leave `auth` out",
)
_PROBE: Final = Support(
    "refused",
    "its dispatcher wants a database: leave `probe` out; a target that is down costs `no-response`",
)
_LIMIT: Final = Support(
    "approximated", "`per second` is counted by the seconds of the clock, not by any second"
)
_BRANCHES: Final = Support(
    "refused", "its transactions have 12 branches: name fewer routes or carriers"
)

DIFFERS: Final[Mapping[Construct, Support]] = {
    Construct.LISTEN_TLS: _TLS,
    Construct.TO_TLS: _TLS,
    Construct.TO_REGISTERED: Support(
        "refused", "give the route an address or a name: `to sip:HOST`"
    ),
    Construct.ROUTE_AUTH: _AUTH,
    Construct.CARRIER_AUTH: _AUTH,
    Construct.ROUTE_PROBE: _PROBE,
    Construct.CARRIER_PROBE: _PROBE,
    Construct.CARRIER_LIMIT: _LIMIT,
    Construct.TRUNK_LIMIT: _LIMIT,
    Construct.CARRIER_RATES: Support(
        "approximated",
        "they are looked up when its files are written: write them again when a rate changes or a date"
        " of the deck comes",
    ),
    Construct.FORWARD_DIALLED: Support(
        "refused", "it has no table of rates by number: name the number, or run it with `sipfo run`"
    ),
    Construct.ACCEPT_CREDENTIAL: Support(
        "refused", "accept callers by network, or by password with another target"
    ),
    Construct.TRUSTED: Support(
        "approximated", "of what a caller wants kept private, it gives `id` and no other kind"
    ),
    Construct.TO_NAME: Support(
        "approximated",
        "of the targets that a name has, it tries the first alone: give each a route of its own",
    ),
    Construct.ON_TRANSPORT_ERROR: Support(
        "approximated",
        "it does not see that a UDP port is closed, or that a connection breaks later: that costs the"
        " whole timer, and counts as it",
    ),
    Construct.ON_CAUSE: Support(
        "approximated",
        "of several causes in one response, the one that the policy names first decides",
    ),
    Construct.GIVEN_UP: Support(
        "approximated",
        "it counts whole seconds, and is late by up to one; a phone that answers after its attempt was"
        " given up is not hung up on: it gives up by itself after 32 s",
    ),
    Construct.CLUSTER: Support(
        "approximated",
        "its files are of one machine, with the policy's own addresses: members share nothing",
    ),
    Construct.ALWAYS_FORWARD: Support(
        "refused", "give the trunk a route to the carrier, or write `on failure forward`"
    ),
    Construct.SEVERAL_ATTEMPTS: _BRANCHES,
    Construct.MANY_ATTEMPTS: _BRANCHES,
}

CAPABILITIES: Final[Mapping[Construct, Support]] = {
    construct: DIFFERS.get(construct, Support("same")) for construct in Construct
}

UNVERIFIED: Final = (
    "unverified: written from the documentation and source of OpenSIPS 3.4, and never run by an"
    " OpenSIPS; try it with `opensips -C` and your own calls first"
)
"""What is said wherever this target writes anything."""
