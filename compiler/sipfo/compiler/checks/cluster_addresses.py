"""Two machines of a cluster would have the same address, or one has an address for nothing.

Avoid: `member a 10.0.0.1:5066` and `member b 10.0.0.2:5066` alone, where the policy listens on
`192.0.2.10`; `has 192.0.2.11 for us.third`.
Prefer: `member b 10.0.0.2:5066 has 192.0.2.11 for listen, 192.76.120.11 for us.primary`.
Why: an address is on one machine. A member has the policy's own addresses but for those that it names;
one member at most can have them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.hosts import LISTEN, host_of, listening, sending, substituted
from sipfo.compiler.lower import egress_names
from sipfo.compiler.policy import Member, Policy, Substitute
from sipfo.grammar.diagnostic import Diagnostic, Label, one_of, quoted
from sipfo.grammar.near import near
from sipfo.grammar.source import Span

CODE: Final = "SF516"
TITLE: Final = "Addresses of a cluster"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each substitute that is none, and for each address that two members have."""
    for cluster in subject.policy.clusters[:1]:
        wrong = [found for member in cluster.members for found in _substitutes(subject, member)]
        yield from wrong
        if not wrong and subject.clean and _all_read(cluster.members):
            yield from _shared(subject.policy, cluster.members)


def _all_read(members: tuple[Member, ...]) -> bool:
    """Whether nothing else is told of an address here."""
    endpoints = [one.endpoint for member in members for one in member.substitutes]
    return None not in [*endpoints, *(member.endpoint for member in members)]


def _substitutes(subject: Subject, member: Member) -> Iterator[Diagnostic]:
    first: dict[str, Span] = {}
    for one in member.substitutes:
        if subject.scope.may_be(one.place.text.rpartition(".")[0]):
            continue
        host = host_of(subject.policy, one.place.text)
        if host is None:
            yield _unknown(subject.policy, one)
            continue
        earlier = first.setdefault(host, one.span)
        if earlier is not one.span:
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"member {quoted(member.name.text)} has two addresses for {quoted(host)}",
                one.span,
                "given again",
                (Label(earlier, "given first"),),
                "remove one of them",
            )
        elif one.endpoint is not None and (":" in host) != (":" in one.endpoint.host):
            yield Diagnostic(
                CODE,
                "error",
                TITLE,
                f"{quoted(one.endpoint.host)} cannot stand for {quoted(host)}",
                one.endpoint.span,
                "of another family",
                hint="write an IPv4 address for an IPv4 address, IPv6 for IPv6",
            )


def _unknown(policy: Policy, one: Substitute) -> Diagnostic:
    listens = listening(policy)
    names = [LISTEN, *sending(policy)]
    meant = near(one.place.text, names)
    if one.place.text == LISTEN and listens:
        message = f"the policy listens on {len(listens)} addresses"
        hint = f"write which: {one_of([f'`for {host}`' for host in listens])}"
    elif any(name.startswith(f"{one.place.text}.") for name in names):
        message = f"a region has two addresses: {quoted(one.place.text)}"
        hint = f"write `{one.place.text}.primary` or `{one.place.text}.secondary`"
    else:
        message = f"the policy has no address {quoted(one.place.text)}"
        hint = (
            f"did you mean {one_of([quoted(name) for name in meant])}?"
            if meant
            else "write `listen`, a region's address such as `us.primary`, or the address itself"
        )
    return Diagnostic(CODE, "error", TITLE, message, one.place.span, "not one address", hint=hint)


def _shared(policy: Policy, members: tuple[Member, ...]) -> Iterator[Diagnostic]:
    """One error for each member that has what another has, with all that it needs."""
    uses = _used(policy)
    owner: dict[str, Member] = {}
    for member in members:
        own = substituted(policy, member)
        has = {own.get(host, host): name for host, name in uses.items()}
        taken = {host: name for host, name in has.items() if host in owner}
        for host in has:
            owner.setdefault(host, member)
        if not taken:
            continue
        other = owner[next(iter(taken))]
        listed = one_of([quoted(host) for host in taken], "and")
        wanted = ", ".join(f"ADDRESS for {name}" for name in taken.values())
        yield Diagnostic(
            CODE,
            "error",
            TITLE,
            f"members {quoted(other.name.text)} and {quoted(member.name.text)} both have {listed}",
            member.name.span,
            "the address is on one machine",
            (Label(other.name.span, "has it already"),),
            f"write what this one has: `has {wanted}`",
        )


def _used(policy: Policy) -> dict[str, str]:
    """Every address that a machine of this policy needs, with a name to write for it."""
    listens = listening(policy)
    sends = sending(policy)
    regions = {region.name.text: region for region in policy.regions}
    found = {host: LISTEN if len(listens) == 1 else host for host in listens}
    names = [name for trunk in policy.trunks for name in egress_names(regions, trunk)]
    for trunk in policy.trunks:
        if trunk.forward is not None and trunk.forward.egress is not None:
            text = trunk.forward.egress.text
            names.append(f"{text}.primary" if text in regions else text)
    for name in names:
        if name in sends:
            found.setdefault(sends[name].host, name)
    return found
