"""What Telnyx's documentation fixes: its table of codes, its regions' addresses, its limits.

Read in November 2026 at developers.telnyx.com/docs/voice/sip-trunking/routing/failover-and-retries
(the table, addresses), sip.telnyx.com (newer addresses), support.telnyx.com articles 4320364 and
4404448 (timers), and in the types of telnyx-python at 6d68c8c (2026-08-21), made from its OpenAPI.
"""

from __future__ import annotations

from typing import Final, NamedTuple

FAILS_OVER: Final = frozenset({408, 480, 503, 504})
STOPS: Final = frozenset({404, 486, 603})
"""The table of codes; a transport error fails over too. Codes in neither list are undocumented."""

MOST_ROUTES: Final = 3
"""`default_primary_ip_id`, `default_secondary_ip_id`, `default_tertiary_ip_id`."""

RINGBACK: Final = (1, 120)
"""`timeout_1xx_secs`, the No Ringback Timeout, in whole seconds; 5 where nothing is said."""

ANSWER: Final = (1, 600)
"""`timeout_2xx_secs`, the No Answer Timeout, in whole seconds."""

MOST_NUMBERS: Final = 10_000
"""Telephone numbers of one policy, each of which is two requests."""


class Region(NamedTuple):
    """A value of `sip_region`, and the pairs of addresses that Telnyx's pages give for it."""

    name: str
    pairs: tuple[tuple[str, str], ...]


REGIONS: Final = (
    Region("US", (("192.76.120.10", "64.16.250.10"),)),
    Region("Europe", (("5.172.39.10", "5.172.39.25"), ("185.246.41.140", "185.246.41.141"))),
    Region(
        "Australia",
        (
            ("103.135.104.10", "103.135.104.25"),
            ("193.108.104.10", "193.108.104.25"),
            ("103.115.244.145", "103.115.244.146"),
        ),
    ),
)
"""The three that a connection can name: the schema's `sip_region` has no Canada."""

LIBRARY: Final = {"US": "us", "Europe": "eu", "Australia": "au"}
"""The regions of `import telnyx` by their `sip_region`."""


def region_of(hosts: tuple[str, ...]) -> str | None:
    """The `sip_region` whose two addresses these are, in this order."""
    return next((one.name for one in REGIONS if hosts in one.pairs), None)
