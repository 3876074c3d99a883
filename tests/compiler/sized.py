"""A policy of any size that has something of nearly everything, all of it used."""

from __future__ import annotations

from collections.abc import Iterator

HEAD = """sipfo 1

listen udp 192.0.2.10:5060
listen tcp 192.0.2.10:5060
"""


def sized(size: int, *, tests: bool = True) -> str:
    """A policy of `size` routes and carriers, half as many trunks and tests, a tenth as many
    regions and retry policies, a twentieth as many registrars with twenty users each."""
    parts = [HEAD]
    parts += [_region(n) for n in range(size // 10)]
    parts += [_retry(n) for n in range(size // 10)]
    parts += [_registrar(n) for n in range(size // 20)]
    parts += [f"route p{n} {{ to {_destination(n)} }}" for n in range(size)]
    parts += [_carrier(n) for n in range(size)]
    parts += [_trunk(n, size) for n in range(size // 2)]
    if tests:
        parts += [_test(n) for n in range(size // 2)]
    return "\n".join(parts) + "\n"


def secrets_of(size: int) -> Iterator[str]:
    """The names of its secrets."""
    for n in range(size):
        yield f"PASSWORD{n}"


def _address(network: int, n: int) -> str:
    return f"{network}.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def _region(n: int) -> str:
    both = f"primary {_address(100, n)} secondary {_address(101, n)}"
    return f"region r{n} {{ {both} domain sip{n}.example.com }}"


def _retry(n: int) -> str:
    return f"""retry s{n} {{
    failover on 408, 480, 503, 504, transport-error
    failover on 486 tagged "D{n}"
    failover on cause 34, 38, {41 + n % 20}
    stop     on 404, 603
    commit   on 180
    otherwise stop
    no-response 2s
}}"""


def _registrar(n: int) -> str:
    users = "\n".join(f"    user u{n}x{m} password secret PASSWORD{n}" for m in range(20))
    instances = f"    instance a 192.0.2.10\n    instance b {_address(103, n)}"
    return f"registrar g{n} {{\n    domain g{n}.example\n{users}\n{instances}\n}}"


def _destination(n: int) -> str:
    return (
        f"sip:{_address(10, n)}",
        f"sip:pbx{n}.example.com",
        f"registered u{n // 20}x{n % 20} at g{n // 20}",
        f"region r{n // 10}",
    )[n % 4]


def _carrier(n: int) -> str:
    return f"""carrier c{n} {{
    to sip:{_address(104, n)}
    prefixes +1, +44{n}
    cost 0.0{n + 10}
    number strip 1 prepend "{n}"
    auth "acme{n}" password secret PASSWORD{n}
    limit 20 calls, 20 per second
    probe every 30s down after 3 up after 2
}}"""


def _trunk(n: int, size: int) -> str:
    first = 13120000000 + n * 100
    routes = f"p{2 * n}", f"p{2 * n + 1}"
    method = (
        f"sequential {', '.join(routes)}",
        f"round-robin {', '.join(routes)}",
        f"weighted {routes[0]} 70, {routes[1]} 30",
    )[n % 3]
    carriers = ", ".join(f"c{(2 * n + m) % size}" for m in range(4))
    credential = f'credential "t{n}" password secret PASSWORD{n}'
    return f"""trunk t{n} {{
    numbers  {f"+{first} .. +{first + 99}" if n % 2 else f"+44{n:06}"}
    accept   {f"from 172.{n >> 8}.{n & 255}.0/24" if n % 3 else credential}
    from     r{n // 5}
    routes   {method}
    retry    s{n // 5}
    deadline 60s
    patience 90s
    limit 10 calls
    on failure forward to +19995550000 via cheapest {carriers}
}}"""


def _test(n: int) -> str:
    called = 13120000000 + n * 100
    return f"""test "case {n}" {{
    call t{n} to {f"+{called}" if n % 2 else f"+44{n:06}1"}
    when p{2 * n} answers 503
    when p{2 * n + 1} answers 200
    expect answered
}}"""


def sized_for_telnyx(size: int) -> str:
    """A policy of `size` routes that Telnyx can carry out: a trunk with one number for each ten."""
    routes = [f"route p{n} {{ to sip:{_address(10, n)} }}" for n in range(size)]
    return "\n".join([TELNYX, *routes, *map(_connection, range(size // 10))]) + "\n"


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


def _connection(n: int) -> str:
    return f"""trunk t{n} {{
    numbers  +1312{5550000 + n}
    accept   anyone
    from     us
    routes   round-robin {", ".join(f"p{10 * n + m}" for m in range(10))}
    retry    standard
}}"""
