"""What FreeSWITCH cannot do as the plan says, construct by construct, and in what way it differs.

Read in November 2026 in FreeSWITCH 1.10's documentation and source (mod_sofia, switch_ivr_originate,
sofia-sip's nta), and seen on no FreeSWITCH: nothing here was tried. What nobody is sure of is refused.
What would surprise: beside the table there are sayings of a policy that depend on two of its parts,
as a 503 and a transport error that are not to be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from sipfo.compiler.targets.freeswitch.causes import CAUSES
from sipfo.compiler.targets.freeswitch.profiles import at_odds
from sipfo.compiler.targets.remark import Remark
from sipfo.grammar import tree
from sipfo.plan.construct import Construct, Support, usages
from sipfo.plan.model import TIMER_C, CommitOn, CommitOnCode, OnCause, OnTag, Plan, Retry, Trunk
from sipfo.plan.outcome import TRANSPORT_ERROR, Judge, responded, timed_out


def _refused(how: str) -> Support:
    return Support("refused", how)


def _approximated(how: str) -> Support:
    return Support("approximated", how)


_TLS: Final = _refused(
    "its certificates lie in a folder and under names of its own, which was not tried: write"
    " `;transport=tcp`, with TLS in front of it"
)
_AUTH: Final = _approximated(
    "it answers with MD5; at the log level `debug` FreeSWITCH writes the password into its log"
)
_PROBE: Final = _refused(
    "its gateways count pings in another way: leave it out; a dead target costs its `no-response`"
)
_LIMIT: Final = _refused("leave it out, or limit the calls in front of it")
_MEDIA: Final = (
    "no early media reaches the caller, who hears ringing instead: a failed attempt's would be a"
    " second answer in one dialog"
)

DIFFERS: Final[Mapping[Construct, Support]] = {
    Construct.LISTEN_TLS: _TLS,
    Construct.TO_TLS: _TLS,
    Construct.TO_REGISTERED: _refused("give the route an address or a name: `to sip:HOST`"),
    Construct.ROUTE_AUTH: _AUTH,
    Construct.CARRIER_AUTH: _AUTH,
    Construct.ROUTE_PROBE: _PROBE,
    Construct.CARRIER_PROBE: _PROBE,
    Construct.CARRIER_LIMIT: _LIMIT,
    Construct.TRUNK_LIMIT: _LIMIT,
    Construct.CARRIER_RATES: _approximated(
        "they are looked up when its files are written: write them again when a rate changes or a date"
        " of the deck comes"
    ),
    Construct.FORWARD_DIALLED: _refused(
        "it has no table of rates by number: name the number, or run it with `sipfo run`"
    ),
    Construct.ACCEPT_CREDENTIAL: _refused("write `accept from`: who calls is known by its address"),
    Construct.TRUSTED: _refused("leave it out: no asserted identity crosses"),
    Construct.TO_NAME: _approximated(
        "sofia-sip looks it up (NAPTR, SRV, addresses) and goes through its targets by itself, on a 503"
        " and on silence, whatever the policy says of them"
    ),
    Construct.ON_TRANSPORT_ERROR: _approximated(
        "it is told as the 503 that RFC 3261 makes of it, which is why both must fail over, or neither;"
        " that a UDP port is closed may cost the whole `no-response` timer"
    ),
    Construct.ON_CAUSE: _approximated(
        "of a Reason header it tells the cause alone, and not the one that it gives the code itself (41"
        " for a 503, 38 for a 502, 17 for a 486): such a response goes by its code"
    ),
    Construct.ON_TAG: _approximated(
        "it looks for the tag in the reason phrase, not in a Reason header"
    ),
    Construct.COMMIT_ON_MEDIA: _approximated(
        f"a provisional with a body commits if it is a 180 or a 183; {_MEDIA}"
    ),
    Construct.COMMIT_ON_PROGRESS: _approximated(
        "of provisional responses it tells 180, 182 and 183 alone: no other commits"
    ),
    Construct.COMMIT_ON_OTHER: _refused(
        "of provisional responses it tells 180 and 183 apart and no others: write `commit on 180, 183`"
    ),
    Construct.GIVEN_UP: _approximated(
        "it is the transaction timer of the address, Timer B of all that is sent from there: who rings"
        " after it gets no CANCEL, and rings on; who answers gets ACK and BYE"
    ),
    Construct.CLUSTER: _approximated(
        "its files are of one machine, with the policy's own addresses: members share nothing"
    ),
}

CAPABILITIES: Final[Mapping[Construct, Support]] = {
    construct: DIFFERS.get(construct, Support("same")) for construct in Construct
}


UNVERIFIED: Final = (
    "unverified: written from the documentation and source of FreeSWITCH 1.10, and never run by a"
    " FreeSWITCH; place calls of your own before anything depends on it"
)
"""What is said wherever this target writes anything."""


class Saying(Enum):
    """Something else that a policy can say, in the policy's own words."""

    TIMERS = "no-progress and no-answer"
    UNLIKE_503 = "503 and transport-error that fare differently"
    UNLIKE_408 = "408 and no-response that fare differently"
    AT_ODDS = "no-response of two kinds from one address"
    UNTOLD = "redirections or challenges that fare differently"
    COMMIT = "commit on 180 or 183"
    UNNAMED_CAUSE = "a cause without a name"
    ROUND_ROBIN = "round-robin"
    DEADLINE = "deadline"


