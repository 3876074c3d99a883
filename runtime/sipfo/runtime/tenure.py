"""One plan in force, and its succession by the next: what of the engine is made from a plan.

A call keeps the tenure that it was placed in: its steps, its policy, its egress addresses, its
accounts. What would surprise: counts of calls, holds and health are not kept twice. They belong to
names and targets, go on under the next plan, and calls of both report to the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sipfo.plan.model import Carrier, Egress, Limit, Plan, Trunk
from sipfo.plan.order import Order
from sipfo.plan.outcome import Judge
from sipfo.runtime.admission import Admission
from sipfo.runtime.challenges import Challenges
from sipfo.runtime.commons import Alone, Commons
from sipfo.runtime.core import Core
from sipfo.runtime.graves import Graves
from sipfo.runtime.guard import Guard
from sipfo.runtime.health import Healths
from sipfo.runtime.holds import Holds
from sipfo.runtime.limits import Limits
from sipfo.runtime.login import Keyring
from sipfo.runtime.loops import Loops
from sipfo.runtime.placement import Grounds
from sipfo.runtime.privacy import Trusted
from sipfo.runtime.probes import Probes, probed
from sipfo.runtime.quotas import Quotas
from sipfo.runtime.reach import Nearby
from sipfo.runtime.registrar.passing import egress_name
from sipfo.runtime.registrar.registrars import Registrars
from sipfo.runtime.secret import Secret
from sipfo.runtime.standing import Standing


@dataclass(frozen=True, slots=True)
class Papers:
    """A plan as an engine is given it: its addresses mapped already, the values of the secrets that
    it names, and the fingerprint of the plan as it was written."""

    plan: Plan
    secrets: Mapping[str, Secret]
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Tenure:
    """What new calls go by."""

    papers: Papers
    order: Order
    admission: Admission
    guard: Guard | None
    judges: dict[str, Judge]
    grounds: Grounds
    probes: Probes

    @property
    def plan(self) -> Plan:
        return self.papers.plan


def begin(
    papers: Papers,
    core: Core,
    entropy: Callable[[], str],
    limits: Limits,
    epoch: float = 0.0,
    commons: Commons | None = None,
) -> Tenure:
    """The first plan of an engine, which may not be alone; its probes are still to be started.
    `epoch` is the Unix time when `now` is 0."""
    commons = commons or Alone()
    plan = papers.plan
    core.tls_ports = tls_ports(plan, {})
    core.listening = listening(plan)
    egress, paths = _egress(plan), probed(plan)
    holds = Holds(core.draw, commons.held)
    healths = Healths({path: one.probe for path, one in paths.items()}, core.records, commons)
    placed, carried = partial(commons.usage, "trunk"), partial(commons.usage, "carrier")
    grounds = Grounds(
        core,
        egress,
        Quotas(_limits(plan.trunks), placed),
        Standing(holds, healths, Quotas(_limits(plan.carriers), carried)),
        Challenges(),
        Graves(),
        Keyring(core, plan, papers.secrets),
        Trusted.of(plan),
        Loops(),
        Registrars(core, plan, papers.secrets, entropy, limits, epoch),
        Nearby(core),
    )
    probes = Probes(core, egress, paths, healths, holds, commons.leads)
    return _tenure(papers, core, entropy, limits, grounds, probes)


def succeed(
    old: Tenure, papers: Papers, entropy: Callable[[], str], limits: Limits, now: float
) -> Tenure:
    """The next plan: all of it is in force when this returns, and nothing of it before.

    A challenge that a caller has not yet answered is forgotten: it was about steps of the old plan.
    """
    plan, core = papers.plan, old.grounds.core
    keyring = Keyring(core, plan, papers.secrets)
    keyring.succeed(old.grounds.keyring)
    registrars = old.grounds.registrars.next(plan, papers.secrets, entropy, limits)
    egress, paths = _egress(plan), probed(plan)
    grounds = replace(
        old.grounds,
        egress=egress,
        challenges=Challenges(),
        keyring=keyring,
        trusted=Trusted.of(plan),
        registrars=registrars,
        nearby=Nearby(core),
    )
    made = _tenure(papers, core, entropy, limits, grounds, old.probes, old.guard)
    core.tls_ports = tls_ports(plan, core.tls_ports)
    core.listening = listening(plan)
    grounds.trunks.declare(_limits(plan.trunks))
    probes = {path: one.probe for path, one in paths.items()}
    grounds.standing.declare(probes, _limits(plan.carriers))
    old.probes.declare(egress, paths, now)
    return made


def _egress(plan: Plan) -> dict[str, Egress]:
    """Where calls leave from, by name: the policy's addresses, and those of the instances."""
    found = {one.name: one for one in plan.egress}
    for registrar in plan.registrars:
        for one in registrar.instances:
            name = egress_name(registrar.name, one.name)
            found.setdefault(name, Egress(name=name, host=one.host, port=one.port))
    return found


def _tenure(
    papers: Papers,
    core: Core,
    entropy: Callable[[], str],
    limits: Limits,
    grounds: Grounds,
    probes: Probes,
    before: Guard | None = None,
) -> Tenure:
    plan = papers.plan
    admission = Admission(plan, core.mapping)
    guard = None
    # One that was there stays: calls under way go on sending credentials that are not to cross.
    if before is not None or any(trunk.accept.credentials for trunk in plan.trunks):
        door = plan.listen[0]
        realm = core.mapping.declared_at(door.host, door.port)
        guard = Guard(plan, admission, papers.secrets, realm, entropy, limits)
        if before is not None:
            guard.succeed(before)
    judges = {retry.name: Judge(retry) for retry in plan.retries}
    return Tenure(papers, Order(plan), admission, guard, judges, grounds, probes)


def tls_ports(plan: Plan, before: Mapping[str, int]) -> dict[str, int]:
    """The ports of our addresses that listen on TLS; one that only an earlier plan had is kept: it
    is in the Contact of calls that are up."""
    return {**before, **{one.host: one.port for one in plan.listen if one.transport == "tls"}}


def listening(plan: Plan) -> frozenset[tuple[str, str, int]]:
    """The transport, host and port of each address that takes calls."""
    return frozenset((one.transport, one.host, one.port) for one in plan.listen)


def _limits(parties: Iterable[Trunk | Carrier]) -> list[tuple[str, Limit | None]]:
    return [(one.name, one.limit) for one in parties]
