"""What a call costs by what is configured: the engine alone with one trunk, and with a great deal.

    .venv/bin/python benchmarks/configuration.py               # two minutes
    .venv/bin/python benchmarks/configuration.py --rounds 40

Every plan has an engine and the same calls, from 10,000 callers to a million numbers: of one trunk, or
of as many. All have their turn in each round, in another order each time, so that what the machine
does meanwhile is everybody's. A ratio is that of one round; the median is what
counts, and the middle half of the rounds says how sure it is, and `best to
best` is the ratio of the quickest rounds of both. Two kinds of calls: the route answers;
the route fails with 503 and a carrier answers. The table is written to benchmarks/results; the exit
status is 1 when a median is more than 5 % below the first of its kind.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, summarize_address_range
from pathlib import Path
from typing import Any, Final

import rates
from engine import CALLEE, IN, OUT, SDP, SIPFO, Bench, answer_to, find, plan

from sipfo.compiler.sheet import read_sheet
from sipfo.grammar.source import Source
from sipfo.plan.model import Accept, Carrier, Deck, Forward, NumberRange, Plan, Route, Trunk
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.wire.calm import settle

RESULTS: Final = Path(__file__).parent / "results"
CALLERS: Final = 10_000
NUMBERS_OF_A_CALLER: Final = 100
TRUNKS: Final = CALLERS
PREFIXES: Final = 1_000_000
CARRIERS: Final = 10
BEFORE: Final = 2 * CALLERS
"""Calls that do not count: the first of a trunk works out what the others find."""

MOST: Final = 0.05
"""How much less may be left of the calls per CPU-second."""

WITHIN_RATES: Final = 1_800_000_000.0
"""A moment, in Unix seconds, at which the deck's rates are valid."""


class Caller(Bench):
    """Calls under one plan, from any of the callers to any of their numbers."""

    def __init__(self, given: Plan) -> None:
        super().__init__(given)
        self.now = WITHIN_RATES
        self._draw = random.Random(7)  # the same calls under each plan
        self._caller = IN
        self._callee = OUT

    def call(self) -> None:
        """One call that the route answers."""
        out = self.begin()
        self.go_on(out)

    def call_after_503(self) -> None:
        """One call that the route refuses and a carrier answers."""
        refusal = answer_to(self.begin(), b"503 Service Unavailable")
        (out,) = [one for one in self.send(refusal, OUT) if one.startswith(b"INVITE ")]
        self.go_on(out)

    def begin(self) -> bytes:
        """The INVITE that leaves for the route."""
        caller = self._draw.randrange(CALLERS)
        self.caller = str(_address(caller))
        self.called = f"+{_first(caller) + self._draw.randrange(NUMBERS_OF_A_CALLER)}"
        self._caller = Flow("udp", SIPFO, (self.caller, 5060))
        invite, self.name = self.invite()
        _, out = self.send(invite, IN)
        return out

    def go_on(self, out: bytes) -> None:
        """Until its BYE is answered."""
        for status in (b"100 Trying", b"180 Ringing"):
            self.send(answer_to(out, status), OUT)
        (answer,) = self.send(answer_to(out, b"200 OK", SDP), OUT)
        tag = find(rb"(?m)^To:.*(;tag=\S+)\r$", answer)
        target = find(rb"(?m)^Contact:.*<(.*?)>", answer)
        self.send(self.request(b"ACK", 1, self.name, target, tag), IN)
        sent = self.send(self.request(b"BYE", 2, self.name, target, tag), IN)
        (bye,) = [one for one in sent if one.startswith(b"BYE ")]
        self.send(answer_to(bye, b"200 OK"), OUT)

    def send(self, data: bytes, flow: Flow) -> list[bytes]:
        """The same from whoever calls now, and whoever was sent the last INVITE."""
        sends = self.engine.core.sends
        self.engine.receive(data, self._caller if flow is IN else self._callee, self.now)
        out = []
        while sends:
            where, one, *_ = sends.popleft()
            if one.startswith(b"INVITE "):
                self._callee = where
            out.append(one)
        self.engine.core.records.clear()
        due = self.engine.next_due()
        if due is not None and due <= self.now:
            self.engine.run_timers(self.now)
        return out


@dataclass
class Variant:
    """A plan, and what its calls took in each round."""

    name: str
    calls: Callable[[], None]
    seconds: list[float] = field(default_factory=list)


