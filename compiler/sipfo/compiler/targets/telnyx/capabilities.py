"""What Telnyx's API cannot say of a policy, or says in another way.

Its pages and schema were read in November 2026 (`facts.py`); nothing here was tried on a live
account. What would surprise: the table is by sentence of a policy, and not by `Construct`, because
an API with a handful of fields refuses far more than an engine does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Final

from sipfo.compiler.targets.places import destination
from sipfo.compiler.targets.remark import Remark
from sipfo.compiler.targets.telnyx import shape
from sipfo.compiler.targets.telnyx.facts import (
    ANSWER,
    MOST_NUMBERS,
    MOST_ROUTES,
    REGIONS,
    RINGBACK,
    region_of,
)
from sipfo.grammar import tree
from sipfo.plan.construct import Support
from sipfo.plan.model import CommitOnCode, OnCause, OnTag, Plan, Retry, Route, Trunk


class Saying(Enum):
    """Something that a policy can say, in the policy's own words."""

    TO_REGISTERED = "to registered"
    TO_REGION = "to region"
    TO_USER = "a user in a route's URI"
    TO_IPV6 = "a route to an IPv6 address"
    TO_NAME = "a route to a name"
    ROUTE_AUTH = "auth of a route"
    ROUTE_PROBE = "probe of a route"
    TRUSTED = "trusted"
    CODES = "other codes than telnyx.standard's"
    UNLISTED_FAIL_OVER = "failover on codes that Telnyx does not list"
    UNLISTED = "codes that Telnyx does not list"
    TAG_OR_CAUSE = "tagged and cause"
    NO_TIMER = "a retry policy without no-response and no-progress"
    ONE_TIMER = "no-response and no-progress, equal"
    TIMERS = "no-response and no-progress that differ, or no whole seconds"
    NO_ANSWER = "no-answer beyond 600 s, or no whole seconds"
    NUMBERS = "numbers any, or the beginning of numbers"
    MANY_NUMBERS = f"more than {MOST_NUMBERS:,} numbers"
    ACCEPT_FROM = "accept from"
    ACCEPT_CREDENTIAL = "accept credential"
    FROM = "from addresses that are not a region of Telnyx's"
    MIXED = "names beside addresses among a trunk's routes"
    TRANSPORTS = "several transports among a trunk's routes"
    WEIGHTED = "routes weighted"
    FOURTH = "a fourth route, sequential"
    FOURTH_IN_TURN = "a fourth route, round-robin"
    ROUTE_MAJOR = "order route-major"
    DEADLINE = "deadline"
    PER_SECOND = "limit … per second of a trunk"
    FORWARD = "on failure forward, always forward"
    DIALLED = "forward to dialled"
    AT_MOST = "forward … at most"
    CLUSTER = "cluster"


def _refused(how: str) -> Support:
    return Support("refused", how)


def _approximated(how: str) -> Support:
    return Support("approximated", how)


_AS_ADDRESS: Final = "give the route an address or a name: `to sip:HOST`"

