"""A plan as FreeSWITCH can have it: of one trunk, without what the target refuses, and ten times as slow.

What is left is what the script has to decide. Times are ten times as long because FreeSWITCH counts
whole seconds; a transport error fares as a 503 and silence as a 408, which it cannot tell apart.
"""

from __future__ import annotations

from typing import Final

from sipfo.plan.construct import Construct, usages
from sipfo.plan.model import (
    Accept,
    CommitOnCode,
    Network,
    OnLocal,
    Plan,
    Retry,
    Rule,
    Trunk,
    Verdict,
)
from sipfo.plan.outcome import Judge, responded
from sipfo.plan.scenario import Behaviour, Reply, Scenario

SLOWER: Final = 10
ANYWHERE: Final[Network] = "192.0.2.0/24"

NEVER: Final = {Construct.LISTEN_TLS, Construct.TO_TLS, Construct.TO_REGISTERED}
"""What a route is that the target has nothing like."""


def sayable(plan: Plan, trunk: Trunk) -> Plan | None:
    """The plan of one trunk; None, if its routes are of a kind that the target refuses."""
    retry = next(one for one in plan.retries if one.name == trunk.retry)
    forward = trunk.forward
    accept = (
        trunk.accept
        if trunk.accept.anyone
        else Accept(networks=trunk.accept.networks or (ANYWHERE,))
    )
    deadline = None if trunk.deadline is None else trunk.deadline * SLOWER
    said = trunk.model_copy(
        update={
            "accept": accept.model_copy(update={"credentials": ()}),
            "limit": None,
            "trusted": None,
            "deadline": deadline,
            "forward": None if forward is not None and forward.number is None else forward,
        }
    )
    kept = {
        "routes": tuple(
            one.model_copy(update={"probe": None, "trusted": None})
            for one in plan.routes
            if one.name in trunk.routes
        ),
        "carriers": tuple(
            one.model_copy(update={"probe": None, "limit": None, "trusted": None})
            for one in plan.carriers
        ),
        "listen": tuple(one for one in plan.listen if one.transport != "tls") or plan.listen,
        "retries": (_retry(retry),),
        "trunks": (said,),
        "registrars": (),
        "cluster": None,
    }
    found = plan.model_copy(update=kept)
    return None if any(one.construct in NEVER for one in usages(found)) else found


def slower(scenario: Scenario) -> Scenario:
    """The same call, ten times as slow."""
    cancel = None if scenario.cancel_after is None else scenario.cancel_after * SLOWER
    behaviours = tuple(map(_behaviour, scenario.behaviours))
    return scenario.model_copy(update={"behaviours": behaviours, "cancel_after": cancel})


def _behaviour(one: Behaviour) -> Behaviour:
    return one.model_copy(update={"replies": tuple(map(_reply, one.replies))})


def _reply(one: Reply) -> Reply:
    return one.model_copy(update={"after": one.after * SLOWER})


def _retry(retry: Retry) -> Retry:
    judge = Judge(retry)
    alike = {
        "transport-error": judge.verdict(responded(503)),
        "no-response": judge.verdict(responded(408)),
    }
    kept = tuple(one for one in retry.rules if not _is_local(one, alike))
    made = tuple(
        Rule(
            match=OnLocal(
                outcome="transport-error" if name == "transport-error" else "no-response"
            ),
            verdict=verdict,
        )
        for name, verdict in alike.items()
    )
    return retry.model_copy(
        update={
            "rules": (*kept, *made),
            "commit": tuple(one for one in retry.commit if _is_told(one)),
            "no_response": retry.no_response * SLOWER,
            "no_progress": retry.no_progress * SLOWER,
            "no_answer": retry.no_answer * SLOWER,
        }
    )


def _is_local(rule: Rule, names: dict[str, Verdict]) -> bool:
    return isinstance(rule.match, OnLocal) and rule.match.outcome in names


def _is_told(point: object) -> bool:
    return not isinstance(point, CommitOnCode) or point.code in (180, 183)
