"""Calls by name, each with its plan: what an engine must do as the model does."""

from __future__ import annotations

from runtime.probing import probing
from sipfo.plan.model import (
    Accept,
    CommitOn,
    Limit,
    Listen,
    OnCause,
    OnTag,
    Plan,
    Probe,
    Retry,
    Route,
    Rule,
)
from sipfo.plan.scenario import Reply, Scenario
from verify.seed import RETRY, TELNYX, call, does, plan, plan_to

ONE_CALL = Limit(calls=1, per_second=1)
QUICK = RETRY.model_copy(update={"no_response": 1.0, "no_progress": 1.2, "no_answer": 1.4})


def quick(retry: Retry = QUICK, deadline: float | None = None, **changes: object) -> Plan:
    return plan(retry=retry, deadline=deadline).model_copy(update=changes)


def routes(*destinations: tuple[str, ...] | str) -> tuple[Route, ...]:
    """pbx-east and pbx-west, elsewhere."""
    return tuple(
        Route(name=name, destinations=(where,) if isinstance(where, str) else where)
        for name, where in zip(("pbx-east", "pbx-west"), destinations, strict=True)
    )


TCP = quick(routes=routes("sip:198.51.100.10;transport=tcp", "sip:198.51.100.11;transport=tcp"))
TLS = quick(routes=routes("sip:198.51.100.10;transport=tls", "sip:west.example.com;transport=tls"))
BY_TLS = quick(
    listen=(Listen(transport="tls", host="192.0.2.10", port=5061, certificate="/not/here.pem"),)
)
NAMED = quick(routes=routes("sip:east.example.com", "sip:west.example.com:5070;transport=tcp"))
REGION = quick(routes=routes(("sip:198.51.100.10", "sip:198.51.100.12"), "sip:198.51.100.11"))
OF_IPV6: dict[str, object] = {
    "listen": (Listen(transport="udp", host="2001:db8::10", port=5060),),
    "egress": tuple(
        one.model_copy(update={"host": f"2001:db8::{place}"})
        for place, one in enumerate(plan().egress, 11)
    ),
}
ACCEPT_IPV6 = Accept(networks=("2001:db8:9::/64",))
IPV6 = quick().model_copy(
    update={
        **OF_IPV6,
        "routes": routes("sip:[2001:db8:1::1]", "sip:[2001:db8:1::2]:5070;transport=tcp"),
        "trunks": (quick().trunks[0].model_copy(update={"accept": ACCEPT_IPV6}),),
    }
)
BY_TCP = quick(listen=(Listen(transport="tcp", host="192.0.2.10", port=5060),))
ANYONE = quick(
    trunks=(plan().trunks[0].model_copy(update={"accept": Accept(anyone=True)}),),
)
NEVER_COMMITS = quick(QUICK.model_copy(update={"commit": (CommitOn(point="answer"),)}))
LEVELS = plan_to(TELNYX, retry=QUICK)
LEVELS_IPV6 = plan_to(
    TELNYX.model_copy(
        update={"destinations": ("sip:[2001:db8:1::1]", "sip:[2001:db8:1::2]:5070;transport=tcp")}
    ),
    retry=QUICK,
)
LEVELS_IPV6 = LEVELS_IPV6.model_copy(
    update={
        **OF_IPV6,
        "trunks": (LEVELS_IPV6.trunks[0].model_copy(update={"accept": ACCEPT_IPV6}),),
    }
)
WEIGHTED = plan(("a", "b", "c"), weights=(10, 70, 20), retry=QUICK)
NAMES_TAGS = quick(
    QUICK.model_copy(
        update={
            "rules": (
                Rule(match=OnTag(code=486, tag="D5"), verdict="failover"),
                Rule(match=OnCause(cause=34), verdict="failover"),
                *QUICK.rules,
            )
        }
    )
)
CARRIERS = plan(("pbx-east",), carriers=("northstar", "baltic"), retry=QUICK)
HASTY = Probe(every=0.1, down_after=1, up_after=1)
PROBED = probing(CARRIERS, "pbx-east", "northstar", "baltic", probe=HASTY)
PROBED_NAMES = probing(NAMED, "pbx-east", "pbx-west", probe=HASTY)
LIMITED = CARRIERS.model_copy(
    update={
        "trunks": tuple(one.model_copy(update={"limit": ONE_CALL}) for one in CARRIERS.trunks),
        "carriers": tuple(one.model_copy(update={"limit": ONE_CALL}) for one in CARRIERS.carriers),
    }
)

