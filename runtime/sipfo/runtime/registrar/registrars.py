"""The registrars of a plan at work: REGISTERs in, and the ways to users out.

No input or output: what the store of bindings is to do waits in `core`'s queue, and comes back as an
answer. What would surprise: a REGISTER is answered only when the store has it, so that nobody is
told of a registration that a crash could lose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sipfo.plan.model import Plan, Registrar
from sipfo.plan.order import Step
from sipfo.runtime.asking import Asked, Wrong
from sipfo.runtime.core import Core
from sipfo.runtime.errand import Bindings, Errand, Result, Unavailable
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import RegisterRecord
from sipfo.runtime.registrar.binding import Binding, Origin
from sipfo.runtime.registrar.gate import Gate
from sipfo.runtime.registrar.passing import Passed, fellows, routed_to
from sipfo.runtime.registrar.register import (
    OUR_TAGS,
    NotTaken,
    Registration,
    read_registration,
    tags,
)
from sipfo.runtime.registrar.sameness import same
from sipfo.runtime.registrar.table import Came, alive, change
from sipfo.runtime.registrar.way import Here, Way, holder, way_by, ways
from sipfo.runtime.secret import Secret
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.transaction.server import ServerTransaction
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import DEFAULT_PORT

UNAVAILABLE_RETRY_AFTER: Final = b"5"
"""Seconds after which a telephone may ask a store that does not answer again."""

FLOW_TIMER: Final = b"120"
"""Seconds within which a telephone is to show that its flow is alive (RFC 5626 §5.4)."""

Led = Callable[[tuple[Way, ...], str, tuple[str, ...], float], None]
"""Takes the ways to a user, why there are none, what else is to be said of them, and the time."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a REGISTER is answered without a transaction; `reason` is for the log, empty for what is
    no news."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...] = ()
    reason: str = ""


