"""A user's bindings to the ways that a call may take, in order: level by level.

The instance that holds the registration first, then the others in their order (LANGUAGE rule 10).
What would surprise: a telephone that is hidden, behind a NAT or on a connection, is reached by the
instance that it registered at and by no other; a level that cannot reach it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sipfo.plan.model import Instance
from sipfo.runtime.registrar.binding import Binding
from sipfo.runtime.sip.address import parse_address
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.uri import SipUri, parse_uri
from sipfo.runtime.sip.via import DEFAULT_PORT

OF: Final = "sipfo-of"
"""The parameter of a Route that says to another instance whose contact it is."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a telephone: by the instance `level`, to `hop` (RFC 3263 makes targets of it), for
    `contact`, with `to` as the URI of To, and with these values of Route. `local` is the address of ours that it leaves from, None
    for the step's own; `flow` is the one that the telephone registered on."""

    level: str
    contact: str
    to: str
    hop: SipUri
    routes: tuple[str, ...] = ()
    local: tuple[str, int] | None = None
    flow: Flow | None = None


@dataclass(frozen=True, slots=True)
class Here:
    """What this process is of a registrar's instances: those that it is itself, and the flow of a
    connection by its token, if it is still open."""

    own: frozenset[str]
    flow: Callable[[Binding], Flow | None]


def ways(
    bindings: Sequence[Binding], user: str, to: str, instances: Sequence[Instance], here: Here
) -> Iterator[Way]:
    """Every way to a user who is called as `to`; `bindings` are alive, the most wanted first."""
    holders = list(dict.fromkeys(holder(one, instances) for one in bindings))
    levels = [one for one in holders if one in {each.name for each in instances}]
    levels += [one.name for one in instances if one.name not in levels]
    by_name = {one.name: one for one in instances}
    for level in levels:
        held = [one for one in bindings if holder(one, instances) == level]
        for binding in held or bindings:
            way = way_by(binding, user, to, by_name[level], instances, here)
            if way is not None:
                yield way


def holder(binding: Binding, instances: Sequence[Instance]) -> str:
    """The instance that holds a binding: the edge that it came through, if that is one."""
    edge = _edge(binding, instances)
    return edge.name if edge is not None else binding.instance


def _edge(binding: Binding, instances: Sequence[Instance]) -> Instance | None:
    if not binding.path:
        return None
    uri = _uri_of(binding.path[0])
    port = uri.port or DEFAULT_PORT
    return next((one for one in instances if (one.host, one.port) == (uri.host, port)), None)


def way_by(
    binding: Binding,
    user: str,
    to: str,
    level: Instance,
    instances: Sequence[Instance],
    here: Here,
) -> Way | None:
    """The way by one instance, if it has one."""
    edge = _edge(binding, instances)
    beyond = binding.path[1:] if edge is not None else binding.path
    if level.name not in here.own:
        hop = SipUri("sip", None, level.host, level.port)
        route = f"<sip:{encode_host(level.host, level.port)};lr;{OF}={quote(user, safe='')}>"
        return Way(level.name, binding.contact, to, hop, (route, *beyond))
    local = (level.host, level.port)
    if beyond:
        return Way(level.name, binding.contact, to, _uri_of(beyond[0]), beyond, local)
    if edge is not None or binding.instance != level.name:
        if binding.is_hidden:
            return None
        return Way(level.name, binding.contact, to, parse_uri(binding.contact), (), local)
    return _direct(binding, to, level, here)


def _direct(binding: Binding, to: str, level: Instance, here: Here) -> Way | None:
    """From the instance that a telephone registered at, straight to it: back on the way that it
    came by."""
    origin = binding.origin
    contact = parse_uri(binding.contact)
    flow = here.flow(binding)
    if flow is not None:
        host, port = origin.remote
        hop = SipUri("sip", None, host, port, (("transport", origin.transport),))
        return Way(level.name, binding.contact, to, hop, (), origin.local, flow)
    if binding.is_hidden:
        return None  # its connection is gone, and nobody can open one to it
    return Way(level.name, binding.contact, to, contact, (), (level.host, level.port))


def _uri_of(route: str) -> SipUri:
    try:
        return parse_uri(parse_address(route.encode("utf-8")).uri)
    except Malformed:  # a store that somebody else wrote into
        return SipUri("sip", None, "invalid.")
