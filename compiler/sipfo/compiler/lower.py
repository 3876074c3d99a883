"""Policy to plan and scenarios: names become values, defaults are filled in.

Called only when nothing is wrong. A region becomes two addresses to send from, or two URIs to send
to; only the addresses that a trunk sends from are in the plan, because the runtime binds them all.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import Final, TypeVar

from sipfo.compiler import policy
from sipfo.compiler.decks import NO_DECKS, Decks
from sipfo.compiler.hosts import LISTEN, substituted
from sipfo.plan import model, scenario

T = TypeVar("T")

SIPS_PORT: Final = 5061
"""The port of SIP over TLS (RFC 3261 §19.1.2)."""

SIP_PORT: Final = 5060
"""RFC 3261 §19.1.2: the port of a SIP URI over UDP and TCP that names none."""


def lower(source: policy.Policy, decks: Decks = NO_DECKS) -> model.Plan:
    """The plan of a policy without errors, with the rate decks that were read for it."""
    regions = {region.name.text: region for region in source.regions}
    registrars = {registrar.name.text: registrar for registrar in source.registrars}
    carriers = {carrier.name.text: carrier for carrier in source.carriers}
    senders = {trunk.name.text: egress_names(regions, trunk) for trunk in source.trunks}
    used = dict.fromkeys(name for names in senders.values() for name in names)
    used.update(
        (_forward_egress(trunk.forward, regions, senders[trunk.name.text]), None)
        for trunk in source.trunks
        if trunk.forward is not None
    )
    listen = tuple(_listen(listen) for listen in source.listens)
    egress = tuple(_egress(source, regions, name) for name in used)
    return model.Plan(
        listen=listen,
        egress=egress,
        routes=tuple(_route(regions, registrars, route) for route in source.routes),
        registrars=tuple(_registrar(registrar) for registrar in source.registrars),
        carriers=tuple(_carrier(carrier, decks) for carrier in source.carriers),
        decks=decks.decks or None,
        retries=tuple(_retry(retry) for retry in source.retries),
        trunks=tuple(
            _trunk(trunk, senders[trunk.name.text], regions, carriers) for trunk in source.trunks
        ),
        cluster=_cluster(source, source.clusters[0], listen, egress) if source.clusters else None,
    )


def egress_names(regions: Container[str], trunk: policy.Trunk) -> tuple[str, ...]:
    """The addresses that a trunk sends from, in order: `us` is `us.primary`, `us.secondary`."""
    if not trunk.egresses:
        return (LISTEN,)
    names: list[str] = []
    for word in trunk.egresses:
        if word.text in regions:
            names += (f"{word.text}.primary", f"{word.text}.secondary")
        else:
            names.append(word.text)
    return tuple(dict.fromkeys(names))


def scenarios(source: policy.Policy) -> tuple[scenario.Scenario, ...]:
    """The test blocks of a policy without errors."""
    return tuple(_scenario(test) for test in source.tests)


def behaviour(one: policy.Behaviour) -> scenario.Behaviour:
    """What a destination does, from a `when` without errors."""
    replies = tuple(step.does for step in one.steps if isinstance(step.does, scenario.Reply))
    absent = [step.does for step in one.steps if not isinstance(step.does, scenario.Reply)]
    return scenario.Behaviour(
        route=one.destination.text,
        egress=one.egress.text if one.egress else None,
        reach=absent[0] if absent else "replies",
        replies=replies,
    )


def _present(value: T | None) -> T:
    """A value that a check has proved to be there."""
    assert value is not None
    return value


def _listen(listen: policy.Listen) -> model.Listen:
    where = listen.endpoint
    return model.Listen(
        transport=listen.transport,
        host=where.host,
        port=listen_port(listen),
        certificate=listen.certificate,
        key=listen.key,
    )


def listen_port(listen: policy.Listen) -> int:
    """The port that is listened on, also where the policy names none."""
    return listen.endpoint.port or (SIPS_PORT if listen.transport == "tls" else SIP_PORT)


def _egress(source: policy.Policy, regions: dict[str, policy.Region], name: str) -> model.Egress:
    if name == LISTEN:
        plain = [one for one in source.listens if one.transport != "tls"]
        where = (plain or source.listens)[0].endpoint
        if not plain:
            return model.Egress(name=name, host=where.host, port=SIP_PORT)
    else:
        region, _, which = name.rpartition(".")
        both = regions[region]
        where = _present(both.primary if which == "primary" else both.secondary)
    return model.Egress(name=name, host=where.host, port=where.port or SIP_PORT)


def _route(
    regions: dict[str, policy.Region],
    registrars: dict[str, policy.Registrar],
    route: policy.Route,
) -> model.Route:
    destination = _present(route.destination)
    levels: tuple[str, ...] = ()
    registered = None
    match destination:
        case policy.Uri(text=text):
            uris: tuple[str, ...] = (text,)
        case policy.ToRegion(region=word):
            region = regions[word.text]
            uris = (_uri(_present(region.primary)), _uri(_present(region.secondary)))
            levels = ("primary", "secondary") if uris[0] != uris[1] else ()
        case policy.ToRegistered(user=user, registrar=word):
            instances = registrars[word.text].instances
            uris = tuple(_uri(_present(one.endpoint), f"{user}@") for one in instances)
            levels = tuple(one.name.text for one in instances)
            registered = model.Registered(user=user, registrar=word.text)
    return model.Route(
        name=route.name.text,
        destinations=uris,
        levels=levels,
        registered=registered,
        auth=route.auth,
        probe=route.probe.probe if route.probe else None,
        trusted=True if route.trusted else None,
    )


def _uri(endpoint: policy.Endpoint, user: str = "") -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    port = "" if endpoint.port is None else f":{endpoint.port}"
    return f"sip:{user}{host}{port}"


def _registrar(registrar: policy.Registrar) -> model.Registrar:
    return model.Registrar(
        name=registrar.name.text,
        domain=_present(registrar.domain),
        users=tuple(
            model.RegisteredUser(name=user.name, secret=user.secret) for user in registrar.users
        ),
        instances=tuple(
            model.Instance(
                name=one.name.text,
                host=_present(one.endpoint).host,
                port=_present(one.endpoint).port or SIP_PORT,
            )
            for one in registrar.instances
        ),
    )


def _carrier(carrier: policy.Carrier, decks: Decks) -> model.Carrier:
    destination = _present(carrier.destination)
    assert isinstance(destination, policy.Uri)  # a check has seen to it
    return model.Carrier(
        name=carrier.name.text,
        destination=destination.text,
        prefixes=tuple(prefix.digits for prefix in carrier.prefixes),
        excluded=tuple(one.digits for one in carrier.excluded) or None,
        cost=carrier.cost,
        rates=decks.of(carrier),
        shaping=carrier.shaping,
        auth=carrier.auth,
        limit=carrier.limit.limit if carrier.limit else None,
        probe=carrier.probe.probe if carrier.probe else None,
        trusted=True if carrier.trusted else None,
    )


def _retry(retry: policy.Retry) -> model.Retry:
    timers = {timer.phase: timer.seconds for timer in retry.timers}
    return model.Retry(
        name=retry.name.text,
        rules=tuple(
            model.Rule(match=match, verdict=verdict)
            for match, verdict in dict.fromkeys((rule.match, rule.verdict) for rule in retry.rules)
        ),
        otherwise=_present(retry.otherwise),
        commit=tuple(dict.fromkeys(commit.point for commit in retry.commits)),
        no_response=timers.get("no-response", model.T1_64),
        no_progress=timers.get("no-progress", model.TIMER_C),
        no_answer=timers.get("no-answer", model.TIMER_C),
    )


def _trunk(
    trunk: policy.Trunk,
    senders: tuple[str, ...],
    regions: Container[str],
    carriers: dict[str, policy.Carrier],
) -> model.Trunk:
    return model.Trunk(
        name=trunk.name.text,
        numbers=tuple(claim.numbers for claim in trunk.claims),
        accept=_present(trunk.accept),
        egress=senders,
        method=_present(trunk.method),
        routes=tuple(route.text for route in trunk.routes),
        weights=trunk.weights,
        order=trunk.order,
        retry=_present(trunk.retry).text,
        deadline=trunk.deadline.seconds if trunk.deadline else None,
        patience=trunk.patience.seconds if trunk.patience else None,
        limit=trunk.limit.limit if trunk.limit else None,
        trusted=True if trunk.trusted else None,
        forward=(
            None
            if trunk.forward is None
            else _forward(trunk.forward, _forward_egress(trunk.forward, regions, senders), carriers)
        ),
    )


def _forward_egress(
    forward: policy.Forward, regions: Container[str], senders: tuple[str, ...]
) -> str:
    """Where carriers are called from: each is tried once, so that of a region it is the first."""
    if forward.egress is None:
        return senders[0]
    text = forward.egress.text
    return f"{text}.primary" if text in regions else text


def _forward(
    forward: policy.Forward, egress: str, carriers: dict[str, policy.Carrier]
) -> model.Forward:
    names = [carrier.text for carrier in forward.carriers]
    priced = all(carriers[name].rates is None for name in names)  # the others, when a call comes
    if forward.choice == "cheapest" and priced:  # of equal cost, the one that is listed first
        names.sort(key=lambda name: Decimal(_present(carriers[name].cost)))
    return model.Forward(
        number=None if forward.dialled else _present(forward.number).digits,
        carriers=tuple(names),
        egress=egress,
        choice=forward.choice,
        always=True if forward.always else None,
        at_most=forward.at_most,
    )


def _cluster(
    source: policy.Policy,
    cluster: policy.Cluster,
    listen: tuple[model.Listen, ...],
    egress: tuple[model.Egress, ...],
) -> model.Cluster:
    members = []
    for one in cluster.members:
        where, own = _present(one.endpoint), substituted(source, one)
        members.append(
            model.Member(
                name=one.name.text,
                host=where.host,
                port=where.port or SIP_PORT,
                listen=tuple(own.get(at.host, at.host) for at in listen),
                egress=tuple(own.get(at.host, at.host) for at in egress),
            )
        )
    return model.Cluster(name=cluster.name.text, members=tuple(members))


def _scenario(test: policy.Test) -> scenario.Scenario:
    call = _present(test.call)
    return scenario.Scenario(
        name=test.title,
        trunk=call.trunk.text,
        number=_present(call.number).digits,
        calls_before=call.calls_before,
        drawn=tuple(word.text for word in call.drawn),
        holders=tuple(
            scenario.Holder(route=one.destination.text, instance=one.instance.text)
            for one in test.holders
        ),
        behaviours=tuple(behaviour(one) for one in test.behaviours),
        cancel_after=test.cancels[0].after if test.cancels else None,
        attempts=_attempts(test.attempts),
        result=_result(test.results[0]) if test.results else None,
    )


def _attempts(seen: tuple[policy.SeenAttempt, ...]) -> tuple[scenario.SeenAttempt, ...] | None:
    made = tuple(
        scenario.SeenAttempt(
            egress=one.egress.text, route=one.destination.text, outcome=one.outcome
        )
        for one in seen
    )
    return made or None


def _result(seen: policy.SeenResult) -> scenario.SeenResult:
    return scenario.SeenResult(
        kind=seen.kind,
        code=seen.code,
        by=seen.by.text if seen.by else None,
        within=seen.within,
    )
