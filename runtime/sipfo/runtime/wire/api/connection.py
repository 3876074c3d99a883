"""A trunk as Telnyx' connection, and what a PATCH of one changes of the policy.

Every trunk is an IP connection; it is an FQDN connection too if a route of it has a name, and a
credential connection if it knows its callers by password or a route leads to a registered user. A
number that was given a trunk of its own here is no connection: its settings are the number's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final, Literal

from sipfo.plan.change import Change, Changes, Said, Situation, TrunkChange, number_trunk, said
from sipfo.plan.change import Forwarding as Wanted
from sipfo.plan.construct import is_name
from sipfo.plan.model import Plan, Trunk
from sipfo.runtime.wire.api.problem import Problem, Rejected, not_found, refused
from sipfo.runtime.wire.api.shape import (
    CallForwarding,
    CallForwardingPatch,
    Connection,
    ConnectionPatch,
    Forwarding,
    Inbound,
    TrunkFacts,
)

Kind = Literal["ip_connection", "fqdn_connection", "credential_connection"]
KINDS: Final[tuple[Kind, ...]] = ("ip_connection", "fqdn_connection", "credential_connection")

_SPELT: Final[dict[Wanted, Forwarding]] = {
    "on-failure": "on_failure",
    "always": "always",
    "off": "off",
}
_FIELDS: Final = {
    "method": "default_routing_method",
    "forwarding": "call_forwarding.forwarding_type",
    "forwards_to": "call_forwarding.forwards_to",
}


def connections(plan: Plan, changes: Changes, kind: Kind) -> Iterator[Trunk]:
    """The trunks that are connections of a kind."""
    routes = {one.name: one for one in plan.routes}
    cut = cut_out(plan, changes)
    for trunk in plan.trunks:
        led = [routes[name] for name in trunk.routes]
        if trunk.name in cut:
            continue
        if kind == "fqdn_connection":
            is_one = any(is_name(uri) for one in led for uri in one.destinations)
        elif kind == "credential_connection":
            is_one = bool(trunk.accept.credentials) or any(one.registered for one in led)
        else:
            is_one = True
        if is_one:
            yield trunk


def cut_out(plan: Plan, changes: Changes) -> dict[str, str]:
    """The trunks that numbers were given here, and the trunk that each was cut out of."""
    made = {
        number_trunk(trunk.name, one.number): trunk.name
        for one in changes.numbers
        for trunk in plan.trunks
    }
    return {trunk.name: made[trunk.name] for trunk in plan.trunks if trunk.name in made}


def find(plan: Plan, changes: Changes, kind: Kind, name: str) -> Trunk:
    """The trunk that is the connection of a kind and name. Raises Rejected."""
    for one in connections(plan, changes, kind):
        if one.name == name:
            return one
    what = kind.replace("_", " ").replace("fqdn", "FQDN").replace("ip", "IP")
    raise not_found(f"no {what} is called {name[:64]}: an id is the name of a trunk")


def shape(plan: Plan, situation: Situation, trunk: Trunk, kind: Kind, active: bool) -> Connection:
    """A trunk as it is shown."""
    retry = next(one for one in plan.retries if one.name == trunk.retry)
    method = trunk.method if trunk.method != "weighted" else None
    change = situation.changes.of_trunk(trunk.name)
    return Connection(
        id=trunk.name,
        record_type=kind,
        active=active,
        connection_name=trunk.name,
        default_routing_method=method,
        call_forwarding=forwarding(said(trunk), change),
        inbound=Inbound(
            default_routing_method=method,
            timeout_1xx_secs=math.ceil(retry.no_progress),
            timeout_2xx_secs=math.ceil(retry.no_answer),
            channel_limit=trunk.limit.calls if trunk.limit is not None else None,
        ),
        tags=[],
        sipfo=TrunkFacts(
            method=trunk.method,
            routes=list(trunk.routes),
            carriers=list(trunk.forward.carriers) if trunk.forward is not None else [],
            egress=list(trunk.egress),
            retry=trunk.retry,
            changed=changed(change),
        ),
    )


def forwarding(now: Said, change: Change | None, hyphen: bool = False) -> CallForwarding:
    """A forward as it is shown; `hyphen` is the spelling of a number's."""
    number = now.forwards_to or (change.forwards_to if change is not None else None)
    return CallForwarding(
        call_forwarding_enabled=now.forwarding != "off",
        forwards_to=number or (change.over.forwards_to if change is not None else None),
        forwarding_type=now.forwarding if hyphen else _SPELT[now.forwarding],
    )


def changed(change: Change | None) -> list[str]:
    """The fields that a change is about."""
    return [name for one, name in _FIELDS.items() if getattr(change, one, None) is not None]


def edited(situation: Situation, trunk: Trunk, patch: ConnectionPatch) -> Changes:
    """What is changed when a PATCH has been done. Raises Rejected."""
    before = situation.changes.of_trunk(trunk.name)
    base = situation.said.get(trunk.name, said(trunk)) if before is not None else said(trunk)
    change = before or TrunkChange(trunk=trunk.name, over=base)
    update: dict[str, object] = {"over": base}
    given, method = _method(patch)
    if given:
        update["method"] = method
    if "call_forwarding" in patch.model_fields_set:
        update |= wanted(patch.call_forwarding, change, base)
    return situation.changes.with_trunk(change.model_copy(update=update).without(base))


def _method(patch: ConnectionPatch) -> tuple[bool, str | None]:
    """Whether a routing method is said, at either place, and which. Raises Rejected."""
    places = [
        one
        for one in (patch, patch.inbound)
        if one is not None and "default_routing_method" in one.model_fields_set
    ]
    values = {(one.default_routing_method or "").replace("_", "-") for one in places}
    if len(values) > 1:
        detail = "`default_routing_method` says one thing, and `inbound` another: send one of them"
        pointers = ("/default_routing_method", "/inbound/default_routing_method")
        raise Rejected(422, [Problem("Contradiction", detail, one) for one in pointers])
    return bool(places), values.pop() or None if values else None


def wanted(patch: CallForwardingPatch | None, change: Change, base: Said) -> dict[str, object]:
    """What a change says of the forward after a PATCH; `base` is what the policy says. Raises
    Rejected."""
    if patch is None:
        return {"forwarding": None, "forwards_to": None}
    given = patch.model_fields_set
    kind, number = change.forwarding, change.forwards_to
    if "forwarding_type" in given:
        kind = _kind(patch.forwarding_type)
    if "forwards_to" in given:
        number = patch.forwards_to or None
    if patch.call_forwarding_enabled is False:
        kind = "off"
    if patch.call_forwarding_enabled and (kind or base.forwarding) == "off":
        if patch.forwarding_type == "off":
            raise refused(
                "`call_forwarding_enabled` is true and `forwarding_type` is `off`: send one of them",
                "/call_forwarding/forwarding_type",
                "Contradiction",
            )
        kind = "on-failure" if base.forwarding == "off" else None
    if (kind or base.forwarding) != "off" and (number or base.forwards_to) is None:
        raise refused(
            "the policy forwards these calls to no number: say which, as in `+13125550000`",
            "/call_forwarding/forwards_to",
            "Missing value",
        )
    return {"forwarding": kind, "forwards_to": number}


def _kind(text: Forwarding | None) -> Wanted | None:
    match text:
        case "on_failure" | "on-failure":
            return "on-failure"
        case _:
            return text
