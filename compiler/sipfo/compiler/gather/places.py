"""Where calls arrive, are sent from and go to: listen, region, route, registrar, carrier."""

from __future__ import annotations

from functools import partial
from typing import Final

from sipfo.compiler import policy
from sipfo.compiler.gather.reader import Reader, all_of, first_of
from sipfo.compiler.values.address import endpoint
from sipfo.compiler.values.amount import amount
from sipfo.compiler.values.count import count
from sipfo.compiler.values.duration import duration
from sipfo.compiler.values.host import host_name
from sipfo.compiler.values.name import name_fault
from sipfo.compiler.values.number import telephone
from sipfo.compiler.values.path import path
from sipfo.compiler.values.secret import secret_name
from sipfo.compiler.values.shaping import shaping
from sipfo.compiler.values.uri import uri
from sipfo.compiler.values.user import digest_user, registered_user
from sipfo.grammar import tree
from sipfo.plan import model

DOWN_AFTER: Final = 3
"""Failed probes in a row after which a target is down, where the policy does not say."""

UP_AFTER: Final = 2
"""Good probes in a row after which it is up again, likewise."""


def listen(reader: Reader, node: tree.Listen) -> policy.Listen | None:
    """`listen udp 192.0.2.10:5060`."""
    where = reader.value(endpoint, node.endpoint)
    if where is None:
        return None
    transport: model.Transport = "tcp" if node.transport.text == "tcp" else "udp"
    return policy.Listen(transport, where, None, None, node.span)


def listen_tls(reader: Reader, node: tree.ListenTls) -> policy.Listen | None:
    """`listen tls 192.0.2.10:5061 certificate "…"`."""
    where = reader.value(endpoint, node.endpoint)
    certificate = reader.value(path, node.certificate)
    key = reader.value(path, node.key)
    if where is None or certificate is None:
        return None
    return policy.Listen("tls", where, certificate, key, node.span)


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
    return policy.Route(
        name_of(node),
        _destination(reader, node),
        auth(reader, node),
        probe(reader, node),
        is_trusted(node),
    )


def registrar(reader: Reader, node: tree.Registrar) -> policy.Registrar:
    """`registrar NAME { domain …  user …  instance … }`."""
    domain = first_of(tree.Domain, node)
    users = (_user(reader, one) for one in all_of(tree.User, node))
    return policy.Registrar(
        name_of(node),
        reader.value(host_name, domain.host if domain else None),
        tuple(one for one in users if one is not None),
        tuple(_instance(reader, one) for one in all_of(tree.Instance, node)),
    )


def carrier(reader: Reader, node: tree.Carrier) -> policy.Carrier:
    """`carrier NAME { to …  prefixes …  except …  cost …  rates …  number …  auth …  limit … }`."""
    prefixes, excluded = first_of(tree.Prefixes, node), first_of(tree.Except, node)
    rates = first_of(tree.Rates, node)
    file = reader.value(path, rates.path if rates else None)
    cost, shape = first_of(tree.Cost, node), first_of(tree.Shaping, node)
    destination = _destination(reader, node)
    assert not isinstance(destination, policy.ToRegistered)  # the grammar has none in a carrier
    return policy.Carrier(
        name_of(node),
        destination,
        reader.values(telephone, prefixes.prefixes if prefixes else ()),
        reader.values(telephone, excluded.prefixes if excluded else ()),
        reader.value(amount, cost.amount if cost else None),
        cost.span if cost else None,
        None if rates is None or file is None else policy.Rates(file, rates.path.span),
        reader.value(shaping, shape),
        shape.span if shape else None,
        auth(reader, node),
        limit(reader, node),
        probe(reader, node),
        is_trusted(node),
    )


def auth(reader: Reader, block: tree.Block) -> model.Credential | None:
    """`auth "acme" password secret ACME_PW`."""
    node = first_of(tree.Auth, block)
    return None if node is None else credential(reader, node)


def credential(reader: Reader, node: tree.Auth | tree.Credential) -> model.Credential | None:
    """A digest user and the name of its password's secret."""
    user = reader.value(digest_user, node.user)
    secret = reader.value(secret_name, node.secret)
    if user is None or secret is None:
        return None
    return model.Credential(user=user, secret=secret)


def limit(reader: Reader, block: tree.Block) -> policy.Limit | None:
    """`limit 200 calls, 20 per second`."""
    node = first_of(tree.Limit, block)
    if node is None:
        return None
    calls = per_second = None
    for one in node.limits:
        figure = reader.value(partial(count, least=1), one.count)
        if isinstance(one, tree.AtOnce):
            calls = figure
        else:
            per_second = figure
    return policy.Limit(model.Limit(calls=calls, per_second=per_second), node.span)


def probe(reader: Reader, block: tree.Block) -> policy.Probe | None:
    """`probe every 30s down after 3 up after 2`; without figures, three and two."""
    node = first_of(tree.Probe, block)
    if node is None:
        return None
    every = reader.value(duration, node.every)
    down = reader.value(partial(count, least=1), node.down)
    up = reader.value(partial(count, least=1), node.up)
    if every is None:
        return None
    figures = model.Probe(every=every, down_after=down or DOWN_AFTER, up_after=up or UP_AFTER)
    return policy.Probe(figures, node.span)


def is_trusted(block: tree.Block) -> bool:
    """Whether a block says `trusted`."""
    return first_of(tree.Trusted, block) is not None


def name_of(block: tree.Block) -> tree.Word:
    """The name that a block declares."""
    assert isinstance(block.name, tree.Word)
    return block.name


def _user(reader: Reader, node: tree.User) -> policy.RegisteredUser | None:
    name = reader.value(registered_user, node.name)
    secret = reader.value(secret_name, node.secret)
    if name is None or secret is None:
        return None
    return policy.RegisteredUser(name, secret, node.name.span)


def _instance(reader: Reader, node: tree.Instance) -> policy.Instance:
    fault = name_fault(node.name)
    if fault is not None:
        reader.found.append(fault.diagnostic)
    return policy.Instance(node.name, reader.value(endpoint, node.endpoint))


def _destination(reader: Reader, block: tree.Block) -> policy.Destination | None:
    for item in block.items:
        if isinstance(item, tree.ToRegistered):
            user = reader.value(registered_user, item.user)
            if user is None:
                return None
            return policy.ToRegistered(user, item.user.span, item.registrar)
        if isinstance(item, tree.ToUri):
            return reader.value(uri, item.uri)
        if isinstance(item, tree.ToRegion):
            return policy.ToRegion(item.region)
    return None
