"""OPTIONS to every target of a probed destination, from every egress that sends calls there.

A probe goes as a call would: by the same lookup, transport and socket, as an ordinary transaction
(RFC 3261 §11, §17.1.2). What would surprise: it has failed when the next one is due, so that a
target which is probed often is found dead sooner than Timer F would say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from sipfo.plan.model import Egress, Plan, Probe
from sipfo.runtime.core import Core
from sipfo.runtime.health import Event, Healths, Path
from sipfo.runtime.holds import Holds
from sipfo.runtime.invite import destination_of
from sipfo.runtime.locate import Target, reaches
from sipfo.runtime.sip.address import NameAddr
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.parameters import encode_host
from sipfo.runtime.sip.timer import Handle
from sipfo.runtime.sip.transaction.user import Sent
from sipfo.runtime.sip.uri import SipUri

FIRST_WITHIN: Final = 2.0
"""Seconds after the start within which each destination's first probe goes, at random, so that
neither all of them go at once nor those of several servers that start together."""

FAILURES: Final = frozenset({408, 503})
"""Final responses that are no sign of life: a proxy found nobody behind it, or takes nothing. Any
other answer, a refusal too, is one."""

HOPS: Final = b"70"
"""Max-Forwards of a probe, that of a call (RFC 3261 §8.1.1.6)."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What is probed at the end of a path."""

    probe: Probe
    destinations: tuple[str, ...]


def probed(plan: Plan) -> dict[Path, Probed]:
    """Every egress and destination with a `probe` that a call of the plan can put together."""
    routes = {one.name: one for one in plan.routes}
    carriers = {one.name: one for one in plan.carriers}
    found: dict[Path, Probed] = {}
    for trunk in plan.trunks:
        for name in trunk.routes:
            route = routes[name]
            if route.probe is not None:
                for egress in trunk.egress:
                    path = Path(egress, name, carrier=False)
                    found[path] = Probed(route.probe, route.destinations)
        if trunk.forward is not None:
            for name in trunk.forward.carriers:
                carrier = carriers[name]
                if carrier.probe is not None:
                    path = Path(trunk.forward.egress, name, carrier=True)
                    found[path] = Probed(carrier.probe, (carrier.destination,))
    return found


class Probes:
    """All the probing of one engine."""

    __slots__ = ("_core", "_egress", "_healths", "_holds", "_leads", "_probed", "_rounds")

    def __init__(
        self,
        core: Core,
        egress: Mapping[str, Egress],
        probed: Mapping[Path, Probed],
        healths: Healths,
        holds: Holds,
        leads: bool = True,
    ) -> None:
        """What is met is told to `healths`; a target in `holds` is left alone by probes too. Where
        another engine `leads`, it is that one which probes."""
        self._core = core
        self._leads = leads
        self._egress = egress
        self._probed = probed if leads else {}
        self._healths = healths
        self._holds = holds
        self._rounds: dict[Path, Handle] = {}

    def start(self, now: float) -> None:
        """Begin; it never ends by itself."""
        for path, one in self._probed.items():
            self._begin(path, one, now)

    def declare(
        self, egress: Mapping[str, Egress], probed: Mapping[Path, Probed], now: float
    ) -> None:
        """These from now on: what is gone stops, what is new begins, the rest goes on in its time."""
        probed = probed if self._leads else {}
        before, self._probed = self._probed, probed
        places, self._egress = self._egress, egress
        for path, one in before.items():
            if probed.get(path) != one or places[path.egress] != egress[path.egress]:
                self._rounds.pop(path).cancel()
        for path, one in probed.items():
            if path not in self._rounds:
                self._begin(path, one, now)

    def _begin(self, path: Path, one: Probed, now: float) -> None:
        within = min(FIRST_WITHIN, one.probe.every)
        first = now + within * self._core.draw(1000) / 1000
        self._rounds[path] = self._core.timers.at(first, partial(self._round, path, one))

    def _round(self, path: Path, one: Probed, now: float) -> None:
        due = now + one.probe.every
        self._rounds[path] = self._core.timers.at(due, partial(self._round, path, one))
        self._core.locate(one.destinations, partial(self._ask_each, path, one), now)

    def _ask_each(self, path: Path, one: Probed, targets: tuple[Target, ...], now: float) -> None:
        if self._probed.get(path) != one:
            return  # another plan came before the answer
        local = self._egress[path.egress].host
        targets = tuple(target for target in targets if reaches(local, target))
        if not targets:
            return  # no name, no target: calls find that out at once, and nobody is down
        self._healths.keep(path, map(str, targets))
        for target in targets:
            # "it SHOULD NOT forward any other requests to that server" (RFC 3261 §21.5.4)
            if not self._holds.holds(str(target), now):
                self._ask(path, one, target, now)

    def _ask(self, path: Path, one: Probed, target: Target, now: float) -> None:
        egress = self._egress[path.egress]
        flow = self._core.flow((egress.host, egress.port), target)
        request = build_options(self._core, destination_of(one.destinations, target), flow)

        def settled(answered: bool) -> None:
            event = Event.PROBE_ANSWERED if answered else Event.PROBE_FAILED
            self._healths.take(path, str(target), event)

        question = _Question(settled)
        if one.probe.every < self._core.values.t1_64:
            question.patience = self._core.timers.at(now + one.probe.every, question.overdue)
        self._core.request(request, flow, question, now)


def build_options(core: Core, uri: SipUri, flow: Flow) -> Request:
    """The probe of a destination (RFC 3261 §11.1), our Via on top: to the host, whatever user the
    destination names, since a user who is away says nothing about it."""
    uri = uri.with_user(None)
    us = f"<sip:{encode_host(*flow.local)}>".encode("ascii")
    headers = Headers()
    headers.add(b"max-forwards", HOPS)
    headers.add(b"from", us + b";tag=" + core.token())
    headers.add(b"to", NameAddr(b"", uri.bare().encode()).encode())
    headers.add(b"call-id", core.token())
    headers.add(b"cseq", CSeq(1, "OPTIONS").encode())
    headers.add(b"contact", core.contact(flow))
    headers.add(b"accept", b"application/sdp")
    request = Request("OPTIONS", uri.encode(), headers)
    core.stamp_via(request, flow)
    return request


class _Question:
    """The user of one probe: tells once whether it was answered, whatever comes after."""

    __slots__ = ("_is_settled", "_settled", "patience")

    def __init__(self, settled: Callable[[bool], None]) -> None:
        self.patience: Handle | None = None
        self._is_settled = False
        self._settled = settled

    def overdue(self, now: float) -> None:
        """The next probe is due."""
        self._settle(False)

    def on_response(self, transaction: Sent, response: Response, now: float) -> None:
        if response.status >= 200:
            self._settle(response.status not in FAILURES)

    def on_timeout(self, transaction: Sent, now: float) -> None:
        self._settle(False)

    def on_transport_error(self, transaction: Sent, now: float) -> None:
        self._settle(False)

    def on_terminated(self, transaction: Sent, now: float) -> None:
        """Whatever ended it was told before."""

    def _settle(self, answered: bool) -> None:
        if self._is_settled:
            return
        self._is_settled = True
        if self.patience is not None:
            self.patience.cancel()
        self._settled(answered)
