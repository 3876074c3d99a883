"""One DNS question at a time to real nameservers, by dnspython, with lifetimes and aliases.

The runtime's own look-ups are made for calls: they hurry, remember and hide what an operator of a
zone wants to see. What would surprise: an alias that leads to no record is still told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from dns.rdtypes.IN.NAPTR import NAPTR
from dns.rdtypes.IN.SRV import SRV

from sipfo.runtime.question import Answer, NaptrRecord, Query, Record, SrvRecord, Status
from sipfo.verify.zone.published import Found

PATIENCE: Final = 3.0
"""Seconds for one question, whoever is asked."""


class NobodyToAsk(Exception):
    """There is no nameserver, its address is none, or it is silent."""


class Asker:
    """Asks `nameservers` (address, port), or the system's."""

    def __init__(self, nameservers: Sequence[tuple[str, int]] | None) -> None:
        """Raises NobodyToAsk."""
        try:
            self._resolver = dns.resolver.Resolver(configure=nameservers is None)
            if nameservers is not None:
                self._resolver.nameservers = [
                    dns.nameserver.Do53Nameserver(*one) for one in nameservers
                ]
        except (dns.exception.DNSException, OSError, ValueError) as error:
            raise NobodyToAsk(f"no nameserver to ask: {error}") from None
        self._resolver.cache = None
        self._is_there = False
        self._servers = (
            [f"{host} port {port}" for host, port in nameservers]
            if nameservers is not None
            else [str(one) for one in self._resolver.nameservers]
        )

    def ask(self, query: Query) -> Found:
        """The answer to one question, whatever becomes of it. Raises NobodyToAsk when the first
        question meets with silence: so would all others, each for its whole time."""
        found = self._ask(query)
        if found.answer.status == "timeout" and not self._is_there:
            servers = ", ".join(self._servers)
            raise NobodyToAsk(f"no nameserver answered within {PATIENCE:g} s: {servers}")
        self._is_there = True
        return found

    def _ask(self, query: Query) -> Found:
        try:
            name = dns.name.from_text(query.name)
            answer = self._resolver.resolve(
                name, query.kind, raise_on_no_answer=False, lifetime=PATIENCE, search=False
            )
        except dns.resolver.NXDOMAIN as error:
            last = next(iter(error.kwargs["responses"].values())).canonical_name()
            return Found(Answer("nxdomain"), alias=_text(last) if last != name else None)
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return Found(Answer("nxdomain"))  # no such name can exist
        except (dns.exception.Timeout, OSError):
            return Found(Answer("timeout"))
        except dns.resolver.NoNameservers as error:
            return Found(Answer(_why(error)))
        except (dns.exception.DNSException, EOFError, ValueError):
            return Found(Answer("servfail"))
        alias = _text(answer.canonical_name) if answer.canonical_name != name else None
        if answer.rrset is None:
            return Found(Answer("nodata"), alias=alias)
        records = tuple(_record(one) for one in answer.rrset)
        return Found(Answer("ok", records), int(answer.chaining_result.minimum_ttl), alias)


def _why(error: dns.resolver.NoNameservers) -> Status:
    """What the last nameserver that answered at all said."""
    answers = [one[4] for one in error.kwargs["errors"] if one[4] is not None]
    if not answers:
        return "timeout"
    return "refused" if all(one.rcode().name == "REFUSED" for one in answers) else "servfail"


def _record(rdata: object) -> Record:
    if isinstance(rdata, SRV):
        return SrvRecord(rdata.priority, rdata.weight, rdata.port, _text(rdata.target) or ".")
    if isinstance(rdata, NAPTR):
        return NaptrRecord(
            rdata.order,
            rdata.preference,
            rdata.flags.decode("ascii", "replace"),
            rdata.service.decode("ascii", "replace"),
            _text(rdata.replacement),
            rdata.regexp.decode("ascii", "replace"),
        )
    return str(rdata)


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)
