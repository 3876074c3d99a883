"""Plans that Telnyx can say, as hypothesis draws them."""

from __future__ import annotations

from hypothesis import strategies as st

from sipfo.compiler.targets.telnyx.facts import REGIONS
from sipfo.plan.model import (
    Accept,
    Carrier,
    CommitOnCode,
    Egress,
    Forward,
    Limit,
    Listen,
    NumberPrefix,
    NumberRange,
    Numbers,
    OnCode,
    OnLocal,
    OnRange,
    Plan,
    Retry,
    Route,
    Rule,
    Trunk,
)

_SECONDS = st.integers(1, 32)
_HOSTS = st.integers(1, 250).map(lambda last: f"sip:198.51.100.{last}")
_NAMES = st.sampled_from(("pbx.example.com", "b.example.net", "sip-1.example.org"))


@st.composite
def _retries(draw: st.DrawFn) -> Retry:
    over: list[Rule] = [Rule(match=OnLocal(outcome="transport-error"), verdict="failover")]
    over += [Rule(match=OnCode(code=code), verdict="failover") for code in (408, 480, 503, 504)]
    stops = [Rule(match=OnCode(code=code), verdict="stop") for code in (404, 486, 603)]
    stops += draw(st.sampled_from(([], [Rule(match=OnRange(first=600, last=699), verdict="stop")])))
    timer = draw(st.none() | _SECONDS)
    return Retry(
        name="mine",
        rules=(*over, *stops),
        otherwise="stop",
        commit=draw(
            st.sampled_from(
                ((CommitOnCode(code=180),), (CommitOnCode(code=180), CommitOnCode(code=183)))
            )
        ),
        **({} if timer is None else {"no_response": float(timer), "no_progress": float(timer)}),
        no_answer=float(draw(st.integers(1, 600))),
    )


def _claims(start: int) -> tuple[tuple[Numbers, ...], ...]:
    """A number, a range, or both."""
    one = NumberPrefix(prefix=f"+{start}")
    some = NumberRange(first=f"+{start + 5}", last=f"+{start + 7}")
    return (one,), (some,), (one, some)


@st.composite
def _uris(draw: st.DrawFn) -> tuple[str, ...]:
    """One to three routes of one kind and one transport."""
    transport = draw(st.sampled_from(("", ";transport=tcp", ";transport=tls", ";transport=udp")))
    hosts = _HOSTS if draw(st.booleans()) else _NAMES.map("sip:".__add__)
    chosen = draw(st.lists(hosts, min_size=1, max_size=3, unique=True))
    ports = st.sampled_from(("", ":5060", ":5061", ":7000"))
    return tuple(f"{host}{draw(ports)}{transport}" for host in chosen)


@st.composite
def sayable(draw: st.DrawFn) -> Plan:
    """One or two trunks, each with routes of its own."""
    retry = draw(_retries())
    regions = draw(st.lists(st.sampled_from(REGIONS), min_size=1, max_size=2, unique=True))
    egress: list[Egress] = []
    routes: list[Route] = []
    trunks: list[Trunk] = []
    for place, region in enumerate(regions):
        first, second = draw(st.sampled_from(region.pairs))
        egress += [
            Egress(name=f"r{place}.primary", host=first, port=5060),
            Egress(name=f"r{place}.secondary", host=second, port=5060),
        ]
        named = [
            Route(name=f"pbx-{place}-{n}", destinations=(uri,))
            for n, uri in enumerate(draw(_uris()))
        ]
        routes += named
        numbers = draw(st.sampled_from(_claims(13125550000 + place * 1000)))
        forward = Forward(
            number="+13125550999",
            carriers=("c",),
            egress=f"r{place}.primary",
            always=draw(st.sampled_from((None, True))),
        )
        trunks.append(
            Trunk(
                name=f"trunk-{place}",
                numbers=numbers,
                accept=Accept(anyone=True),
                egress=(f"r{place}.primary", f"r{place}.secondary"),
                method=draw(st.sampled_from(("sequential", "round-robin"))),
                routes=tuple(one.name for one in named),
                retry=retry.name,
                limit=draw(st.none() | st.builds(Limit, calls=st.integers(1, 1000))),
                forward=draw(st.sampled_from((None, forward))),
            )
        )
    return Plan(
        listen=(Listen(transport="udp", host="192.0.2.10", port=5060),),
        egress=tuple(egress),
        routes=tuple(routes),
        carriers=(Carrier(name="c", destination="sip:sip.telnyx.com"),),
        retries=(retry,),
        trunks=tuple(trunks),
    )
