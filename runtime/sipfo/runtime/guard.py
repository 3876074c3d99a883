"""The credentials of callers: an INVITE that nothing but a password lets in, to a verdict.

It makes no state for an INVITE without credentials. What would surprise: the nonce is looked at
before the digest, so that nobody learns anything about a password with a nonce that is not its own,
and cannot try passwords without being counted.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Plan
from sipfo.runtime.admission import Admission
from sipfo.runtime.asking import Asked, Wrong, asked, given
from sipfo.runtime.limits import Limits
from sipfo.runtime.lockout import Lockout
from sipfo.runtime.nonces import Nonces
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.digest import (
    Credentials,
    realm_of,
)
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.uri import parse_uri

_FIELDS: Final = (b"authorization", b"proxy-authorization")


@dataclass(frozen=True, slots=True)
class Proven:
    """The caller has the password of a credential that these trunks accept."""

    trunks: frozenset[str]


class Guard:
    """The credentials that a plan's trunks accept."""

    __slots__ = (
        "_admission",
        "_candidates",
        "_decoy",
        "_limits",
        "_lockout",
        "_nonces",
        "_ours",
        "_proven",
        "_realm",
        "_width",
    )

    def __init__(
        self,
        plan: Plan,
        admission: Admission,
        secrets: Mapping[str, Secret],
        realm: str,
        entropy: Callable[[], str],
        limits: Limits,
    ) -> None:
        """`secrets` has every one that the trunks name; `entropy` gives fresh tokens."""
        self._admission = admission
        self._limits = limits
        self._realm = realm.encode("ascii")
        self._ours = frozenset({self._realm})
        key = "".join(entropy() for _ in range(4)).encode("ascii")
        self._nonces = Nonces(key, entropy, limits)
        self._lockout = Lockout(limits)
        self._proven: OrderedDict[str, float] = OrderedDict()
        found: dict[bytes, dict[Secret, set[str]]] = {}
        for trunk in plan.trunks:
            for one in trunk.accept.credentials:
                same = found.setdefault(one.user.encode("utf-8"), {})
                same.setdefault(secrets[one.secret], set()).add(trunk.name)
        self._candidates = {
            user: tuple((secret, frozenset(trunks)) for secret, trunks in same.items())
            for user, same in found.items()
        }
        # Whoever the caller says it is, as many passwords are tried as the user with most has.
        self._width = max(map(len, self._candidates.values()), default=1)
        self._decoy = (Secret(entropy() + entropy()), frozenset[str]())

    def succeed(self, old: Guard) -> None:
        """Go on with what is known of callers: nonces that are out, failures, who has proven."""
        self._nonces, self._lockout, self._proven = old._nonces, old._lockout, old._proven
        self._ours |= old._ours

    def asks(self, request: Request, flow: Flow) -> bool:
        """Whether nothing but a credential can let this INVITE in."""
        try:
            user = parse_uri(request.uri).user or ""
        except Malformed:
            user = ""
        return self._admission.asks(user, flow.remote[0], (flow.transport, *flow.local))

    def judge(self, request: Request, source: str, now: float) -> Proven | Asked | Wrong:
        """What an INVITE that is to be asked for its credentials gets."""
        self._forget_old(now)
        if self._lockout.is_locked(source, now):
            return Wrong("locked out after wrong credentials")
        answer = given(request, b"proxy-authorization", self._realm, self._limits.digests)
        if answer is None:
            return self._ask(source, now)
        if not self._nonces.is_fresh(answer.nonce, source, now):
            return self._ask(source, now, stale=True)
        proven = self._proves(answer)
        if proven is None:
            self._lockout.fail(source, now)
            return Wrong("wrong credentials")
        # An answer without qop has no count, and "must unfortunately" be taken from clients of
        # RFC 2543 (RFC 3261 §22.4): its nonce is good once.
        if not self._nonces.use(answer.nonce, int(answer.count or b"1", 16), now):
            return self._ask(source, now, stale=True)
        self.believe(source, now)
        return Proven(proven)

    def knows(self, source: str) -> bool:
        """Whether a source has proven a credential lately, so that it is no stranger."""
        return source in self._proven

    def consume(self, request: Request) -> None:
        """Take the credentials out of a request that were for us; those for others stay
        ("MUST NOT be consumed by any proxy whose realm does not match", RFC 3261 §22.3)."""
        for name in _FIELDS:
            values = request.headers.lines(name)
            others = [value for value in values if realm_of(value) not in self._ours]
            if len(others) < len(values):
                request.headers.remove(name)
                for value in others:
                    request.headers.add(name, value)

    def _ask(self, source: str, now: float, stale: bool = False) -> Asked:
        nonce = self._nonces.make(source, now)
        return asked(self._realm, nonce, self._limits.digests, stale=stale)

    def _proves(self, answer: Credentials) -> frozenset[str] | None:
        candidates = self._candidates.get(answer.user, ())
        proven: frozenset[str] | None = None
        for place in range(self._width):
            known = place < len(candidates)
            secret, trunks = candidates[place] if known else self._decoy
            if answer.is_right(secret.reveal(), "INVITE") and known:
                proven = trunks
        return proven

    def believe(self, source: str, now: float) -> None:
        """A source has proven a credential, here or at another engine."""
        self._forget_old(now)
        self._proven[source] = now + self._limits.proven_time
        self._proven.move_to_end(source)
        if len(self._proven) > self._limits.proven_sources:
            self._proven.popitem(last=False)

    def _forget_old(self, now: float) -> None:
        while self._proven and self._proven[next(iter(self._proven))] <= now:
            self._proven.popitem(last=False)
