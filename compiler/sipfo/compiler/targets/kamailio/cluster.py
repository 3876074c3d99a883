"""A member of a cluster: its socket for the others, and who they are (DMQ).

What would surprise: the others are known by their addresses alone, on a socket that no call comes by.
"""

from __future__ import annotations

from dataclasses import dataclass

from sipfo.compiler.targets.kamailio.encode import (
    Comment,
    Literal,
    comment,
    literal,
    socket_literal,
)
from sipfo.compiler.targets.sockets import bracketed
from sipfo.plan.model import Member, Plan


@dataclass(frozen=True, slots=True)
class Peer:
    """One member as Kamailio knows it: `host` is what its messages come from, `place` what they
    are sent to."""

    name: Literal
    host: Literal
    place: Literal


@dataclass(frozen=True, slots=True)
class ClusterView:
    """This member, and the others in the order of the policy."""

    title: Comment
    own: Peer
    others: tuple[Peer, ...]


def cluster_view(plan: Plan, member: Member | None) -> ClusterView | None:
    """What a member's configuration says of the cluster; None for a machine alone. Raises
    CannotSay."""
    if plan.cluster is None or member is None:
        return None
    return ClusterView(
        comment(plan.cluster.name),
        _peer(member),
        tuple(_peer(one) for one in plan.cluster.members if one.name != member.name),
    )


def _peer(member: Member) -> Peer:
    return Peer(
        literal(member.name),
        literal(member.host),
        socket_literal(f"{bracketed(member.host)}:{member.port}"),
    )