class Registrars:
    """Every registrar of a plan, as this process serves it."""

    __slots__ = (
        "_by_domain",
        "_by_name",
        "_core",
        "_epoch",
        "_gates",
        "_own",
        "_process",
        "_seen",
        "_users",
        "connections",
        "fellows",
    )

    def __init__(
        self,
        core: Core,
        plan: Plan,
        secrets: Mapping[str, Secret],
        entropy: Callable[[], str],
        limits: Limits,
        epoch: float,
    ) -> None:
        """`secrets` has that of every user; `epoch` is the Unix time when `now` is 0."""
        self._core = core
        self._epoch = epoch
        self._process = entropy()
        self._by_domain = {one.domain: one for one in plan.registrars}
        self._by_name = {one.name: one for one in plan.registrars}
        self._gates = {one.name: Gate(one, secrets, entropy, limits) for one in plan.registrars}
        self._users = {
            route.name: route.registered for route in plan.routes if route.registered is not None
        }
        own = {(one.host, one.port) for one in plan.listen}
        self._own = {
            one.name: frozenset(
                each.name for each in one.instances if (each.host, each.port) in own
            )
            for one in plan.registrars
        }
        self.fellows = fellows(plan)
        """The addresses that other instances pass calls on from."""
        self._seen: dict[str, Bindings] = {}
        self.connections: dict[str, Flow] = {}
        """The connections that somebody registered on and that are open, by their token."""

    def next(
        self,
        plan: Plan,
        secrets: Mapping[str, Secret],
        entropy: Callable[[], str],
        limits: Limits,
    ) -> Registrars:
        """Those of the next plan, which go on with what is known of telephones."""
        made = Registrars(self._core, plan, secrets, entropy, limits, self._epoch)
        made._process, made.connections, made._seen = self._process, self.connections, self._seen
        for name, gate in made._gates.items():
            if name in self._gates:
                gate.succeed(self._gates[name])
        return made

    def serves(self, request: Request, flow: Flow) -> bool:
        """Whether a REGISTER is for one of these: for its domain, or for the address it came to."""
        return self._registrar(request, flow) is not None

    def knows(self, source: str) -> bool:
        """Whether a source has proven to be a user lately, so that it is no stranger."""
        return source in self.fellows or any(one.knows(source) for one in self._gates.values())

    def called(self, request: Request, flow: Flow) -> str:
        """The name of the registrar that a REGISTER is for; empty if none is."""
        found = self._registrar(request, flow)
        return found.name if found is not None else ""

    def judge(self, request: Request, flow: Flow, now: float) -> Refusal | Asked | str:
        """What a REGISTER is answered at once, or the user whose bindings it may change (RFC 3261
        §10.3 steps 1 to 5)."""
        registrar = self._registrar(request, flow)
        if registrar is None:
            return Refusal(404, reason="REGISTER for a domain that is not served here")
        strange = sorted(tags(request, b"require") - OUR_TAGS)
        if strange:
            return Refusal(420, ((b"unsupported", b", ".join(strange)),))
        verdict = self._gates[registrar.name].judge(request, flow.remote[0], now)
        if isinstance(verdict, Asked):
            return verdict
        if isinstance(verdict, Wrong):
            return Refusal(403, reason=verdict.reason)
        return verdict.user

    def take(
        self, user: str, request: Request, transaction: ServerTransaction, flow: Flow, now: float
    ) -> None:
        """Carry out a REGISTER of a user that has proven itself (RFC 3261 §10.3 steps 5 to 8)."""
        registrar = self._registrar(request, flow)
        assert registrar is not None  # `judge` has looked
        try:
            self._check_user(user, registrar, request)
            registration = read_registration(request)
            came = self._came(registrar, registration, request, flow, now)
        except Malformed as error:
            self._answer(transaction, make_response(request, error.status), now)
            return
        except NotTaken as error:
            self._refuse(error, user, request, transaction, now)
            return
        act = None
        if registration.contacts or registration.everything:

            def act(bindings: Bindings) -> Bindings:
                return change(bindings, registration, came)

        def done(result: Result, now: float) -> None:
            if isinstance(result, Unavailable):
                fields = (b"retry-after", UNAVAILABLE_RETRY_AFTER)
                reason = f"the store of bindings: {result.reason}"
                self._refuse(NotTaken(500, reason, fields), user, request, transaction, now)
            elif isinstance(result, NotTaken):
                self._refuse(result, user, request, transaction, now)
            else:
                if came.origin.connection:
                    self.connections[came.origin.connection] = flow
                bindings = alive(result, came.at)
                self._see(key, bindings)
                self._core.records.append(
                    RegisterRecord(
                        *(registrar.name, user, flow.remote[0], 200),
                        *(len(bindings), came.instance),
                    )
                )
                self._answer(transaction, _granted(request, registration, bindings, came.at), now)

        key = key_of(registrar, user)
        self._core.errand(Errand(0, key, act), done)

    def lead(self, step: Step, then: Led, now: float) -> None:
        """Find the ways to the user of a step."""
        registered = self._users.get(step.route)
        if registered is None:
            then((), "no such user any more", (), now)
            return
        registrar = self._by_name[registered.registrar]

        def done(result: Result, now: float) -> None:
            if isinstance(result, Unavailable | NotTaken):
                then((), f"the store of bindings: {result.reason}", (), now)
                return
            bindings = alive(result, self._epoch + now)
            self._see(key, bindings)
            here = Here(self._own[registrar.name], self._flow)
            to = f"sip:{step.number.replace('#', '%23')}@{registrar.domain}"
            found = tuple(ways(bindings, registered.user, to, registrar.instances, here))
            why = "" if found else "nobody is registered"
            if bindings and not found:
                why = "registered where no instance that is left can reach it"
            then(found, why, _passed_over(found, bindings, registrar, here), now)

        key = key_of(registrar, registered.user)
        self._core.errand(Errand(0, key), done)

    def passed(self, request: Request, flow: Flow) -> Passed | None:
        """What another instance wants of this one, if an INVITE is that: for a user of ours, by
        Route to an instance that this is."""
        routed = routed_to(request)
        if routed is None or flow.remote[0] not in self.fellows:
            return None
        try:
            to, contact = parse_uri(request.to.uri), parse_uri(request.uri)
        except Malformed:
            return None
        registrar = self._by_domain.get(to.host)
        if registrar is None:
            return None
        user = next((one.name for one in registrar.users if routed.is_for(one.name)), None)
        own = self._own[registrar.name]
        for one in registrar.instances:
            if user is not None and one.name in own and routed.is_to(one):
                return Passed(registrar.name, one.name, user, contact, str(to.bare()))
        return None

    def lead_on(self, passed: Passed, then: Led, now: float) -> None:
        """Find the way of a call that another instance passed on: from here to the telephone."""
        registrar = self._by_name[passed.registrar]
        level = next(one for one in registrar.instances if one.name == passed.instance)

        def done(result: Result, now: float) -> None:
            if isinstance(result, Unavailable | NotTaken):
                then((), f"the store of bindings: {result.reason}", (), now)
                return
            here = Here(self._own[registrar.name], self._flow)
            found = (
                way_by(one, passed.user, passed.to, level, registrar.instances, here)
                for one in alive(result, self._epoch + now)
                if same(parse_uri(one.contact), passed.contact)
            )
            ways = tuple(one for one in found if one is not None)
            why = "" if ways else "registered nowhere that it can be reached from here"
            then(ways, why, (), now)

        self._core.errand(Errand(0, key_of(registrar, passed.user)), done)

    def contacts(self, now: float) -> dict[str, int]:
        """How many contacts the users of each registrar have, as far as this process has seen: what
        it was last told of each user."""
        found = dict.fromkeys(self._by_name, 0)
        for registrar in self._by_name.values():
            for one in registrar.users:
                kept = self._seen.get(key_of(registrar, one.name), ())
                found[registrar.name] += sum(each.expires > self._epoch + now for each in kept)
        return found

    @property
    def users(self) -> list[tuple[str, str, str]]:
        """Everybody who may register: registrar, user, and what the store has them under."""
        return [
            (registrar.name, one.name, key_of(registrar, one.name))
            for registrar in self._by_name.values()
            for one in registrar.users
        ]

    def holder(self, registrar: str, binding: Binding) -> str:
        """The instance that holds a binding."""
        return holder(binding, self._by_name[registrar].instances)

    def _see(self, key: str, bindings: Bindings) -> None:
        self._seen[key] = bindings  # of users of the plan, and of nobody else

    def connection_lost(self, flow: Flow) -> None:
        """A connection is gone, and whoever registered on it cannot be reached by it."""
        if flow.connection is not None:
            self.connections.pop(f"{self._process}-{flow.connection}", None)

    def _registrar(self, request: Request, flow: Flow) -> Registrar | None:
        try:
            host = parse_uri(request.uri).host
        except Malformed:
            return None
        found = self._by_domain.get(host)
        if found is None and host == flow.local[0]:
            # A telephone that knows the registrar by its address only says its domain in To.
            try:
                found = self._by_domain.get(parse_uri(request.to.uri).host)
            except Malformed:
                return None
        return found

    def _check_user(self, user: str, registrar: Registrar, request: Request) -> None:
        """ "the address-of-record … is not valid for the domain": 404; not this user's: 403."""
        to = parse_uri(request.to.uri)
        if to.host != registrar.domain:
            raise NotTaken(404, "To is of another domain (RFC 3261 §10.3 step 5)")
        if (to.user or "").casefold() != user.casefold():
            raise NotTaken(403, "To is another user's (RFC 3261 §10.3 step 4)")

    def _came(
        self,
        registrar: Registrar,
        registration: Registration,
        request: Request,
        flow: Flow,
        now: float,
    ) -> Came:
        at, origin = self._epoch + now, Origin.of(flow, self._process)
        instance = next(
            (
                one.name
                for one in registrar.instances
                if one.name in self._own[registrar.name] and (one.host, one.port) == flow.local
            ),
            None,
        )
        if registration.path:
            edge = parse_uri(parse_address(registration.path[0].encode("utf-8")).uri)
            place = (edge.host, edge.port or DEFAULT_PORT)
            known = [one for one in registrar.instances if (one.host, one.port) == place]
            instance = known[0].name if known else instance
        if instance is None:
            where = f"{flow.local[0]}:{flow.local[1]}"
            raise NotTaken(403, f"{where} is no instance of {registrar.name}, nor is the Path")
        if registration.outbound:
            _check_first_hop(registration, request)
        if registration.path:
            return Came(at, instance, origin)
        asks = any(name == b"rport" for name, _ in request.via.parameters)
        hidden = frozenset(
            one.contact
            for one in registration.contacts
            if _is_elsewhere(parse_uri(one.contact), flow, asks)
        )
        return Came(at, instance, origin, hidden)

    def _flow(self, binding: Binding) -> Flow | None:
        """The way on which a telephone registered, if it is the only one, or is still open."""
        origin = binding.origin
        if origin.connection:
            return self.connections.get(origin.connection)
        if binding.is_hidden:
            return Flow(origin.transport, origin.local, origin.remote, name=origin.remote[0])
        return None

    def _refuse(
        self,
        refused: NotTaken,
        user: str,
        request: Request,
        transaction: ServerTransaction,
        now: float,
    ) -> None:
        response = make_response(request, refused.status)
        for name, value in refused.fields:
            response.headers.add(name, value)
        source = transaction.flow.remote[0]
        registrar = self.called(request, transaction.flow)
        self._core.records.append(
            RegisterRecord(registrar, user, source, refused.status, reason=refused.reason)
        )
        self._answer(transaction, response, now)

    def _answer(self, transaction: ServerTransaction, response: Response, now: float) -> None:
        response.headers.set(b"to", _tagged(response, self._core.token()))
        transaction.respond(response, now)


