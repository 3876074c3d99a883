"""What Kamailio cannot do as the plan says, construct by construct, and in what way it differs.

Seen on Kamailio 5.6.3 (Debian 12) in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sipfo.plan.construct import Construct, Support

_PROBE: Final = Support(
    "approximated",
    "its dispatcher has one clock for all probes: the shortest interval, in whole seconds, and the"
    " smallest thresholds; of a name it probes one address",
)
_AUTH: Final = Support(
    "approximated",
    "it answers with MD5 only, and the CSeq stays: a target that wants SHA-256 or a new CSeq"
    " refuses the call",
)
_LIMIT: Final = Support(
    "approximated", "`per second` is counted by the seconds of the clock, not by any second"
)

DIFFERS: Final[Mapping[Construct, Support]] = {
    Construct.TO_TLS: Support(
        "approximated", "it checks that a certificate is valid, not for which name (RFC 5922)"
    ),
    Construct.TO_REGISTERED: Support(
        "approximated",
        "telephones are asked for MD5 only, and nobody who guesses is locked out; an instance that is"
        " not this machine's own is a proxy with Path, or has the registrations itself",
    ),
    Construct.ROUTE_AUTH: _AUTH,
    Construct.CARRIER_AUTH: _AUTH,
    Construct.ROUTE_PROBE: _PROBE,
    Construct.CARRIER_PROBE: _PROBE,
    Construct.CARRIER_LIMIT: _LIMIT,
    Construct.TRUNK_LIMIT: _LIMIT,
    Construct.ACCEPT_CREDENTIAL: Support(
        "approximated", "it asks for MD5 only, and locks nobody out who guesses"
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
    Construct.GIVEN_UP: Support(
        "approximated",
        "a phone that answers after its attempt was given up is not hung up on: it gives up by"
        " itself after 32 s",
    ),
    Construct.CLUSTER: Support(
        "approximated",
        "members tell one another after the fact: two calls at the same moment may begin at the same"
        " route or go over a limit `per second`, and each counts its calls at once alone",
    ),
    Construct.MANY_ATTEMPTS: Support(
        "refused", "its transactions have 30 branches: name fewer routes or carriers"
    ),
    Construct.ALWAYS_FORWARD: Support(
        "refused", "give the trunk a route to the carrier, or write `on failure forward`"
    ),
}

CAPABILITIES: Final[Mapping[Construct, Support]] = {
    construct: DIFFERS.get(construct, Support("same")) for construct in Construct
}