SAYINGS: Final[Mapping[Saying, Support]] = {
    Saying.TIMERS: _approximated(
        "both count from the INVITE, in whole seconds, rounded up, and end up to a second late; of"
        " provisional responses 180, 182 and 183 alone end `no-progress`"
    ),
    Saying.UNLIKE_503: _refused(
        "FreeSWITCH tells a transport error as a 503: name both in the same list"
    ),
    Saying.UNLIKE_408: _refused(
        "FreeSWITCH tells its own timeout as a 408: name both in the same list"
    ),
    Saying.AT_ODDS: _refused(
        "FreeSWITCH has one transaction timer for each address: give all trunks that send from it the"
        " same `no-response`"
    ),
    Saying.UNTOLD: _approximated(
        "of a redirection (3xx) and of a challenge that it has no password for, neither the code is"
        " told, nor a tag or a cause: they are a 302 and a 407"
    ),
    Saying.COMMIT: _approximated(
        f"a 180 with a body counts as a 183, a 183 without one and a 182 as a 180; {_MEDIA}"
    ),
    Saying.UNNAMED_CAUSE: _refused("FreeSWITCH has no name for it: name codes"),
    Saying.ROUND_ROBIN: _approximated(
        "two calls at the same moment may begin at the same route; it counts anew after a restart"
    ),
    Saying.DEADLINE: _approximated("an attempt ends up to a second after it"),
}


def refusals(plan: Plan) -> Iterator[str]:
    """What to write instead, for each thing that the target refuses in a plan."""
    for usage in usages(plan):
        support = CAPABILITIES[usage.construct]
        if support.level == "refused":
            yield f"`{usage.construct.value}`: {support.how}"
    for remark in remarks(plan):
        if remark.support.level == "refused":
            yield f"`{remark.what}`: {remark.support.how}"


def remarks(plan: Plan) -> Iterator[Remark]:
    """What is to be said of a plan beside the table, in the order of the plan."""
    used = {trunk.retry for trunk in plan.trunks}
    for retry in plan.retries:
        if retry.name in used:
            yield from _of_retry(retry)
    for trunk in plan.trunks:
        yield from _of_trunk(trunk)
    for trunk, _ in at_odds(plan):
        yield _remark(Saying.AT_ODDS, tree.Trunk, trunk.name, tree.SendFrom)


def _of_retry(retry: Retry) -> Iterator[Remark]:
    def about(saying: Saying, node: type[tree.Node]) -> Remark:
        return _remark(saying, tree.Retry, retry.name, node)

    judge = Judge(retry)
    if judge.verdict(responded(503)) != judge.verdict(TRANSPORT_ERROR):
        yield about(Saying.UNLIKE_503, tree.FailoverOn)
    if judge.verdict(responded(408)) != judge.verdict(timed_out("no-response")):
        yield about(Saying.UNLIKE_408, tree.FailoverOn)
    if _tells_untold(retry, judge):
        yield about(Saying.UNTOLD, tree.FailoverOn)
    causes = (one.match.cause for one in retry.rules if isinstance(one.match, OnCause))
    if any(cause not in CAUSES for cause in causes):
        yield about(Saying.UNNAMED_CAUSE, tree.FailoverOn)
    if any(isinstance(one, CommitOnCode) and one.code in (180, 183) for one in retry.commit):
        yield about(Saying.COMMIT, tree.CommitOn)
    if (retry.no_progress, retry.no_answer) != (TIMER_C, TIMER_C):
        yield about(Saying.TIMERS, tree.Timer)


def _tells_untold(retry: Retry, judge: Judge) -> bool:
    """Whether a policy tells redirections, or challenges, from one another."""
    kinds = (range(300, 400), (401, 407))
    tagged = {one.match.code for one in retry.rules if isinstance(one.match, OnTag)}
    return any(
        len({judge.verdict(responded(code)) for code in kind}) > 1 or not tagged.isdisjoint(kind)
        for kind in kinds
    )


def _of_trunk(trunk: Trunk) -> Iterator[Remark]:
    if trunk.method == "round-robin":
        yield _remark(Saying.ROUND_ROBIN, tree.Trunk, trunk.name, tree.Routes)
    if trunk.deadline is not None:
        yield _remark(Saying.DEADLINE, tree.Trunk, trunk.name, tree.Deadline)


def commits_on_ringing(retry: Retry) -> bool:
    """Whether ringing without media ends failover."""
    return any(
        (isinstance(one, CommitOnCode) and one.code == 180)
        or (isinstance(one, CommitOn) and one.point == "progress")
        for one in retry.commit
    )


def commits_on_media(retry: Retry) -> bool:
    """Whether a provisional with a body ends failover."""
    return any(
        (isinstance(one, CommitOnCode) and one.code == 183)
        or (isinstance(one, CommitOn) and one.point in ("progress", "early-media"))
        for one in retry.commit
    )


def _remark(saying: Saying, block: type[tree.Block], name: str, node: type[tree.Node]) -> Remark:
    return Remark(saying.value, SAYINGS[saying], block, name, node)