CALLS: dict[str, tuple[Plan, Scenario]] = {
    "nothing fails": (quick(), call()),
    "a 503 fails over": (quick(), call(does("pbx-east", 503))),
    "a busy stops": (quick(), call(does("pbx-east", 180, 486))),
    "a ringing 503 stops": (quick(), call(does("pbx-east", 180, 503))),
    "silence over UDP": (quick(), call(does("pbx-east", reach="silent"))),
    "silence over TCP": (TCP, call(does("pbx-east", reach="silent"))),
    "TLS": (TLS, call(does("pbx-east", 503))),
    "silence over TLS": (TLS, call(does("pbx-east", reach="silent"))),
    "refused over TLS": (TLS, call(does("pbx-east", reach="refuses"))),
    "one address refused over TLS": (
        TLS,
        call(
            does("pbx-east", reach="refuses", egress="us.primary"),
            does("pbx-west", 503, egress="us.primary"),
        ),
    ),
    "only 100": (quick(), call(does("pbx-east", 100))),
    "ringing for ever": (quick(), call(does("pbx-east", 180))),
    "early media": (quick(), call(does("pbx-east", 183, (200, 0.3)))),
    "refused over UDP": (quick(), call(does("pbx-east", reach="refuses"))),
    "refused over TCP": (TCP, call(does("pbx-east", reach="refuses"))),
    "one address refused over UDP": (
        quick(),
        call(
            does("pbx-east", reach="refuses", egress="us.primary"),
            does("pbx-west", 503, egress="us.primary"),
        ),
    ),
    "one address refused over TCP": (
        TCP,
        call(
            does("pbx-east", reach="refuses", egress="us.primary"),
            does("pbx-west", 503, egress="us.primary"),
        ),
    ),
    "a name": (NAMED, call(does("pbx-east", 503))),
    "no such name": (NAMED, call(does("pbx-east", reach="unresolvable"))),
    "both targets of a region": (REGION, call(does("pbx-east", 503))),
    "the second address of a region": (LEVELS, call(does("telnyx.primary", reach="refuses"))),
    "the second address of a region over IPv6 and TCP": (
        LEVELS_IPV6,
        call(does("telnyx.primary", reach="refuses")),
    ),
    "a level that is silent": (LEVELS, call(does("telnyx.primary", reach="silent"))),
    "a level that is busy": (LEVELS, call(does("telnyx", 503), does("telnyx.secondary", 486))),
    "a level that fails from one address": (
        LEVELS,
        call(does("telnyx.primary", 480, egress="us.primary"), does("telnyx", 404)),
    ),
    "a tag": (NAMES_TAGS, call(does("pbx-east", Reply(status=486, tag="D5")))),
    "another tag": (NAMES_TAGS, call(does("pbx-east", Reply(status=486, tag="D56")))),
    "a cause": (NAMES_TAGS, call(does("pbx-east", Reply(status=500, cause=34)))),
    "another cause": (NAMES_TAGS, call(does("pbx-east", 180, Reply(status=500, cause=38)))),
    "a tag with a cause, where 404 stops": (
        NAMES_TAGS,
        call(does("pbx-east", Reply(status=404, tag="D5", cause=34))),
    ),
    "what is drawn": (WEIGHTED, call(does("c", 503), drawn=("c", "a"))),
    "a draw that is not said": (WEIGHTED, call(does("b", 503))),
    "route-major": (
        plan(order="route-major", retry=QUICK),
        call(does("pbx-east", 503), does("pbx-west", 480)),
    ),
    "IPv6": (IPV6, call(does("pbx-east", 503))),
    "the caller comes over TCP": (BY_TCP, call(does("pbx-east", 503))),
    "the caller comes over TLS": (BY_TLS, call(does("pbx-east", 503))),
    "anyone may call": (ANYONE, call()),
    "the caller gives up": (quick(), call(does("pbx-east", 180), cancel_after=0.5)),
    "the caller gives up in silence": (
        quick(),
        call(does("pbx-east", reach="silent"), cancel_after=0.2),
    ),
    "the deadline": (
        quick(deadline=1.5),
        call(does("pbx-east", reach="silent"), does("pbx-west", reach="silent")),
    ),
    "an answer too late": (quick(), call(does("pbx-east", (200, 1.4)))),
    "an answer after ringing too long": (NEVER_COMMITS, call(does("pbx-east", 180, (200, 2.0)))),
    "everything fails": (quick(), call(does("pbx-east", 480), does("pbx-west", 503))),
    "the second carrier": (
        CARRIERS,
        call(does("pbx-east", reach="refuses"), does("northstar", 504)),
    ),
    "probed, and all answer": (PROBED, call(does("pbx-east", 180, 480))),
    "probed, and dead from the start": (
        PROBED,
        call(does("pbx-east", reach="silent"), does("northstar", reach="refuses")),
    ),
    "probed by name": (
        PROBED_NAMES,
        call(does("pbx-east", reach="unresolvable"), does("pbx-west", reach="silent")),
    ),
    "a limit of one call": (LIMITED, call(does("pbx-east", 480), does("northstar", 503))),
    "the second call of a round robin": (
        plan(("a", "b", "c"), round_robin=True, retry=QUICK),
        call(does("b", 408), calls_before=1),
    ),
}
