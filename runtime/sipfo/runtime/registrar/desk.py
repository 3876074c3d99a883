"""Where REGISTERs come in: how many are looked at, and what is answered without a transaction.

Nothing is kept of a REGISTER before its sender has shown a password. What would surprise: a source
that sends too many is not answered at all. It is told once in the log, and a telephone among them
sends again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from sipfo.runtime.asking import Asked
from sipfo.runtime.core import Core
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice, RegisterRecord
from sipfo.runtime.registrar.registrars import Refusal, Registrars
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.transaction.server import ServerTransaction
from sipfo.runtime.stateless import Arrival, Stateless
from sipfo.runtime.strangers import Bucket, Verdict, network_of


class Desk:
    """The way in of one engine's registrars."""

    __slots__ = ("_core", "_is_full", "_limits", "_paces", "_stateless")

    def __init__(
        self,
        core: Core,
        stateless: Stateless,
        limits: Limits,
        is_full: Callable[[str], bool],
    ) -> None:
        """`is_full` tells whether there is no room for a transaction of a method."""
        self._core = core
        self._stateless = stateless
        self._limits = limits
        self._is_full = is_full
        self._paces: OrderedDict[str, Bucket] = OrderedDict()

    def register(self, registrars: Registrars, request: Request, arrival: Arrival) -> None:
        """A REGISTER for a domain of ours."""
        flow, _, now = arrival
        source = flow.remote[0]
        if not self._is_within_pace(source, now):
            return
        name = registrars.called(request, flow)
        verdict = registrars.judge(request, flow, now)
        if isinstance(verdict, Asked):
            self._stateless.challenge(request, verdict.challenges, arrival)
            self._core.records.append(RegisterRecord(name, "", source, 401))
        elif isinstance(verdict, Refusal):
            self._stateless.refuse(request, verdict.status, arrival, *verdict.fields)
            self._core.records.append(RegisterRecord(name, "", source, verdict.status))
            if verdict.reason:
                text = f"{verdict.status} to {source}: REGISTER, {verdict.reason}"
                self._core.records.append(Notice("-", text))
        elif self._is_full(request.method):
            self._stateless.overloaded(request, arrival)
        else:
            transaction = self._core.transactions.serve(request, flow)
            assert isinstance(transaction, ServerTransaction)  # made for a REGISTER
            registrars.take(verdict, request, transaction, flow, now)

    def _is_within_pace(self, source: str, now: float) -> bool:
        key, limits = network_of(source), self._limits
        pace = self._paces.get(key)
        if pace is None:
            pace = self._paces[key] = Bucket(limits.registers, limits.registers_burst, now)
            if len(self._paces) > limits.registering_sources:
                self._paces.popitem(last=False)
        self._paces.move_to_end(key)
        verdict = pace.take(now)
        if verdict is Verdict.FALL_SILENT:
            text = f"silence to {source}: more than {limits.registers:g} REGISTERs a second"
            self._core.records.append(Notice("-", text))
        return verdict is Verdict.ANSWER
