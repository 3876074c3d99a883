"""One DNS question to the nameservers, by dnspython; its answer in our own values.

dnspython is imported with the first name to look up: a plan of addresses never loads it. What
would surprise: each way in which dnspython gives up is taken apart again, because a nameserver that
fails, one that refuses and one that is silent are different things to an operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sipfo.runtime.locate import Unlocatable
from sipfo.runtime.question import Answer, NaptrRecord, Query, Record, SrvRecord, Status

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver as AsyncResolver
    from dns.message import QueryMessage
    from dns.rdata import Rdata
    from dns.resolver import NoNameservers

FOREVER = float("inf")


def prepare(
    nameservers: Sequence[tuple[str, int]] | None, resolv_conf: str, again: float
) -> AsyncResolver:
    """What asks `nameservers` (address literal, port), or those of `resolv_conf` if None; a lost
    datagram is sent again after `again` seconds.

    Raises Unlocatable if there is no nameserver to ask.
    """
    from dns.asyncresolver import Resolver as AsyncResolver
    from dns.exception import DNSException
    from dns.nameserver import Do53Nameserver

    try:
        if nameservers is None:
            made = AsyncResolver(resolv_conf)
        else:
            made = AsyncResolver(configure=False)
            made.nameservers = [Do53Nameserver(*one) for one in nameservers]
    except (DNSException, OSError, ValueError) as error:
        raise Unlocatable("no-resolver", f"{resolv_conf}: {error}") from None
    if not made.nameservers:
        raise Unlocatable("no-resolver", "there is no nameserver to ask")
    made.timeout = again
    return made


async def ask(resolver: AsyncResolver, query: Query, lifetime: float) -> tuple[Answer, float]:
    """One query's answer, within `lifetime` seconds, and for how many seconds it holds."""
    from dns.exception import DNSException, Timeout
    from dns.name import LabelTooLong, NameTooLong, from_text
    from dns.resolver import NXDOMAIN, NoNameservers

    try:
        name = from_text(query.name)  # absolute: the search list is for people
        async with asyncio.timeout(lifetime):  # dnspython's own limit leaves out its pauses
            found = await resolver.resolve(
                name, query.kind, raise_on_no_answer=False, lifetime=lifetime
            )
    except NXDOMAIN as error:
        return Answer("nxdomain"), _negative_ttl(error.kwargs["responses"][name])
    except (LabelTooLong, NameTooLong):
        return Answer("nxdomain"), FOREVER  # no such name can exist
    except (Timeout, TimeoutError):
        return Answer("timeout"), 0.0
    except NoNameservers as error:
        return Answer(_failure(error)), 0.0
    except (DNSException, OSError, EOFError, ValueError):
        return Answer("servfail"), 0.0
    if found.rrset is None:
        return Answer("nodata"), _negative_ttl(found.response)
    records = tuple(_record(one) for one in found.rrset)
    return Answer("ok", records), float(found.chaining_result.minimum_ttl)


def _negative_ttl(response: QueryMessage) -> float:
    """RFC 2308 §5: an empty answer holds as long as its SOA record says, without one not at all."""
    if not any(one.rdtype.name == "SOA" for one in response.authority):
        return 0.0
    return float(response.resolve_chaining().minimum_ttl)


def _failure(error: NoNameservers) -> Status:
    """Why every nameserver was given up: out of reach, REFUSED by all that answered, or worse."""
    answers = [one[4] for one in error.kwargs["errors"] if one[4] is not None]
    if not answers:
        return "timeout"
    refused = [one.rcode().name == "REFUSED" for one in answers]
    return "refused" if all(refused) else "servfail"


def _record(rdata: Rdata) -> Record:
    from dns.rdtypes.IN.NAPTR import NAPTR
    from dns.rdtypes.IN.SRV import SRV

    if isinstance(rdata, SRV):
        target = rdata.target.to_text(omit_final_dot=True)
        return SrvRecord(rdata.priority, rdata.weight, rdata.port, target)
    if isinstance(rdata, NAPTR):
        return NaptrRecord(
            rdata.order,
            rdata.preference,
            rdata.flags.decode("ascii", "replace"),
            rdata.service.decode("ascii", "replace"),
            rdata.replacement.to_text(omit_final_dot=True),
            rdata.regexp.decode("ascii", "replace"),
        )
    return rdata.to_text()
