"""Sites to zone files: the records alone, to be taken into a zone, and a whole zone around them.

What would surprise: the whole zone has to name a name server and an owner, which a policy does not
know; they are examples, so that the file loads by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sipfo.compiler.targets.dns.records import Form, zone_records
from sipfo.compiler.targets.dns.site import Site
from sipfo.compiler.targets.folder import File

_SOA: Final = "1 7200 900 1209600"
"""Serial, refresh, retry, expire (RFC 1912 §2.2); the last field is the TTL of what is not there."""


def render(
    sites: Sequence[Site], seconds: int, form: Form = "srv", headline: str = ""
) -> dict[str, File]:
    """A `.zone` and a `.records` file for each domain; `seconds` is the TTL of every record."""
    files = {}
    for site in sites:
        records = "".join(f"{line}\n" for line in _records(site, seconds, form))
        said = "".join(c if c.isprintable() else " " for c in headline)
        note = "".join(f"; {line}\n" for line in _notes(site, form))
        files[f"{site.domain}.zone"] = File(f"; {said}\n{_head(site, seconds)}\n{note}{records}")
        files[f"{site.domain}.records"] = File(f"; {said}\n{note}{records}")
    return files


def _head(site: Site, seconds: int) -> str:
    server = f"{site.addresses[0][0]}.{site.domain}."
    return (
        "; The zone's own records are examples: put your name servers and your address here, or\n"
        f"; take {site.domain}.records into the zone that you have.\n"
        f"{site.domain}. {seconds} IN SOA {server} hostmaster.{site.domain}. {_SOA} {seconds}\n"
        f"{site.domain}. {seconds} IN NS {server}\n"
    )


def _notes(site: Site, form: Form) -> Iterator[str]:
    if form == "a":
        yield "An address record for each signalling address: add all of them as routes, in this order."
    else:
        yield "Callers look up NAPTR, then SRV, then addresses, and try them in this order (RFC 3263)."
        yield f"They must write {site.domain} without a port: with one they look up no SRV."


def _records(site: Site, seconds: int, form: Form) -> Iterator[str]:
    found = list(zone_records(site, form))
    width = max(len(one.name) for one in found) + 1
    for one in found:
        yield f"{one.name + '.':{width}} {seconds} IN {one.kind:5} {one.value}"