CAPABILITIES: Final[Mapping[Saying, Support]] = {
    Saying.TO_REGISTERED: _refused(_AS_ADDRESS),
    Saying.TO_REGION: _refused(_AS_ADDRESS),
    Saying.TO_USER: _refused("leave the user out: Telnyx puts the called number there"),
    Saying.TO_IPV6: _refused("give the route an IPv4 address or a name"),
    Saying.TO_NAME: _approximated(
        "looked up by SRV for the connection's transport alone, UDP if the URI names none; Telnyx goes"
        " on to the name's next target on 503 only"
    ),
    Saying.ROUTE_AUTH: _refused("Telnyx answers no challenge of a route: accept its addresses"),
    Saying.ROUTE_PROBE: _refused("Telnyx probes no route: leave it out"),
    Saying.TRUSTED: _refused("Telnyx decides what identity it passes: leave it out"),
    Saying.CODES: _refused(
        "Telnyx fixes its codes: failover on 408, 480, 503, 504, transport-error; stop on 404, 486,"
        " 603; commit on 180; write `retry telnyx.standard` or `retry telnyx.timed`"
    ),
    Saying.UNLISTED_FAIL_OVER: _refused(
        "Telnyx fixes its codes, and fails over on 408, 480, 503, 504 and transport errors alone:"
        " write `otherwise stop`"
    ),
    Saying.UNLISTED: _approximated("what Telnyx does on a code in neither list is undocumented"),
    Saying.TAG_OR_CAUSE: _refused("Telnyx goes by the code alone: name codes"),
    Saying.NO_TIMER: _approximated("Telnyx's own timer holds: 5 s until 180 or 183"),
    Saying.ONE_TIMER: _approximated(
        "one timer (`timeout_1xx_secs`) runs from the INVITE until 180 or 183, and a 100 starts no"
        " second one"
    ),
    Saying.TIMERS: _refused(
        f"Telnyx has one timer until 180 or 183: give both the same whole seconds, {RINGBACK[0]} to"
        f" {RINGBACK[1]}"
    ),
    Saying.NO_ANSWER: _refused(f"give whole seconds, {ANSWER[0]} to {ANSWER[1]}"),
    Saying.NUMBERS: _refused(
        "each number is set up by itself: list them, `+13125550100 .. +13125550199`"
    ),
    Saying.MANY_NUMBERS: _refused("each number is three requests: list fewer"),
    Saying.ACCEPT_FROM: _approximated("calls come from whoever dials the number, through Telnyx"),
    Saying.ACCEPT_CREDENTIAL: _refused("who dials a number has no password: write `accept anyone`"),
    Saying.FROM: _refused(
        f"Telnyx sends from its own addresses, of {', '.join(one.name for one in REGIONS)}:"
        " `import telnyx` and `from us`, `eu` or `au`"
    ),
    Saying.MIXED: _refused(
        "a connection has addresses or names: give every route of the trunk the same kind"
    ),
    Saying.TRANSPORTS: _refused(
        "a connection has one transport: give every route of the trunk the same `;transport=`"
    ),
    Saying.WEIGHTED: _refused("write `routes sequential` or `routes round-robin`"),
    Saying.FOURTH: _refused(
        f"a connection prefers a primary, a secondary and a tertiary route: list {MOST_ROUTES}"
    ),
    Saying.FOURTH_IN_TURN: _approximated(
        "in which order the fourth and later ones come is Telnyx's"
    ),
    Saying.ROUTE_MAJOR: _refused(
        "Telnyx tries all routes by its first address, then all by the second: leave `order` out"
    ),
    Saying.DEADLINE: _refused(
        "no field ends the whole set-up: leave it out, or shorten the timers"
    ),
    Saying.PER_SECOND: _refused("`channel_limit` is calls at once: leave `per second` out"),
    Saying.FORWARD: _approximated(
        "Telnyx forwards through up to ten carriers of its own: nothing that the policy says of its"
        " carriers is used"
    ),
    Saying.DIALLED: _refused("Telnyx forwards to a number that is written down: write one"),
    Saying.AT_MOST: _refused(
        "what a forwarded call may cost is no setting of a number: leave it out"
    ),
    Saying.CLUSTER: _refused("Telnyx carries the calls on machines of its own: leave it out"),
}


def remarks(plan: Plan) -> Iterator[Remark]:
    """What Telnyx cannot say of a plan, in the order of the plan."""
    used = {name for trunk in plan.trunks for name in trunk.routes}
    for route in plan.routes:
        if route.name in used:
            yield from _of_route(route)
    policies = {trunk.retry for trunk in plan.trunks}
    for retry in plan.retries:
        if retry.name in policies:
            yield from _of_retry(retry)
    for trunk in plan.trunks:
        yield from _of_trunk(plan, trunk)
    if shape.has_too_many(plan):
        first = plan.trunks[0].name
        yield _remark(Saying.MANY_NUMBERS, tree.Trunk, first, tree.Numbers)
    if plan.cluster is not None:
        yield _remark(Saying.CLUSTER, tree.Cluster, plan.cluster.name, tree.Member)


def _of_route(route: Route) -> Iterator[Remark]:
    def about(saying: Saying, node: type[tree.Node]) -> Remark:
        return _remark(saying, tree.Route, route.name, node)

    if route.registered is not None:
        yield about(Saying.TO_REGISTERED, tree.ToRegistered)
    elif len(route.destinations) > 1:
        yield about(Saying.TO_REGION, tree.ToRegion)
    else:
        where = destination(route.destinations[0])
        if where.user is not None:
            yield about(Saying.TO_USER, tree.ToUri)
        if where.family == 6:
            yield about(Saying.TO_IPV6, tree.ToUri)
        if not where.is_numeric:
            yield about(Saying.TO_NAME, tree.ToUri)
    if route.auth is not None:
        yield about(Saying.ROUTE_AUTH, tree.Auth)
    if route.probe is not None:
        yield about(Saying.ROUTE_PROBE, tree.Probe)
    if route.trusted:
        yield about(Saying.TRUSTED, tree.Trusted)