def planned(trunks: int = 1, carriers: int = 0, prefixes: int = 0) -> Plan:
    """So many trunks, each with its own callers, numbers and route: together they always have the
    same ones. `carriers` are in the forward of each, each with its share of `prefixes` in a deck if
    there are any."""
    usual = plan()
    names = tuple(f"c-{n}" for n in range(carriers))
    decks = tuple(deck(n, prefixes // carriers) for n in range(carriers)) if prefixes else ()
    usual_prices: list[dict[str, Any]] = [{"prefixes": ("+1", "+44"), "cost": "0.01"}]
    prices = [{"rates": one.file} for one in decks] or usual_prices * carriers
    forward = Forward(carriers=names, egress="listen", choice="cheapest") if carriers else None
    callers = CALLERS // trunks
    return usual.model_copy(
        update={
            "routes": tuple(
                Route(name=f"pbx-{n}", destinations=(f"sip:{CALLEE[0]}",)) for n in range(trunks)
            ),
            "carriers": tuple(
                Carrier(name=name, destination=f"sip:203.0.113.{n + 1}", **price)
                for n, (name, price) in enumerate(zip(names, prices, strict=True))
            ),
            "decks": decks or None,
            "trunks": tuple(
                Trunk(
                    name=f"customer-{n}",
                    numbers=(_numbers(n * callers, callers),),
                    accept=Accept(networks=_networks(n * callers, callers)),
                    egress=("listen",),
                    method="sequential",
                    routes=(f"pbx-{n}",),
                    retry="standard",
                    forward=forward,
                )
                for n in range(trunks)
            ),
        }
    )


@cache
def deck(number: int, prefixes: int) -> Deck:
    """A deck of benchmarks/rates.py, as the compiler packs it."""
    sheet = read_sheet(Source(rates.deck(prefixes, number), "deck.csv"))
    assert not sheet.found, sheet.found[0].message
    return Deck(file=f"deck-{number}.csv", rows=prefixes, table=sheet.table)


def _first(caller: int) -> int:
    return 13_120_000_000 + caller * NUMBERS_OF_A_CALLER


def _numbers(caller: int, callers: int) -> NumberRange:
    return NumberRange(first=f"+{_first(caller)}", last=f"+{_first(caller + callers) - 1}")


def _address(caller: int) -> IPv4Address:
    return IPv4Address("10.0.0.0") + caller


def _networks(caller: int, callers: int) -> tuple[str, ...]:
    found = summarize_address_range(_address(caller), _address(caller + callers - 1))
    return tuple(map(str, found))


def variants() -> tuple[list[Variant], list[Variant]]:
    """Those whose calls a route answers, and those whose calls a carrier does; the first of each is
    what the others are measured by."""
    plans = {
        "1 trunk": planned(),
        f"{TRUNKS:,} trunks": planned(TRUNKS),
        "1 carrier": planned(1, 1),
        f"{CARRIERS} carriers": planned(1, CARRIERS),
        f"1 carrier, {PREFIXES:,} prefixes": planned(1, 1, PREFIXES),
        f"{TRUNKS:,} trunks, 1 carrier": planned(TRUNKS, 1),
        "all of it": planned(TRUNKS, CARRIERS, PREFIXES),
    }
    answered = [Variant(name, Caller(one).call) for name, one in plans.items()]
    forwarded = [
        Variant(name, Caller(one).call_after_503) for name, one in plans.items() if one.carriers
    ]
    return answered, forwarded


def measure(found: list[Variant], rounds: int, calls: int) -> None:
    """So many rounds of so many calls each, after as many as most callers have had one of."""
    shuffle = random.Random(11)
    settle()
    for one in found:
        for _ in range(BEFORE):
            one.calls()
    for _ in range(rounds):
        for one in shuffle.sample(found, len(found)):
            began = time.process_time()
            for _ in range(calls):
                one.calls()
            one.seconds.append(time.process_time() - began)


def table(title: str, found: list[Variant], calls: int) -> list[str]:
    """A line for each variant: calls per CPU-second, and the ratio to the first."""
    lines = [f"{title:38}  calls/CPU-s   ratio   middle half      best to best"]
    for one in found:
        low, middle, high = statistics.quantiles(_ratios(one, found[0]), n=4)
        rate = calls / statistics.median(one.seconds)
        best = min(found[0].seconds) / min(one.seconds)
        spread = f"{low:.3f} to {high:.3f}"
        lines.append(f"{one.name:38}  {rate:11.0f}   {middle:5.3f}   {spread}   {best:5.3f}")
    return lines


def _ratios(one: Variant, first: Variant) -> list[float]:
    return [usual / took for usual, took in zip(first.seconds, one.seconds, strict=True)]


def main() -> None:
    """Print and write the table; exit 1 if a plan costs too much."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rounds", type=int, default=25)
    options.add_argument("--calls", type=int, default=200, help="of each plan in a round")
    options.add_argument(
        "--name", default="configuration", help="of the file in benchmarks/results"
    )
    chosen = options.parse_args()
    answered, forwarded = variants()
    measure([*answered, *forwarded], chosen.rounds, chosen.calls)
    about = (
        f"{time.strftime('%Y-%m-%d', time.gmtime())}, {os.cpu_count()} CPUs, Python"
        f" {sys.version.split()[0]}; {chosen.rounds} rounds of {chosen.calls} calls"
    )
    lines = [
        about,
        "",
        *table("a route answers", answered, chosen.calls),
        "",
        *table("the route says 503, a carrier answers", forwarded, chosen.calls),
    ]
    print("\n".join(lines))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{chosen.name}.txt").write_text("\n".join(lines) + "\n")
    slow = [
        one.name
        for kind in (answered, forwarded)
        for one in kind
        if statistics.median(_ratios(one, kind[0])) < 1 - MOST
    ]
    if slow:
        sys.exit(f"more than {MOST:.0%} below the first: {'; '.join(slow)}")


if __name__ == "__main__":
    main()
