"""Policy to plan and scenarios: names become values, defaults are filled in.

Called only when nothing is wrong. A region becomes two addresses to send from, or two URIs to send
to; only the addresses that a trunk sends from are in the plan, because the runtime binds them all.
"""

from __future__ import annotations

from typing import Final, TypeVar

from sipfo.compiler import policy
from sipfo.plan import model, scenario

T = TypeVar("T")

SIP_PORT: Final = 5060
"""RFC 3261 §19.1.2: the port of a SIP URI over UDP and TCP that names none."""

LISTEN: Final = "listen"
"""The egress of a trunk without `from`: the first address that is listened on."""


def lower(source: policy.Policy) -> model.Plan:
    """The plan of a policy without errors."""
    regions = {region.name.text: region for region in source.regions}
    senders = {trunk.name.text: egress_names(source, trunk) for trunk in source.trunks}
    used = dict.fromkeys(name for names in senders.values() for name in names)
    return model.Plan(
        listen=tuple(_listen(listen) for listen in source.listens),
        egress=tuple(_egress(source, regions, name) for name in used),
        routes=tuple(
            model.Route(name=route.name.text, destinations=_uris(regions, route.destination))
            for route in source.routes
        ),
        carriers=tuple(
            model.Carrier(
                name=carrier.name.text,
                destination=_uris(regions, carrier.destination)[0],
                prefixes=tuple(prefix.digits for prefix in carrier.prefixes),
            )
            for carrier in source.carriers
        ),
        retries=tuple(_retry(retry) for retry in source.retries),
        trunks=tuple(_trunk(trunk, senders[trunk.name.text]) for trunk in source.trunks),
    )


def egress_names(source: policy.Policy, trunk: policy.Trunk) -> tuple[str, ...]:
    """The addresses that a trunk sends from, in order: `us` is `us.primary`, `us.secondary`."""
    if not trunk.egresses:
        return (LISTEN,)
    regions = {region.name.text for region in source.regions}
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
    return model.Listen(transport=listen.transport, host=where.host, port=where.port or SIP_PORT)


def _egress(source: policy.Policy, regions: dict[str, policy.Region], name: str) -> model.Egress:
    if name == LISTEN:
        where = source.listens[0].endpoint
    else:
        region, _, which = name.rpartition(".")
        both = regions[region]
        where = _present(both.primary if which == "primary" else both.secondary)
    return model.Egress(name=name, host=where.host, port=where.port or SIP_PORT)


def _uris(
    regions: dict[str, policy.Region], destination: policy.Uri | policy.ToRegion | None
) -> tuple[str, ...]:
    if isinstance(destination, policy.ToRegion):
        region = regions[destination.region.text]
        return (_uri(_present(region.primary)), _uri(_present(region.secondary)))
    return (_present(destination).text,)


def _uri(endpoint: policy.Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"sip:{host}" if endpoint.port is None else f"sip:{host}:{endpoint.port}"


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


def _trunk(trunk: policy.Trunk, senders: tuple[str, ...]) -> model.Trunk:
    return model.Trunk(
        name=trunk.name.text,
        numbers=tuple(claim.numbers for claim in trunk.claims),
        accept=_present(trunk.accept),
        egress=senders,
        method=_present(trunk.method),
        routes=tuple(route.text for route in trunk.routes),
        retry=_present(trunk.retry).text,
        deadline=trunk.deadline,
        forward=None if trunk.forward is None else _forward(trunk.forward, senders[0]),
    )


def _forward(forward: policy.Forward, egress: str) -> model.Forward:
    return model.Forward(
        number=_present(forward.number).digits,
        carriers=tuple(carrier.text for carrier in forward.carriers),
        egress=egress,
    )


def _scenario(test: policy.Test) -> scenario.Scenario:
    call = _present(test.call)
    return scenario.Scenario(
        name=test.title,
        trunk=call.trunk.text,
        number=_present(call.number).digits,
        calls_before=call.calls_before,
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
