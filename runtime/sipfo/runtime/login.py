"""Our own credentials at the targets of routes and carriers that ask for them (`auth`).

A challenge to the same request with the answer to it, to be sent the same way. What would surprise:
a password is used for one realm of each target, the first that it asked for, so that somebody
behind the target cannot ask for another.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Plan
from sipfo.plan.order import Step
from sipfo.runtime.core import Core
from sipfo.runtime.limits import REALMS
from sipfo.runtime.locate import Target
from sipfo.runtime.record import Notice
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.build import renumbered
from sipfo.runtime.sip.digest import Credentials, answer, realm_of, strongest
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response

MOST_ANSWERS: Final = 2
"""Challenges to one request that are answered: the first, and one that says the nonce was stale."""

_FIELDS: Final = {
    401: (b"www-authenticate", b"authorization"),
    407: (b"proxy-authenticate", b"proxy-authorization"),
}
"""Status to the field of the challenge and that of its answer (RFC 3261 §22.2, §22.3)."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of ours at a route or carrier, called `name`."""

    name: str
    user: bytes
    password: Secret


class Keyring:
    """The accounts of a plan, and the realm that each target asked for first."""

    __slots__ = ("_accounts", "_core", "_realms")

    def __init__(self, core: Core, plan: Plan, secrets: Mapping[str, Secret]) -> None:
        """`secrets` has every one that a route or carrier names."""
        self._core = core
        self._accounts: dict[tuple[bool, str], Account] = {}
        self._realms: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        parties = [(False, route.name, route.auth) for route in plan.routes]
        parties += [(True, carrier.name, carrier.auth) for carrier in plan.carriers]
        for is_carrier, name, auth in parties:
            if auth is not None:
                account = Account(name, auth.user.encode("utf-8"), secrets[auth.secret])
                self._accounts[is_carrier, name] = account

    def login(self, step: Step, target: Target, targets: Iterable[Target]) -> Login | None:
        """What answers the challenges of a target of a step; `targets` are all of the step's."""
        account = self._accounts.get((step.carrier, step.route))
        if account is None:
            return None
        hosts = frozenset(one.host for one in targets)
        return Login(self._core, self, account, str(target), hosts)

    def again(self, carrier: bool, name: str, target: str, hosts: frozenset[str]) -> Login | None:
        """What goes on to answer the challenges of a target that a call was answered at."""
        account = self._accounts.get((carrier, name))
        return None if account is None else Login(self._core, self, account, target, hosts)

    def succeed(self, old: Keyring) -> None:
        """Go on with the realms of the accounts that stay what they are."""
        stay = {one.name for one in self._accounts.values() if one in old._accounts.values()}
        for (name, target), realm in old._realms.items():
            if name in stay:
                self._realms[name, target] = realm

    def bind(self, account: Account, target: str, realm: bytes) -> None:
        """Remember the realm that a target asks for, unless it asked before."""
        self._realms.setdefault((account.name, target), realm)
        if len(self._realms) > REALMS:
            self._realms.popitem(last=False)

    def realm(self, account: Account, target: str) -> bytes | None:
        """The realm that a target asked for first."""
        return self._realms.get((account.name, target))


class Login:
    """One account at one target, for an attempt and the dialogs that come of it."""

    __slots__ = ("_account", "_core", "_hosts", "_keyring", "_said", "_target")

    def __init__(
        self, core: Core, keyring: Keyring, account: Account, target: str, hosts: frozenset[str]
    ) -> None:
        """`hosts` are the addresses that the password may be used at."""
        self._core = core
        self._keyring = keyring
        self._account = account
        self._target = target
        self._hosts = hosts
        self._said: tuple[int, bytes, Credentials] | None = None

    @property
    def name(self) -> str:
        """The route or carrier that has the account."""
        return self._account.name

    @property
    def target(self) -> str:
        return self._target

    @property
    def hosts(self) -> frozenset[str]:
        """The addresses that the password may be used at."""
        return self._hosts

    def answer(
        self, request: Request, response: Response, flow: Flow, number: int, answered: int
    ) -> Request | None:
        """The request to send in place of one that was challenged, with our Via on top; None when
        the challenge stands.

        `flow` is the one that the request took, `number` the CSeq of the new one, `answered` how
        many challenges to it were answered before.
        """
        fields = _FIELDS.get(response.status)
        if fields is None or answered >= MOST_ANSWERS or flow.remote[0] not in self._hosts:
            return None
        asks, answers = fields
        values = response.headers.lines(asks)
        account = self._account
        realm = self._keyring.realm(account, self._target)
        challenge = strongest(values, realm)
        if challenge is None:
            if strongest(values) is not None:
                text = f"{account.name} at {self._target} asks for another realm than before"
                self._core.records.append(Notice("-", f"{text}: not answered"))
            return None
        # "MUST NOT re-attempt requests with the credentials that have just been rejected (though
        # the request may be retried if the nonce was stale)" (RFC 3261 §22.1)
        if answered and not challenge.stale:
            return None
        self._keyring.bind(account, self._target, challenge.realm)
        cnonce = self._core.token()
        password = account.password.reveal()
        given = answer(challenge, account.user, password, request.method, request.uri, cnonce)
        again = renumbered(request, number)
        _put(again, answers, given)
        if request.method == "INVITE":
            self._said = (number, answers, given)
        self._core.stamp_via(again, flow)
        return again

    def acknowledge(self, ack: Request) -> None:
        """Give the ACK of a 2xx the credentials of its INVITE (RFC 3261 §13.2.2.4, §22.1)."""
        if self._said is not None:
            number, name, given = self._said
            if ack.cseq.number == number:
                _put(ack, name, given)


def _put(request: Request, name: bytes, given: Credentials) -> None:
    """Add our credentials, in place of any for the same realm."""
    others = [one for one in request.headers.lines(name) if realm_of(one) != given.realm]
    request.headers.remove(name)
    for one in (*others, given.encode()):
        request.headers.add(name, one)
