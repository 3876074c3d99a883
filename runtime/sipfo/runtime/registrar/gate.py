"""The passwords of users that register: a REGISTER to a verdict (RFC 3261 §22, RFC 8760).

What would surprise: a user that does not exist is judged like one that does, with a password that
nobody has, so that neither the answer nor the time that it takes tells which users there are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sipfo.plan.model import Registrar
from sipfo.runtime.asking import Asked, Wrong, asked, given
from sipfo.runtime.limits import Limits
from sipfo.runtime.lockout import Lockout
from sipfo.runtime.nonces import Nonces
from sipfo.runtime.registrar.register import MOST_EXPIRES
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.message import Request


@dataclass(frozen=True, slots=True)
class Proven:
    """Whoever sent it has this user's password."""

    user: str


class Gate:
    """Who may register at one registrar."""

    __slots__ = ("_decoy", "_limits", "_lockout", "_nonces", "_proven", "_realm", "_users")

    def __init__(
        self,
        registrar: Registrar,
        secrets: Mapping[str, Secret],
        entropy: Callable[[], str],
        limits: Limits,
    ) -> None:
        """`secrets` has that of every user; `entropy` gives fresh tokens."""
        self._realm = registrar.domain.encode("utf-8")
        self._limits = limits
        key = "".join(entropy() for _ in range(4)).encode("ascii")
        self._nonces = Nonces(key, entropy, limits)
        self._lockout = Lockout(limits)
        self._users = {
            one.name.encode("utf-8"): (one.name, secrets[one.secret]) for one in registrar.users
        }
        self._decoy = Secret(entropy() + entropy())
        self._proven: OrderedDict[str, float] = OrderedDict()

    def succeed(self, old: Gate) -> None:
        """Go on with the nonces that are out, the failures, and who has proven itself."""
        self._nonces, self._lockout, self._proven = old._nonces, old._lockout, old._proven

    def knows(self, source: str) -> bool:
        """Whether somebody there had a password lately."""
        return source in self._proven

    def judge(self, request: Request, source: str, now: float) -> Proven | Asked | Wrong:
        """What a REGISTER from this address gets."""
        while self._proven and self._proven[next(iter(self._proven))] <= now:
            self._proven.popitem(last=False)
        if self._lockout.is_locked(source, now):
            return Wrong("locked out after wrong credentials")
        answer = given(request, b"authorization", self._realm, self._limits.digests)
        if answer is None:
            return self._ask(source, now)
        # The nonce before the digest: nobody tries passwords with one that was not given to it.
        if not self._nonces.is_fresh(answer.nonce, source, now):
            return self._ask(source, now, stale=True)
        user, password = self._users.get(answer.user, ("", self._decoy))
        if not answer.is_right(password.reveal(), "REGISTER") or not user:
            self._lockout.fail(source, now)
            return Wrong("wrong credentials")
        # "if the same nc value is seen twice, then the request is a replay" (RFC 7616 §3.4)
        if not self._nonces.use(answer.nonce, int(answer.count or b"1", 16), now):
            return self._ask(source, now, stale=True)
        self._proven[source] = now + MOST_EXPIRES
        self._proven.move_to_end(source)
        if len(self._proven) > self._limits.proven_sources:
            self._proven.popitem(last=False)
        return Proven(user)

    def _ask(self, source: str, now: float, stale: bool = False) -> Asked:
        nonce = self._nonces.make(source, now)
        return asked(self._realm, nonce, self._limits.digests, stale=stale)
