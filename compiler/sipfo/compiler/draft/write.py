"""A draft to the text of a policy, in canonical layout: compiled, it is the draft's plan again.

What would surprise: nothing is left out. What the language cannot say (a name with a dot that no
library has, a time of less than microseconds) raises Unwritable, so that a text is always all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sipfo.compiler.draft.draft import Draft, Kind
from sipfo.compiler.draft.words import (
    Unwritable,
    comment,
    credential,
    duration,
    endpoint,
    limit,
    moments,
    name,
    numbers,
    probe,
    quoted,
    rules,
    word,
)
from sipfo.compiler.hosts import LISTEN
from sipfo.compiler.lower import SIP_PORT, SIPS_PORT
from sipfo.compiler.values.number import DIALLED
from sipfo.grammar.format.formatter import format_source
from sipfo.grammar.source import Source
from sipfo.plan import model

_LEVELS: Final = ("primary", "secondary")


def policy_text(draft: Draft) -> str:
    """The policy. Raises Unwritable."""
    text = "\n".join(_Writing(draft).lines()) + "\n"
    laid_out = format_source(Source(text, "draft"))
    if laid_out is None:
        raise Unwritable("what was written is no policy")
    return laid_out


class _Writing:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._plan = draft.plan
        self._egress = {one.name: one for one in self._plan.egress}

    def lines(self) -> Iterator[str]:
        yield from map(comment, self._draft.heading)
        if self._draft.heading:
            yield ""
        yield from ("sipfo 1", "")
        for library in self._draft.imports:
            yield f"import {name(library)}"
        yield ""
        yield from self._comments("listen", "")
        for one in self._plan.listen:
            yield self._listen(one)
        yield ""
        for region, addresses in self._regions():
            yield from self._block("region", region, addresses)
        for retry in self._plan.retries:
            if retry.name not in self._draft.borrowed:
                yield from self._block("retry", retry.name, self._retry(retry))
        for registrar in self._plan.registrars:
            yield from self._block("registrar", registrar.name, self._registrar(registrar))
        for route in self._plan.routes:
            yield from self._block("route", route.name, self._route(route))
        for carrier in self._plan.carriers:
            yield from self._block("carrier", carrier.name, self._carrier(carrier))
        for trunk in self._plan.trunks:
            yield from self._block("trunk", trunk.name, self._trunk(trunk))
        if self._plan.cluster is not None:
            members = map(self._member, self._plan.cluster.members)
            yield from self._block("cluster", self._plan.cluster.name, members)

    def _block(self, kind: Kind, called: str, items: Iterable[str]) -> Iterator[str]:
        yield from self._comments(kind, called)
        inside = [comment(line) for line in self._draft.inside.get((kind, called), ())]
        listed = [*items, *inside]
        if len(listed) == 1 and not inside:
            yield f"{kind} {name(called)} {{ {listed[0]} }}"
        else:
            yield f"{kind} {name(called)} {{"
            yield from listed
            yield "}"
        yield ""

    def _comments(self, kind: Kind, called: str) -> Iterator[str]:
        yield from map(comment, self._draft.comments.get((kind, called), ()))

    @staticmethod
    def _listen(one: model.Listen) -> str:
        default = SIPS_PORT if one.transport == "tls" else SIP_PORT
        written = f"listen {one.transport} {endpoint(one.host, one.port, default)}"
        if one.certificate is not None:
            written += f" certificate {quoted(one.certificate)}"
        if one.key is not None:
            written += f" key {quoted(one.key)}"
        return written

    def _regions(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """The regions that trunks send from, and those that routes lead to."""
        found: dict[str, dict[str, str]] = {}
        for one in self._plan.egress:
            if one.name == LISTEN:
                continue
            region, _, which = one.name.rpartition(".")
            if which not in _LEVELS:
                raise Unwritable(f"no address of a region: {one.name!r}")
            found.setdefault(region, {})[which] = endpoint(one.host, one.port)
        for route in self._plan.routes:
            if route.levels == _LEVELS and route.registered is None:
                endpoints = map(_endpoint_of, route.destinations)
                found[self._region_of(route)] = dict(zip(_LEVELS, endpoints, strict=True))
        for region, addresses in found.items():
            if region in self._draft.borrowed:
                continue
            # A region has two addresses; a plan has those that are sent from.
            primary = addresses.get("primary", addresses.get("secondary", ""))
            secondary = addresses.get("secondary", primary)
            yield region, (f"primary {word(primary)}", f"secondary {word(secondary)}")

    def _region_of(self, route: model.Route) -> str:
        """The region that a route leads to: one that is sent from, or one by the route's name."""
        wanted = tuple(map(_endpoint_of, route.destinations))
        regions = dict.fromkeys(one.rpartition(".")[0] for one in self._egress if one != LISTEN)
        for region in regions:
            both = [self._egress.get(f"{region}.{which}") for which in _LEVELS]
            if wanted == tuple(endpoint(one.host, one.port) for one in both if one is not None):
                return region
        return route.name if route.name not in regions else f"{route.name}-addresses"

    @staticmethod
    def _retry(retry: model.Retry) -> Iterator[str]:
        yield from rules(retry)
        if retry.commit:
            yield f"commit on {moments(retry)}"
        yield f"otherwise {retry.otherwise}"
        if retry.no_response != model.T1_64:
            yield f"no-response {duration(retry.no_response)}"
        if retry.no_progress != model.TIMER_C:
            yield f"no-progress {duration(retry.no_progress)}"
        if retry.no_answer != model.TIMER_C:
            yield f"no-answer {duration(retry.no_answer)}"

    @staticmethod
    def _registrar(registrar: model.Registrar) -> Iterator[str]:
        yield f"domain {word(registrar.domain)}"
        for user in registrar.users:
            yield f"user {word(user.name)} password secret {word(user.secret)}"
        for one in registrar.instances:
            yield f"instance {name(one.name)} {endpoint(one.host, one.port)}"

    def _member(self, member: model.Member) -> str:
        # A substitute is for an address: where the plan listens on what it sends from, one is for both.
        owns = dict(zip((one.host for one in self._plan.listen), member.listen, strict=True))
        owns |= zip((one.host for one in self._plan.egress), member.egress, strict=True)
        own = ", ".join(f"{new} for {old}" for old, new in owns.items() if new != old)
        where = endpoint(member.host, member.port)
        return f"member {name(member.name)} {where}" + (f" has {own}" if own else "")

    def _route(self, route: model.Route) -> Iterator[str]:
        if route.registered is not None:
            yield f"to registered {word(route.registered.user)} at {name(route.registered.registrar)}"
        elif route.levels == _LEVELS:
            yield f"to region {name(self._region_of(route))}"
        elif len(route.destinations) == 1:
            yield f"to {word(route.destinations[0])}"
        else:
            raise Unwritable(f"route {route.name} has several destinations and no levels")
        if route.auth is not None:
            yield f"auth {credential(route.auth)}"
        if route.probe is not None:
            yield f"probe {probe(route.probe)}"
        if route.trusted:
            yield "trusted"

    @staticmethod
    def _carrier(carrier: model.Carrier) -> Iterator[str]:
        yield f"to {word(carrier.destination)}"
        if carrier.prefixes:
            yield f"prefixes {', '.join(carrier.prefixes)}"
        if carrier.excluded:
            yield f"except {', '.join(carrier.excluded)}"
        if carrier.rates is not None:
            yield f"rates {quoted(carrier.rates)}"
        if carrier.cost is not None:
            yield f"cost {carrier.cost}"
        if carrier.shaping is not None:
            parts = [f"strip {carrier.shaping.strip}"] if carrier.shaping.strip else []
            parts += (
                [f"prepend {quoted(carrier.shaping.prepend)}"] if carrier.shaping.prepend else []
            )
            yield " ".join(["number", *parts])
        if carrier.auth is not None:
            yield f"auth {credential(carrier.auth)}"
        if carrier.limit is not None:
            yield f"limit {limit(carrier.limit)}"
        if carrier.probe is not None:
            yield f"probe {probe(carrier.probe)}"
        if carrier.trusted:
            yield "trusted"

    def _trunk(self, trunk: model.Trunk) -> Iterator[str]:
        yield f"numbers {', '.join(map(numbers, trunk.numbers))}"
        if trunk.accept.anyone:
            yield "accept anyone"
        if trunk.accept.networks:
            yield f"accept from {', '.join(trunk.accept.networks)}"
        if trunk.accept.credentials:
            yield f"accept credential {', '.join(map(credential, trunk.accept.credentials))}"
        if trunk.limit is not None:
            yield f"limit {limit(trunk.limit)}"
        if trunk.trusted:
            yield "trusted"
        if trunk.egress != (LISTEN,):
            yield f"from {', '.join(_senders(trunk.egress))}"
        routes = map(name, trunk.routes)
        if trunk.method == "weighted":
            shares = zip(routes, trunk.weights, strict=True)
            yield f"routes weighted {', '.join(f'{route} {share}' for route, share in shares)}"
        else:
            yield f"routes {trunk.method} {', '.join(routes)}"
        if trunk.order != "source-major":
            yield f"order {trunk.order}"
        yield f"retry {self._policy(trunk.retry)}"
        if trunk.deadline is not None:
            yield f"deadline {duration(trunk.deadline)}"
        if trunk.patience is not None:
            yield f"patience {duration(trunk.patience)}"
        if trunk.forward is not None:
            yield self._forward(trunk.forward, trunk.egress[0])

    def _policy(self, called: str) -> str:
        return word(called) if called in self._draft.borrowed else name(called)

    @staticmethod
    def _forward(forward: model.Forward, first: str) -> str:
        choice = "cheapest " if forward.choice == "cheapest" else ""
        carriers = ", ".join(map(name, forward.carriers))
        sender = "" if forward.egress == first else f" from {word(forward.egress)}"
        when = "always" if forward.always else "on failure"
        number = forward.number or DIALLED
        most = "" if forward.at_most is None else f" at most {forward.at_most}"
        return f"{when} forward to {number} via {choice}{carriers}{most}{sender}"


def _senders(egress: tuple[str, ...]) -> Iterator[str]:
    """The addresses to send from, in order: a region's two, one after the other, are the region."""
    left = list(egress)
    while left:
        first = left.pop(0)
        region, _, which = first.rpartition(".")
        if not region:
            raise Unwritable("the listening address among others to send from")
        if which == "primary" and left and left[0] == f"{region}.secondary":
            left.pop(0)
            yield name(region)
        else:
            yield word(first)


def _endpoint_of(uri: str) -> str:
    """The address of a region's URI, as the region writes it."""
    where = uri.removeprefix("sip:")
    return where[1:-1] if where.endswith("]") else where
