"""Policies of any size: correct ones, and ones in which everything is wrong."""

from __future__ import annotations

HEAD = """sipfo 1

listen udp 192.0.2.10:5060

region us { primary 192.76.120.10  secondary 64.16.250.10  domain sip.example.com }

retry standard {
    failover on 408, 480, 503, 504, transport-error
    stop     on 404, 486, 603
    commit   on 180
    otherwise stop
    no-response 2s
}
"""

ROUTES_OF_A_TRUNK = 5
CARRIERS = 20


def correct(routes: int) -> str:
    """A policy of so many routes, a trunk for each five of them, and twenty carriers."""
    lines = [HEAD]
    for n in range(routes):
        lines.append(f"route pbx-{n} {{ to sip:10.{n >> 16}.{n >> 8 & 255}.{n & 255} }}")
    for n in range(CARRIERS):
        lines.append(
            f"carrier c-{n} {{ to sip:203.0.113.{n + 1}  prefixes +1, +44  cost 0.00{n + 10} }}"
        )
    for n in range(routes // ROUTES_OF_A_TRUNK):
        first = 13120000000 + n * 100
        own = range(n * ROUTES_OF_A_TRUNK, (n + 1) * ROUTES_OF_A_TRUNK)
        lines.append(f"""
trunk customer-{n} {{
    numbers  +{first} .. +{first + 99}
    accept   from 172.{16 + (n >> 8)}.{n & 255}.0/24
    from     us
    routes   sequential {", ".join(f"pbx-{route}" for route in own)}
    retry    standard
    deadline 60s
    on failure forward to +19995550000 via cheapest c-{n % CARRIERS}, c-{(n + 1) % CARRIERS}
}}""")
    return "\n".join(lines) + "\n"


TELNYX = """sipfo 1

import telnyx
listen udp 192.0.2.10:5060

retry standard {
    failover on 408, 480, 503, 504, transport-error
    stop     on 404, 486, 603
    commit   on 180
    otherwise stop
    no-response 5s
    no-progress 5s
    no-answer 60s
}
"""

ROUTES_OF_A_CONNECTION = 10


def sayable(routes: int) -> str:
    """A policy of so many routes that Telnyx can carry out: a trunk with one number for each ten of
    them, because it is asked for each number by itself, and for 10,000 at most."""
    lines = [TELNYX]
    for n in range(routes):
        lines.append(f"route pbx-{n} {{ to sip:10.{n >> 16}.{n >> 8 & 255}.{n & 255} }}")
    for n in range(routes // ROUTES_OF_A_CONNECTION):
        own = range(n * ROUTES_OF_A_CONNECTION, (n + 1) * ROUTES_OF_A_CONNECTION)
        lines.append(f"""
trunk customer-{n} {{
    numbers  +{13120000000 + n}
    accept   anyone
    from     us
    routes   round-robin {", ".join(f"pbx-{route}" for route in own)}
    retry    standard
}}""")
    return "\n".join(lines) + "\n"


def wrong(routes: int) -> str:
    """The same size, with a misspelt name, a bad value or a missing brace in each trunk."""
    text = correct(routes)
    text = text.replace("retry    standard", "retry    standrad")
    text = text.replace("deadline 60s", "deadline 60")
    return text.replace(" to sip:10.", " too sip:10.")