def key_of(registrar: Registrar, user: str) -> str:
    """What a store keeps a user's bindings under: its address-of-record."""
    return f"{user.casefold()}@{registrar.domain}"


def _passed_over(
    found: Iterable[Way], bindings: Bindings, registrar: Registrar, here: Here
) -> tuple[str, ...]:
    """The instances of this process that cannot reach a user who is registered, in words."""
    leading = {one.level for one in found}
    return tuple(
        f"{one.name} skipped: the telephone is reached from where it registered only"
        for one in registrar.instances
        if bindings and one.name in here.own and one.name not in leading
    )


def _check_first_hop(registration: Registration, request: Request) -> None:
    """A flow that a proxy keeps is of use only if the proxy knows of it (RFC 5626 §6): one that was
    passed on says `ob` in its Path."""
    is_direct = len(request.headers.all(b"via")) == 1
    edge = (
        parse_uri(parse_address(registration.path[0].encode("utf-8")).uri)
        if (registration.path)
        else None
    )
    if not is_direct and (edge is None or edge.param("ob") is None):
        raise NotTaken(439, "the first hop does not know outbound (RFC 5626 §6)")


def _tagged(response: Response, tag: bytes) -> bytes:
    to = response.to
    return to.encode() if to.tag is not None else to.with_tag(tag).encode()