def _of_retry(retry: Retry) -> Iterator[Remark]:
    def about(saying: Saying, node: type[tree.Node]) -> Remark:
        return _remark(saying, tree.Retry, retry.name, node)

    if any(isinstance(rule.match, OnTag | OnCause) for rule in retry.rules):
        yield about(Saying.TAG_OR_CAUSE, tree.FailoverOn)
    if not shape.is_telnyx_table(retry) or not _commits_as_telnyx(retry):
        yield about(Saying.CODES, tree.FailoverOn)
    elif shape.fails_over_beyond(retry):
        yield about(Saying.UNLISTED_FAIL_OVER, tree.FailoverOn)
    else:
        yield about(Saying.UNLISTED, tree.Otherwise)
    if shape.has_no_timer(retry):
        yield about(Saying.NO_TIMER, tree.Retry)
    elif shape.ringback(retry) is None:
        yield about(Saying.TIMERS, tree.Timer)
    else:
        yield about(Saying.ONE_TIMER, tree.Timer)
    if shape.whole_seconds(retry.no_answer, ANSWER) is None:
        yield about(Saying.NO_ANSWER, tree.Timer)


def _commits_as_telnyx(retry: Retry) -> bool:
    """On 180; its support article counts 183 as connected too."""
    codes = {one.code for one in retry.commit if isinstance(one, CommitOnCode)}
    return len(codes) == len(retry.commit) and codes in ({180}, {180, 183})


def _of_trunk(plan: Plan, trunk: Trunk) -> Iterator[Remark]:
    def about(saying: Saying, node: type[tree.Node]) -> Remark:
        return _remark(saying, tree.Trunk, trunk.name, node)

    if not shape.is_listed(trunk):
        yield about(Saying.NUMBERS, tree.Numbers)
    if trunk.accept.credentials:
        yield about(Saying.ACCEPT_CREDENTIAL, tree.AcceptCredential)
    elif not trunk.accept.anyone:
        yield about(Saying.ACCEPT_FROM, tree.AcceptFrom)
    if region_of(shape.hosts_of(plan, trunk)) is None:
        yield about(Saying.FROM, tree.SendFrom)
    yield from _of_routes(plan, trunk)
    if trunk.order == "route-major":
        yield about(Saying.ROUTE_MAJOR, tree.Order)
    if trunk.deadline is not None:
        yield about(Saying.DEADLINE, tree.Deadline)
    if trunk.limit is not None and trunk.limit.per_second is not None:
        yield about(Saying.PER_SECOND, tree.Limit)
    if trunk.trusted:
        yield about(Saying.TRUSTED, tree.Trusted)
    if trunk.forward is not None:
        yield about(Saying.FORWARD, tree.Forward)
        if trunk.forward.number is None:
            yield about(Saying.DIALLED, tree.Forward)
        if trunk.forward.at_most is not None:
            yield about(Saying.AT_MOST, tree.Forward)


def _of_routes(plan: Plan, trunk: Trunk) -> Iterator[Remark]:
    def about(saying: Saying) -> Remark:
        node = tree.Weighted if saying is Saying.WEIGHTED else tree.Routes
        return _remark(saying, tree.Trunk, trunk.name, node)

    if trunk.method == "weighted":
        yield about(Saying.WEIGHTED)
    elif len(trunk.routes) > MOST_ROUTES:
        is_listed = trunk.method == "sequential"
        yield about(Saying.FOURTH if is_listed else Saying.FOURTH_IN_TURN)
    places = shape.destinations_of(plan, trunk)
    if len({one.is_numeric for one in places}) > 1:
        yield about(Saying.MIXED)
    if len({one.transport or "udp" for one in places}) > 1:
        yield about(Saying.TRANSPORTS)


def _remark(saying: Saying, block: type[tree.Block], name: str, node: type[tree.Node]) -> Remark:
    return Remark(saying.value, CAPABILITIES[saying], block, name, node)
