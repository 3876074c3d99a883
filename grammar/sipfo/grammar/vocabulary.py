"""The language's words as people know them: which statement belongs where, what a value is called,
and which words wait for a later version.

Only error messages and recovery use these tables; what is correct is sipfo.lark's alone, and a
test holds the two together.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = {
    "file": ("sipfo", "listen", "region", "retry", "route", "carrier", "trunk", "test"),
    "region": ("primary", "secondary", "domain"),
    "retry": (
        "failover",
        "stop",
        "commit",
        "otherwise",
        "no-response",
        "no-progress",
        "no-answer",
    ),
    "route": ("to",),
    "carrier": ("to", "prefixes"),
    "trunk": ("numbers", "accept", "from", "routes", "retry", "deadline", "on"),
    "test": ("call", "when", "expect"),
}
"""The words that open a statement, in a file and in each kind of block."""

BLOCKS: Final = tuple(where for where in STATEMENTS if where != "file")

CONNECTIVES: Final = frozenset(
    {
        *("on", "to", "from", "via", "by", "within", "after"),
        *("cause", "tagged", "forward", "and", "or"),
    }
)
"""Words that carry a statement on to a next line, where they open none."""

VALUES: Final = {
    "CAUSE": "a Q.850 cause such as `34`",
    "CODE": "a status code such as `503`",
    "COUNT": "a number of calls",
    "DURATION": "a duration such as `4s`",
    "EGRESS": "a region's address such as `us.primary`",
    "ENDPOINT": "an IP address",
    "HOST": "a domain name",
    "MOMENT": "`180`, `early-media`, `progress` or `answer`",
    "NAME": "a name",
    "NETWORK": "a network such as `203.0.113.0/24`",
    "NUMBER": "a telephone number such as `+13125550100`",
    "OUTCOME": "an outcome such as `503`, `5xx` or `transport-error`",
    "STRING": "a text in double quotes",
    "URI": "a SIP URI such as `sip:pbx.example.com`",
    "VERSION": "the language's version, `1`",
}
"""What each terminal of sipfo.lark is called in an error."""

LATER: Final = {
    ("file", "import"): "write the regions and the retry policy in this file",
    ("file", "registrar"): "give a route a SIP URI: `to sip:HOST`",
    ("file", "tls"): "listen on `udp` or `tcp`",
    ("file", "certificate"): None,
    ("route", "registered"): "give the route a SIP URI: `to sip:HOST`",
    ("carrier", "cost"): "list the carriers in the order to try them",
    ("carrier", "number"): None,
    ("carrier", "auth"): "have the carrier accept this host's address",
    ("carrier", "limit"): None,
    ("carrier", "probe"): None,
    ("route", "probe"): None,
    ("route", "auth"): "have the route's host accept this host's address",
    ("trunk", "weighted"): "write `sequential` or `round-robin`",
    ("trunk", "order"): "attempts go by all routes from the first address, then from the second",
    ("trunk", "patience"): "write `deadline`, shorter than the caller waits",
    ("trunk", "credential"): "name the networks: `accept from 203.0.113.0/24`",
    ("trunk", "cheapest"): "list the carriers in the order to try them",
    ("trunk", "listed"): "list the carriers in the order to try them",
    ("trunk", "limit"): None,
}
"""(where, word) → what to write instead in this version."""
