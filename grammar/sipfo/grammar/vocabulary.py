"""The language's words as people know them: which statement belongs where, what a value is called.

Only error messages and recovery use these tables; what is correct is sipfo.lark's alone, and a
test holds the two together.
"""

from __future__ import annotations

from typing import Final

STATEMENTS: Final = {
    "file": (
        *("sipfo", "import", "listen", "region", "retry", "route", "registrar", "carrier"),
        *("trunk", "cluster", "test", "note", "source"),
    ),
    "region": ("primary", "secondary", "domain", "note", "source"),
    "retry": (
        *("failover", "stop", "commit", "otherwise", "no-response", "no-progress", "no-answer"),
        *("note", "source"),
    ),
    "route": ("to", "auth", "probe", "trusted", "note", "source"),
    "registrar": ("domain", "user", "instance", "note", "source"),
    "carrier": (
        *("to", "prefixes", "except", "cost", "rates", "number", "auth", "limit", "probe"),
        *("trusted", "note", "source"),
    ),
    "trunk": (
        *("numbers", "accept", "from", "routes", "order", "retry", "deadline", "patience"),
        *("limit", "trusted", "on", "always", "note", "source"),
    ),
    "cluster": ("member", "note", "source"),
    "test": ("call", "when", "expect"),
}
"""The words that open a statement, in a file and in each kind of block."""

BLOCKS: Final = tuple(where for where in STATEMENTS if where != "file")

CONNECTIVES: Final = frozenset(
    {
        *("on", "to", "from", "via", "by", "within", "after", "at", "per", "down", "up"),
        *("cause", "tagged", "forward", "most", "and", "or", "password", "secret", "drawing"),
        *("has", "for"),
    }
)
"""Words that carry a statement on to a next line, where they open none."""

VALUES: Final = {
    "AMOUNT": "an amount such as `0.0040`",
    "CAUSE": "a Q.850 cause such as `34`",
    "CODE": "a status code such as `503`",
    "COUNT": "a whole number",
    "DATE": "a date such as `2026-07-30`",
    "DURATION": "a duration such as `4s`",
    "EGRESS": "a region's address such as `us.primary`",
    "ENDPOINT": "an IP address",
    "HOST": "a domain name",
    "MOMENT": "`180`, `early-media`, `progress` or `answer`",
    "NAME": "a name",
    "NETWORK": "a network such as `203.0.113.0/24`",
    "NUMBER": "a telephone number such as `+13125550100`",
    "OUTCOME": "an outcome such as `503`, `5xx` or `transport-error`",
    "SECRET": "the name of a secret such as `ALICE_PW`",
    "STRING": "a text in double quotes",
    "URI": "a SIP URI such as `sip:pbx.example.com`",
    "USER": "a user such as `alice`",
    "VERSION": "the language's version, `1`",
}
"""What each terminal of sipfo.lark is called in an error."""
