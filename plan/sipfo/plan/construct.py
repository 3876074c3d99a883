"""What a plan uses, construct by construct, so that a target can say what it cannot do.

A target has one table, Construct to Support; the commands refuse or warn by it, and the
documentation prints it. Nothing here knows any target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from typing import Final, Literal, NamedTuple

from sipfo.plan.model import (
    T1_64,
    CommitOn,
    CommitOnCode,
    OnCause,
    OnLocal,
    OnTag,
    Plan,
    Retry,
)
from sipfo.plan.order import Order

MOST_BRANCHES: Final = 30
"""Attempts of one call beyond which some target gives up (`max_branches` of Kamailio 5.6)."""

FEWER_BRANCHES: Final = 12
"""Attempts of one call beyond which another one does (`MAX_BRANCHES` of OpenSIPS 3.4)."""

_HOST: Final = re.compile(r"sip:(?:[^@]*@)?(\[[^\]]*\]|[^:;?\[]*)")
_TLS: Final = re.compile(r"(?i);transport=tls(?![^;?])")


class Construct(Enum):
    """Something that a policy can say, in the policy's own words."""

    LISTEN_TLS = "listen tls"
    TO_TLS = "transport=tls"
    TO_REGISTERED = "to registered"
    ROUTE_AUTH = "auth of a route"
    ROUTE_PROBE = "probe of a route"
    CARRIER_AUTH = "auth of a carrier"
    CARRIER_LIMIT = "limit of a carrier"
    CARRIER_PROBE = "probe of a carrier"
    CARRIER_RATES = "rates of a carrier"
    FORWARD_DIALLED = "forward to dialled"
    ACCEPT_CREDENTIAL = "accept credential"
    TRUNK_LIMIT = "limit of a trunk"
    TRUSTED = "trusted"
    TO_NAME = "to a name"
    ON_TRANSPORT_ERROR = "transport-error"
    ON_CAUSE = "cause"
    ON_TAG = "tagged"
    COMMIT_ON_MEDIA = "commit on early-media"
    COMMIT_ON_PROGRESS = "commit on progress"
    COMMIT_ON_OTHER = "commit on a code that is not 180 or 183"
    GIVEN_UP = "no-response"
    CLUSTER = "cluster"
    ALWAYS_FORWARD = "always forward"
    SEVERAL_ATTEMPTS = "more than 12 attempts"
    MANY_ATTEMPTS = "more than 30 attempts"


@dataclass(frozen=True, slots=True)
class Support:
    """How a target does a construct; `how` says in what way it differs, or what to write instead."""

    level: Literal["same", "approximated", "refused"]
    how: str = ""


class Usage(NamedTuple):
    """A construct, and the name of what uses it ("" for the whole plan)."""

    construct: Construct
    name: str


def usages(plan: Plan) -> Iterator[Usage]:
    """Every construct that some target may not have, in the order of the plan."""
    for listen in plan.listen:
        if listen.transport == "tls":
            yield Usage(Construct.LISTEN_TLS, "")
    for route in plan.routes:
        if any(_is_tls(uri) for uri in route.destinations):
            yield Usage(Construct.TO_TLS, route.name)
        if any(is_name(uri) for uri in route.destinations):
            yield Usage(Construct.TO_NAME, route.name)
        if route.registered is not None:
            yield Usage(Construct.TO_REGISTERED, route.name)
        if route.auth is not None:
            yield Usage(Construct.ROUTE_AUTH, route.name)
        if route.probe is not None:
            yield Usage(Construct.ROUTE_PROBE, route.name)
        if route.trusted:
            yield Usage(Construct.TRUSTED, route.name)
    for carrier in plan.carriers:
        if _is_tls(carrier.destination):
            yield Usage(Construct.TO_TLS, carrier.name)
        if is_name(carrier.destination):
            yield Usage(Construct.TO_NAME, carrier.name)
        if carrier.auth is not None:
            yield Usage(Construct.CARRIER_AUTH, carrier.name)
        if carrier.limit is not None:
            yield Usage(Construct.CARRIER_LIMIT, carrier.name)
        if carrier.probe is not None:
            yield Usage(Construct.CARRIER_PROBE, carrier.name)
        if carrier.rates is not None:
            yield Usage(Construct.CARRIER_RATES, carrier.name)
        if carrier.trusted:
            yield Usage(Construct.TRUSTED, carrier.name)
    used = {trunk.retry for trunk in plan.trunks}
    for retry in plan.retries:
        if retry.name in used:
            for construct in dict.fromkeys(_of_retry(retry)):
                yield Usage(construct, retry.name)
            if retry.no_response < T1_64:
                yield Usage(Construct.GIVEN_UP, retry.name)
    order = Order(plan)
    for trunk in plan.trunks:
        attempts = order.attempts(trunk)
        if attempts > MOST_BRANCHES:
            yield Usage(Construct.MANY_ATTEMPTS, trunk.name)
        elif attempts > FEWER_BRANCHES:
            yield Usage(Construct.SEVERAL_ATTEMPTS, trunk.name)
        if trunk.accept.credentials:
            yield Usage(Construct.ACCEPT_CREDENTIAL, trunk.name)
        if trunk.limit is not None:
            yield Usage(Construct.TRUNK_LIMIT, trunk.name)
        if trunk.trusted:
            yield Usage(Construct.TRUSTED, trunk.name)
        if trunk.forward is not None and trunk.forward.always:
            yield Usage(Construct.ALWAYS_FORWARD, trunk.name)
        if trunk.forward is not None and trunk.forward.number is None:
            yield Usage(Construct.FORWARD_DIALLED, trunk.name)
    if plan.cluster is not None:
        yield Usage(Construct.CLUSTER, plan.cluster.name)


def _of_retry(retry: Retry) -> Iterator[Construct]:
    for rule in retry.rules:
        match rule.match:
            case OnLocal(outcome="transport-error"):
                yield Construct.ON_TRANSPORT_ERROR
            case OnCause():
                yield Construct.ON_CAUSE
            case OnTag():
                yield Construct.ON_TAG
            case _:
                continue
    for point in retry.commit:
        match point:
            case CommitOn(point="early-media"):
                yield Construct.COMMIT_ON_MEDIA
            case CommitOn(point="progress"):
                yield Construct.COMMIT_ON_PROGRESS
            case CommitOnCode(code=code) if code not in (180, 183):
                yield Construct.COMMIT_ON_OTHER
            case _:
                continue


def is_name(uri: str) -> bool:
    """Whether a URI's host is a name, and so may be several targets."""
    host = _HOST.match(uri)
    if host is None:
        return False
    try:
        ip_address(host[1].strip("[]"))
    except ValueError:
        return True
    return False


def _is_tls(uri: str) -> bool:
    return _TLS.search(uri.rpartition("@")[2]) is not None
