"""Answers that leave nothing behind: to strangers, to what cannot be read, and when all is full.

A stranger is a source that no trunk accepts. It is answered seldom (`strangers`), and over UDP
with no more bytes than it sent, so that nobody's forged address is flooded from here. Its line in
the log, `stranger ADDRESS sent METHOD: STATUS`, is for programs to read, and keeps its form.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from sipfo.runtime.core import Core
from sipfo.runtime.limits import Limits
from sipfo.runtime.record import Notice
from sipfo.runtime.sip.build import make_response
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, serialize
from sipfo.runtime.sip.via import response_address
from sipfo.runtime.strangers import Bucket, Strangers, Verdict

STRANGER: Final = re.compile(
    r"stranger (?P<host>[0-9A-Fa-f.:]{2,45})"
    r" sent (?P<what>[A-Za-z0-9\-.!%*_+`'~]{1,64}|a malformed request|a scan)"
    r": (?P<answer>[1-6][0-9]{2}|silence)"
)
"""The text of a stranger's notice. None of it can be put there by the peer but a method, which
holds no blank, so that a line cannot be forged. deploy/fail2ban has the filter for it."""

CHALLENGES: Final = frozenset({401, 407})
"""Questions for a password, with which whatever needs one begins."""

INNOCENT: Final = frozenset({200, *CHALLENGES, 481})
"""What a stranger may be told without a notice: a probe's answer, a challenge, and that a dialog is
gone, which is news to a carrier whose call outlived a restart."""

_SCANNER: Final = re.compile(
    rb"friendly-scanner|friendly-request|sipvicious|sundayddr|sipcli|sip-scan|siparmyknife|smap"
    rb"|vaxsipuseragent|pplsip|iwar|sivus|gulp",
    re.IGNORECASE,
)
_REPEATED: Final = frozenset({b"via", b"from", b"to", b"call-id", b"cseq"})
"""Fields that a response copies (RFC 3261 §8.2.6.2)."""


class Arrival(NamedTuple):
    """How a message came: its flow, its size in bytes, and when."""

    flow: Flow
    size: int
    now: float


class Stateless:
    """Answers without a transaction."""

    __slots__ = ("_core", "_full", "_knows", "_limits", "_strangers")

    def __init__(self, core: Core, knows: Callable[[str], bool], limits: Limits) -> None:
        """`knows` tells whether a trunk accepts an address."""
        self._core = core
        self._knows = knows
        self._limits = limits
        self._strangers = Strangers(limits)
        self._full = Bucket(1.0, 1.0, 0.0)

    def turn_away(self, request: Request, arrival: Arrival) -> None:
        """Answer a request outside any dialog that a stranger sent: nothing of it is looked at."""
        if self._is_scan(request):
            self._scanned(arrival)
        else:
            self.refuse(request, 200 if request.method == "OPTIONS" else 403, arrival)

    def challenge(self, request: Request, challenges: tuple[bytes, ...], arrival: Arrival) -> None:
        """Ask for credentials, whoever it is; a known scanning program is not asked. A registrar
        asks by 401, whoever only passes calls on by 407 (RFC 3261 §22)."""
        if self._is_scan(request) and not self._knows(arrival.flow.remote[0]):
            self._scanned(arrival)
        else:
            registers = request.method == "REGISTER"
            name = b"www-authenticate" if registers else b"proxy-authenticate"
            fields = [(name, one) for one in challenges]
            self.refuse(request, 401 if registers else 407, arrival, *fields)

    def refuse(
        self, request: Request, status: int, arrival: Arrival, *fields: tuple[bytes, bytes]
    ) -> None:
        """Answer a request that was read, whoever sent it."""
        response = make_response(request, status, to_tag=self._core.token())
        for name, value in fields:
            response.headers.add(name, value)
        self._answer(request.method, response, arrival)

    def overloaded(self, request: Request, arrival: Arrival) -> None:
        """Answer a request for which there is no room, and say so once a second."""
        after = str(self._limits.retry_after).encode("ascii")
        self.refuse(request, 503, arrival, (b"retry-after", after))
        if self._full.take(arrival.now) is Verdict.ANSWER:
            text = f"503 to {arrival.flow.remote[0]}: as many calls or transactions as may be"
            self._core.records.append(Notice("-", text))

    def malformed(self, error: Malformed, fields: Headers, arrival: Arrival) -> None:
        """Answer a request whose own fields may be the ones that cannot be read."""
        headers = Headers([(name, value) for name, value in fields if name in _REPEATED])
        response = Response(error.status, error.reason.encode("ascii", "replace"), headers)
        self._answer("a malformed request", response, arrival)

    def _answer(self, what: str, response: Response, arrival: Arrival) -> None:
        flow, size, now = arrival
        back = _back(response, flow)
        if back is None:
            return
        data = serialize(response)
        if not self._knows(flow.remote[0]):
            verdict = self._strangers.hear(flow.remote[0], now)
            # A challenge may be somewhat larger than a small request: as seldom as all answers are, it
            # amplifies nothing, and without it nobody with a password could call.
            too_large = len(data) > size and response.status not in CHALLENGES
            if verdict is Verdict.ANSWER and not flow.reliable and too_large:
                verdict = Verdict.FALL_SILENT
            self._note(flow, what, response.status, verdict)
            if verdict is not Verdict.ANSWER:
                return
        self._core.send(back, data)

    @staticmethod
    def _is_scan(request: Request) -> bool:
        agent = request.headers.first(b"user-agent")
        return agent is not None and _SCANNER.search(agent) is not None

    def _scanned(self, arrival: Arrival) -> None:
        """A known scanning program: silence, and a notice as often as others get an answer."""
        verdict = self._strangers.hear(arrival.flow.remote[0], arrival.now)
        if verdict is not Verdict.STAY_SILENT:
            self._note(arrival.flow, "a scan", 0, Verdict.FALL_SILENT)

    def _note(self, flow: Flow, what: str, status: int, verdict: Verdict) -> None:
        if verdict is Verdict.STAY_SILENT or (verdict is Verdict.ANSWER and status in INNOCENT):
            return
        answer = str(status) if verdict is Verdict.ANSWER else "silence"
        self._core.records.append(Notice("-", f"stranger {flow.remote[0]} sent {what}: {answer}"))


def _back(response: Response, flow: Flow) -> Flow | None:
    """Where a response without a transaction goes; None when nobody could tell what it answers.

    With a Via that cannot be read, it goes to where the request came from (RFC 4475 §3.1.2.1).
    """
    headers = response.headers
    try:
        to = response_address(response.via, flow.remote, flow.reliable)
    except Malformed:
        told = all(headers.first(name) for name in (b"via", b"call-id", b"cseq"))
        return flow if told else None
    return flow._replace(remote=to)