def _is_elsewhere(contact: SipUri, flow: Flow, asks: bool) -> bool:
    """Whether a telephone that registers directly is not where its Contact says. One that asks to
    be answered where it sent from is to be called there as well (RFC 3581 §3)."""
    host, port = flow.remote
    if contact.host != host:
        return True
    return asks and not flow.reliable and (contact.port or DEFAULT_PORT) != port


def _granted(
    request: Request, registration: Registration, bindings: Iterable[Binding], at: float
) -> Response:
    """The 200: every binding with the seconds that it is good for (RFC 3261 §10.3 step 8)."""
    response = make_response(request, 200)
    for one in bindings:
        left = max(1, round(one.expires - at))
        said = f"<{one.contact}>{one.params}"
        if one.q != 1.0:
            said += f";q={one.q:g}"
        if one.device:
            said += f";+sip.instance={one.device}"
        if one.reg_id:
            said += f";reg-id={one.reg_id}"
        response.headers.add(b"contact", f"{said};expires={left}".encode())
    # "the UAS … MUST … copy the Path header field values" (RFC 3327 §5.3)
    for value in registration.path:
        response.headers.add(b"path", value.encode("utf-8"))
    response.headers.add(b"supported", b"path, outbound")
    if registration.outbound:
        response.headers.add(b"require", b"outbound")  # RFC 5626 §6
        response.headers.add(b"flow-timer", FLOW_TIMER)
    return response
