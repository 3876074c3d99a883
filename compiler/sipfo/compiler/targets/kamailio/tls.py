"""The certificates that Kamailio shows to callers, one for each address that listens on TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.compiler.targets.kamailio.encode import Literal, literal, socket_literal
from sipfo.compiler.targets.sockets import bracketed
from sipfo.plan.model import Plan

AUTHORITIES: Final = "/etc/ssl/certs/ca-certificates.crt"
"""Whom Kamailio believes about a target's certificate: Debian's list."""


@dataclass(frozen=True, slots=True)
class Server:
    """One `server` section of tls.cfg."""

    address: Literal
    certificate: Literal
    key: Literal


def servers(plan: Plan) -> tuple[Server, ...]:
    """The sections, in the order of the policy. Raises CannotSay for a path that the file cannot
    hold."""
    return tuple(
        Server(
            socket_literal(f"{bracketed(one.host)}:{one.port}"),
            literal(one.certificate),
            literal(one.key or one.certificate),
        )
        for one in plan.listen
        if one.certificate is not None
    )
