"""The machines that carry a policy together: cluster."""

from __future__ import annotations

from sipfo.compiler import policy
from sipfo.compiler.gather.places import name_of
from sipfo.compiler.gather.reader import Reader, all_of
from sipfo.compiler.values.address import bare_address, endpoint
from sipfo.compiler.values.name import name_fault
from sipfo.grammar import tree


def cluster(reader: Reader, node: tree.Cluster) -> policy.Cluster:
    """`cluster NAME { member … }`."""
    return policy.Cluster(
        name_of(node),
        tuple(_member(reader, one) for one in all_of(tree.Member, node)),
        node.whole,
    )


def _member(reader: Reader, node: tree.Member) -> policy.Member:
    """`member b 10.0.0.2:5066 has 192.0.2.11 for listen`."""
    fault = name_fault(node.name)
    if fault is not None:
        reader.found.append(fault.diagnostic)
    return policy.Member(
        node.name,
        reader.value(endpoint, node.endpoint),
        tuple(
            policy.Substitute(reader.value(bare_address, one.address), one.place, one.span)
            for one in node.substitutes or ()
        ),
    )
