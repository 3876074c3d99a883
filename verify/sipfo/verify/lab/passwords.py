"""The passwords of a play: drawn for it, known to nobody else, and what a caller does with one.

No scenario says a password, and none of the operator's is read: the runtime, and a caller that a
trunk takes by credential only, are told the same random ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Plan, Trunk
from sipfo.runtime.secret import Secret, names
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.digest import answer, strongest
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.wire import entropy

_FIELDS: Final = {
    401: (b"www-authenticate", b"authorization"),
    407: (b"proxy-authenticate", b"proxy-authorization"),
}


def draw_secrets(plan: Plan) -> dict[str, Secret]:
    """A value for every secret that a plan names."""
    return {name: Secret(entropy.token() + entropy.token()) for name in names(plan)}


@dataclass(frozen=True, slots=True)
class Proof:
    """A user and its password."""

    user: str
    password: Secret
    realm: str | None = None
    """Whom the password is for, where somebody may ask for several."""

    def answer(self, request: Request, challenged: Response, via: bytes) -> Request | None:
        """The request again with what a 401 or 407 asks for (RFC 3261 §22.2, §22.3); None when it
        asks for what cannot be answered."""
        asks, proves = _FIELDS[challenged.status]
        challenge = strongest(
            challenged.headers.lines(asks), self.realm.encode() if self.realm else None
        )
        if challenge is None:
            return None
        user, cnonce = self.user.encode("utf-8"), entropy.token().encode("ascii")
        method = request.method
        given = answer(challenge, user, self.password.reveal(), method, request.uri, cnonce)
        headers = Headers([one for one in request.headers if one[0] != proves])
        headers.set(b"via", via)
        headers.set(b"cseq", CSeq(request.cseq.number + 1, method).encode())
        headers.add(proves, given.encode())
        return Request(method, request.uri, headers, request.body)


def proof_for(trunk: Trunk, secrets: dict[str, Secret]) -> Proof | None:
    """What a caller of a trunk proves itself with; None where its address is enough."""
    accept = trunk.accept
    if accept.anyone or accept.networks or not accept.credentials:
        return None
    first = accept.credentials[0]
    return Proof(first.user, secrets[first.secret])
