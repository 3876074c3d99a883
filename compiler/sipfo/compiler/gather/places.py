"""Where calls arrive, are sent from and go to: listen, region, route, carrier."""

from __future__ import annotations

from sipfo.compiler import policy
from sipfo.compiler.gather.reader import Reader, first_of
from sipfo.compiler.values.address import endpoint
from sipfo.compiler.values.host import host_name
from sipfo.compiler.values.number import telephone
from sipfo.compiler.values.uri import uri
from sipfo.grammar import tree


def listen(reader: Reader, node: tree.Listen) -> policy.Listen | None:
    """`listen udp 192.0.2.10:5060`."""
    where = reader.value(endpoint, node.endpoint)
    if where is None:
        return None
    return policy.Listen("tcp" if node.transport.text == "tcp" else "udp", where, node.span)


def region(reader: Reader, node: tree.Region) -> policy.Region:
    """`region NAME { primary … secondary … domain … }`."""
    primary, secondary = first_of(tree.Primary, node), first_of(tree.Secondary, node)
    domain = first_of(tree.Domain, node)
    return policy.Region(
        name_of(node),
        reader.value(endpoint, primary.endpoint if primary else None),
        reader.value(endpoint, secondary.endpoint if secondary else None),
        reader.value(host_name, domain.host if domain else None),
    )


def route(reader: Reader, node: tree.Route) -> policy.Route:
    """`route NAME { to … }`."""
    return policy.Route(name_of(node), _destination(reader, node))


def carrier(reader: Reader, node: tree.Carrier) -> policy.Carrier:
    """`carrier NAME { to …  prefixes … }`."""
    prefixes = first_of(tree.Prefixes, node)
    return policy.Carrier(
        name_of(node),
        _destination(reader, node),
        reader.values(telephone, prefixes.prefixes if prefixes else ()),
    )


def name_of(block: tree.Block) -> tree.Word:
    """The name that a block declares."""
    assert isinstance(block.name, tree.Word)
    return block.name


def _destination(reader: Reader, block: tree.Block) -> policy.Uri | policy.ToRegion | None:
    for item in block.items:
        if isinstance(item, tree.ToUri):
            return reader.value(uri, item.uri)
        if isinstance(item, tree.ToRegion):
            return policy.ToRegion(item.region)
    return None
