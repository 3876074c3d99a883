"""Asking for a password, of whoever calls and of whoever registers: the challenges, and the answer.

The two differ in the header fields and in whose passwords they know, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sipfo.runtime.sip.digest import MD5, Challenge, Credentials, parse_credentials
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request


@dataclass(frozen=True, slots=True)
class Asked:
    """Whoever sent it is to be asked for a password: the values of the WWW-Authenticate fields of a
    401, or of the Proxy-Authenticate fields of a 407."""

    challenges: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """It gave wrong credentials, or too many of them before; `reason` is for the log."""

    reason: str


def asked(realm: bytes, nonce: bytes, digests: Sequence[bytes], *, stale: bool) -> Asked:
    """A challenge for each digest, the preferred first (RFC 8760 §2.4)."""
    return Asked(
        tuple(Challenge(realm, nonce, algorithm, stale=stale).encode() for algorithm in digests)
    )


def given(
    request: Request, field: bytes, realm: bytes, digests: Sequence[bytes]
) -> Credentials | None:
    """The answer to a challenge of ours in these fields. Its URI need not be the request's, which
    proxies may have changed: "it MAY still accept it" (RFC 8760 §2.6)."""
    for value in request.headers.lines(field):
        try:
            found = parse_credentials(value)
        except Malformed:
            continue
        if found.realm == realm and (found.algorithm or MD5) in digests:
            return found
    return None
