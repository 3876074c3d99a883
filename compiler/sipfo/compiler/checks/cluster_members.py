"""A cluster has fewer than two members, two of the same name or place, or there are two clusters.

Avoid: `member a 10.0.0.1:5066` and `member b 10.0.0.1:5066`; two `cluster` blocks in one policy.
Prefer: one cluster, and for each machine a name and an address that only the others reach.
Why: members tell one another what they know at these addresses. Two at one would hear each other's
words as their own, and one alone has nobody to go on when it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sipfo.compiler.checks.subject import Subject
from sipfo.compiler.hosts import listening, sending, substituted
from sipfo.compiler.lower import SIP_PORT, listen_port
from sipfo.compiler.policy import Cluster, Endpoint, Member
from sipfo.grammar.diagnostic import Diagnostic, Label, quoted
from sipfo.grammar.source import Span

CODE: Final = "SF515"
TITLE: Final = "Members of a cluster"


def check(subject: Subject) -> Iterator[Diagnostic]:
    """One error for each place."""
    for cluster in subject.policy.clusters[1:]:
        yield _error(
            "the policy has a cluster already",
            cluster.name.span,
            "another one",
            subject.policy.clusters[0].name.span,
            "write all members into one `cluster`",
        )
    for cluster in subject.policy.clusters[:1]:
        if cluster.whole and len(cluster.members) == 1:
            yield _error(
                "a cluster of one member",
                cluster.members[0].name.span,
                "nobody goes on without it",
                hint="add `member NAME ADDRESS:PORT` for the other machine",
            )
        yield from _repeated(cluster)
        yield from _beside_calls(subject, cluster)


def _repeated(cluster: Cluster) -> Iterator[Diagnostic]:
    names: dict[str, Span] = {}
    places: dict[tuple[str, int], Span] = {}
    for one in cluster.members:
        first = names.setdefault(one.name.text, one.name.span)
        if first is not one.name.span:
            yield _error(
                f"this cluster already has the member {quoted(one.name.text)}",
                one.name.span,
                "given again",
                first,
                "give each machine a name of its own",
            )
        if one.endpoint is None:
            continue
        place = places.setdefault(_place(one.endpoint), one.endpoint.span)
        if place is not one.endpoint.span:
            yield _error(
                f"two members at {_shown(one.endpoint)}",
                one.endpoint.span,
                "given again",
                place,
                "write the address where the others reach this machine",
            )


def _beside_calls(subject: Subject, cluster: Cluster) -> Iterator[Diagnostic]:
    """Calls and what members tell one another need different ports, or anybody who may call would
    reach what only members may."""
    for one in cluster.members:
        if one.endpoint is not None and _place(one.endpoint) in _sockets(subject, one):
            host = f"[{one.endpoint.host}]" if ":" in one.endpoint.host else one.endpoint.host
            yield _error(
                f"{_shown(one.endpoint)} is where member {quoted(one.name.text)} has its calls",
                one.endpoint.span,
                "for the members alone",
                hint=f"give it another port, `{host}:5066`, or an address of an inner network",
            )


def _sockets(subject: Subject, member: Member) -> set[tuple[str, int]]:
    own = substituted(subject.policy, member)
    calls = [(one.endpoint.host, listen_port(one)) for one in subject.policy.listens]
    calls += [(one.host, one.port or SIP_PORT) for one in sending(subject.policy).values()]
    calls += [(host, SIP_PORT) for host in listening(subject.policy)]
    return {(own.get(host, host), port) for host, port in calls}


def _place(endpoint: Endpoint) -> tuple[str, int]:
    return endpoint.host, endpoint.port or SIP_PORT


def _shown(endpoint: Endpoint) -> str:
    return quoted(f"{endpoint.host} port {endpoint.port or SIP_PORT}")


def _error(
    message: str, span: Span, label: str, first: Span | None = None, hint: str | None = None
) -> Diagnostic:
    labels = () if first is None else (Label(first, "the first"),)
    return Diagnostic(CODE, "error", TITLE, message, span, label, labels, hint)
