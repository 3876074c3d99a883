"""Two plans to what else changes: what is seen on the wire, but in no single call.

Listening addresses, registrars, limits, probes and which secrets are used; and, as notes, what
changes nothing that is done. Things are compared by what they are, not by their names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from sipfo.plan.model import Credential, Limit, Listen, Plan, Probe, Registrar, Trunk
from sipfo.runtime.sip.uri import parse_uri
from sipfo.verify.diff.wire import place
from sipfo.verify.words import duration

K = TypeVar("K", bound=Hashable)


def service_changes(old: Plan, new: Plan, pairs: Iterable[tuple[Trunk, Trunk]]) -> tuple[str, ...]:
    """One sentence for each thing of the service that changes; `pairs` are trunks that share
    numbers."""
    return tuple(
        dict.fromkeys(
            (
                *_listening(old.listen, new.listen),
                *_registrars(old, new),
                *_cluster(old, new),
                *_destinations(old, new),
                *(line for one in pairs for line in _trunk(*one)),
            )
        )
    )


def notes(pairs: Iterable[tuple[Trunk, Trunk]]) -> tuple[str, ...]:
    """What changes and is no behaviour: how long a trunk's callers are said to wait."""
    return tuple(
        f"trunk {was.name}: the caller's patience is {_seconds(was.patience)} before, "
        f"{_seconds(now.patience)} after; nothing is done about it"
        for was, now in pairs
        if was.patience != now.patience
    )


def _only(these: Mapping[K, object], others: Mapping[K, object]) -> list[K]:
    return [key for key in these if key not in others]


def _both(these: Mapping[K, object], others: Mapping[K, object]) -> list[K]:
    return [key for key in these if key in others]


def _seconds(seconds: float | None) -> str:
    return "not given" if seconds is None else duration(seconds)


def _listening(old: Sequence[Listen], new: Sequence[Listen]) -> Iterator[str]:
    before = {(one.transport, one.host, one.port): one for one in old}
    after = {(one.transport, one.host, one.port): one for one in new}
    for key in _only(before, after):
        yield f"no longer listens on {_where(key)}"
    for key in _only(after, before):
        yield f"now listens on {_where(key)}"
    for key in _both(before, after):
        if before[key].certificate != after[key].certificate or before[key].key != after[key].key:
            yield f"another certificate or key on {_where(key)}"


def _where(key: tuple[str, str, int]) -> str:
    transport, host, port = key
    return f"{transport} {f'[{host}]' if ':' in host else host}:{port}"


def _registrars(old: Plan, new: Plan) -> Iterator[str]:
    before = {one.domain: one for one in old.registrars}
    after = {one.domain: one for one in new.registrars}
    for domain in _only(before, after):
        yield f"registrar of {domain} is gone"
    for domain in _only(after, before):
        yield f"registrar of {domain} is new"
    for domain in _both(before, after):
        yield from _registrar(domain, before[domain], after[domain])


def _registrar(domain: str, old: Registrar, new: Registrar) -> Iterator[str]:
    before = {user.name: user.secret for user in old.users}
    after = {user.name: user.secret for user in new.users}
    for user in _only(before, after):
        yield f"{user} may no longer register at {domain}"
    for user in _only(after, before):
        yield f"{user} may now register at {domain}"
    for user in _both(before, after):
        if before[user] != after[user]:
            yield f"{user} registers at {domain} with secret {after[user]}, {before[user]} before"
    instances = [[(one.host, one.port) for one in side.instances] for side in (old, new)]
    if instances[0] != instances[1]:
        yield f"other instances, or in another order, of the registrar of {domain}"


def _cluster(old: Plan, new: Plan) -> Iterator[str]:
    before, after = old.cluster, new.cluster
    if before is None and after is not None:
        yield f"cluster {after.name} is new"
    elif after is None and before is not None:
        yield f"cluster {before.name} is gone"
    elif before is not None and after is not None and before.members != after.members:
        yield f"other members, or other addresses of them, of cluster {after.name}"


def _destinations(old: Plan, new: Plan) -> Iterator[str]:
    """What is true of a destination whoever calls it: its secret, its limit, its probe."""
    before, after = _by_place(old), _by_place(new)
    for key in _both(before, after):
        name, auth, limit, probe, trusted = before[key]
        _, auth_new, limit_new, probe_new, trusted_new = after[key]
        if auth and auth_new and auth.user == auth_new.user and auth.secret != auth_new.secret:
            yield f"{name}: secret {auth_new.secret}, {auth.secret} before"
        if _limited(limit) != _limited(limit_new):
            yield f"{name}: {_limit_words(limit_new)}, {_limit_words(limit)} before"
        if probe != probe_new:
            yield f"{name}: {_probe_words(probe_new)}, {_probe_words(probe)} before"
        if trusted != trusted_new:
            yield f"{name}: {_trust_words(trusted_new)}, {_trust_words(trusted)} before"


_Kept = tuple[str, Credential | None, Limit | None, Probe | None, bool]


def _by_place(plan: Plan) -> Mapping[Hashable, _Kept]:
    """Destinations that some trunk uses, under what they are on the wire."""
    routes = {name for trunk in plan.trunks for name in trunk.routes}
    carriers = {name for one in plan.trunks if one.forward for name in one.forward.carriers}
    found: dict[Hashable, _Kept] = {}
    for route in plan.routes:
        if route.name in routes:
            key = tuple(place(parse_uri(uri), None) for uri in route.destinations)
            trusted = route.trusted is not None
            found["route", key] = (route.name, route.auth, None, route.probe, trusted)
    for carrier in plan.carriers:
        if carrier.name in carriers:
            key = (place(parse_uri(carrier.destination), None),)
            kept = (carrier.name, carrier.auth, carrier.limit, carrier.probe)
            found["carrier", key] = (*kept, carrier.trusted is not None)
    return found


def _trunk(old: Trunk, new: Trunk) -> Iterator[str]:
    if _limited(old.limit) != _limited(new.limit):
        yield (f"trunk {new.name}: {_limit_words(new.limit)}, {_limit_words(old.limit)} before")
    if old.trusted != new.trusted:
        was, now = _trust_words(old.trusted is not None), _trust_words(new.trusted is not None)
        yield f"trunk {new.name}: {now}, {was} before"
    before = {one.user: one.secret for one in old.accept.credentials}
    for one in new.accept.credentials:
        if one.user in before and before[one.user] != one.secret:
            yield (
                f"trunk {new.name}: {one.user} is known by secret {one.secret}, "
                f"{before[one.user]} before"
            )


def _limited(limit: Limit | None) -> tuple[int | None, int | None]:
    return (None, None) if limit is None else (limit.calls, limit.per_second)


def _limit_words(limit: Limit | None) -> str:
    calls, per_second = _limited(limit)
    words = [f"at most {calls} calls"] if calls is not None else []
    words += [f"at most {per_second} new calls a second"] if per_second is not None else []
    return " and ".join(words) or "no limit"


def _trust_words(trusted: bool) -> str:
    return "trusted with identities" if trusted else "not trusted"


def _probe_words(probe: Probe | None) -> str:
    if probe is None:
        return "no probe"
    return f"probe every {duration(probe.every)}, down after {probe.down_after}, up after {probe.up_after}"
