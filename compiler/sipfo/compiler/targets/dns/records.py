"""The records that a site needs, in the order in which a zone lists them.

NAPTR says which transports there are (RFC 3263 §4.1), SRV which addresses, a priority for each, so
that the second is tried when the first fails (RFC 2782), and address records where those are. The
alternative for callers without SRV is an address record for each, to be added as two routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal

from sipfo.compiler.targets.dns.site import Site
from sipfo.plan.model import Transport

Form = Literal["srv", "a"]

SRV_LABELS: Final[dict[Transport, str]] = {
    "udp": "_sip._udp",
    "tcp": "_sip._tcp",
    "tls": "_sips._tcp",
}
NAPTR_SERVICES: Final[dict[Transport, str]] = {
    "udp": "SIP+D2U",
    "tcp": "SIP+D2T",
    "tls": "SIPS+D2T",
}
"""RFC 3263 §4.1, §4.2: SIP over TLS is of the service `sips`."""

STEP: Final = 10
"""Between two orders or priorities, so that something fits between them."""

WEIGHT: Final = 10
"""Of every SRV record: no two have one priority, so it decides nothing."""


@dataclass(frozen=True, slots=True)
class ZoneRecord:
    """A record of class IN; `name` is absolute, without the last dot."""

    name: str
    kind: Literal["NAPTR", "SRV", "A", "AAAA"]
    value: str


def zone_records(site: Site, form: Form = "srv") -> Iterator[ZoneRecord]:
    """All records of a site."""
    if form == "srv":
        for place, service in enumerate(site.services, start=1):
            name = f"{SRV_LABELS[service.transport]}.{site.domain}"
            kind = NAPTR_SERVICES[service.transport]
            value = f'{place * STEP} {STEP} "s" "{kind}" "" {name}.'
            yield ZoneRecord(site.domain, "NAPTR", value)
        for service in site.services:
            name = f"{SRV_LABELS[service.transport]}.{site.domain}"
            for place, (label, _) in enumerate(site.addresses, start=1):
                port = service.ports[place - 1]
                value = f"{place * STEP} {WEIGHT} {port} {label}.{site.domain}."
                yield ZoneRecord(name, "SRV", value)
    for label, address in site.addresses:
        is_new = ip_address(address).version == 6
        yield ZoneRecord(f"{label}.{site.domain}", "AAAA" if is_new else "A", address)
