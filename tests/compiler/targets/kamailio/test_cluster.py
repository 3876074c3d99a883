"""Three real Kamailios, each as `sipfo compile --cluster` writes it: what one knows the others know,
and when one is killed under load no new call is lost."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from compiler.targets.kamailio.live import (
    Live,
    Party,
    answer,
    header,
    inside,
    member_of,
    put_cluster,
    request,
)
from compiler.targets.kamailio.load import place_calls
from sipfo.plan.model import Cluster, Limit, Member, Plan, Probe
from verify.seed import NUMBER, plan

NAMES = ("a", "b", "c")
HOSTS = {"a": "192.0.2.10", "b": "192.0.2.11", "c": "192.0.2.12"}
CALLER, EAST, WEST = "192.0.2.130", "198.51.100.10", "198.51.100.11"

CLUSTER = Cluster(
    name="edge",
    members=tuple(
        Member(
            name=name,
            host=f"10.0.0.{place}",
            port=5066,
            listen=(HOSTS[name],),
            egress=(f"192.76.120.{place + 9}", f"64.16.250.{place + 9}"),
        )
        for place, name in enumerate(NAMES, 1)
    ),
)
PLAN = plan(round_robin=True).model_copy(update={"cluster": CLUSTER})


def probing(cluster: Plan) -> Plan:
    """The plan with a probe of its first route that is seldom, so that calls tell before it does."""
    first, *others = cluster.routes
    probe = Probe(every=30.0, down_after=1, up_after=1)
    routes = (first.model_copy(update={"probe": probe}), *others)
    return cluster.model_copy(update={"routes": routes})


def until(found: Callable[[], object], wanted: object) -> object:
    """What `found` gives once it is what is wanted, or last of all."""
    last = found()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as clock:
        for _ in range(200):
            if last == wanted:
                break
            select.select([clock], [], [], 0.05)
            last = found()
    return last


def acquainted(live: Live, others: int) -> bool:
    """Whether a member knows of so many others that are there."""
    active = live.rpc("dmq.list_nodes").count("status: active")
    return active >= others + 1  # it lists itself


@contextmanager
def cluster(used: Plan, names: tuple[str, ...] = NAMES) -> Iterator[dict[str, Live]]:
    """Members of a cluster that all know one another."""
    folder = put_cluster(used)
    with ExitStack() as stack:
        lives = {name: stack.enter_context(member_of(used, folder, name)) for name in names}
        for live in lives.values():
            assert until(partial(acquainted, live, len(names) - 1), True), live.log()
        yield lives


def asked(caller: Party, parties: dict[str, Party], member: str, call: str) -> str:
    """Who gets the INVITE of a call that is placed at a member; it is answered."""
    uri = f"sip:{NUMBER}@{HOSTS[member]}"
    caller.send(request("INVITE", uri, caller, call=call, branch=call), (HOSTS[member], 5060))
    while True:
        for name, party in parties.items():
            while (heard := party.hear(0.05)) is not None:
                if heard.startswith("OPTIONS"):
                    party.send(answer(heard, "200 OK", party), party.heard_from)
                if heard.startswith("INVITE") and header(heard, "Call-ID") == [call]:
                    party.send(answer(heard, "200 OK", party), party.heard_from)
                    return name


def test_a_round_robin_goes_on_at_the_next_member() -> None:
    def work() -> object:
        with cluster(PLAN) as lives:
            caller, parties = Party(CALLER), {"east": Party(EAST), "west": Party(WEST)}
            heard = []
            for number, member in enumerate(("a", "b", "c", "a", "a", "c")):
                heard.append(asked(caller, parties, member, f"call-{number}"))
                for live in lives.values():
                    count = {"acme": number + 1}
                    assert until(partial(live.table, "turn"), count) == count
            return heard

    assert inside(work) == ["east", "west", "east", "west", "east", "west"]


def test_a_member_that_comes_later_knows_what_the_others_know() -> None:
    def work() -> object:
        with cluster(PLAN, ("a", "b")):
            caller, parties = Party(CALLER), {"east": Party(EAST), "west": Party(WEST)}
            asked(caller, parties, "a", "first")
            folder = put_cluster(PLAN)
            with member_of(PLAN, folder, "c") as late:
                known = until(partial(late.table, "turn"), {"acme": 1})
                return known, asked(caller, parties, "c", "second")

    assert inside(work) == [{"acme": 1}, "west"]


def test_a_member_that_was_killed_comes_back_to_what_the_others_know() -> None:
    def work() -> object:
        folder = put_cluster(PLAN)
        caller, parties = Party(CALLER), {"east": Party(EAST), "west": Party(WEST)}
        with member_of(PLAN, folder, "a") as stays:
            with member_of(PLAN, folder, "b") as dies:
                assert until(partial(acquainted, dies, 1), True), dies.log()
                heard = [asked(caller, parties, "b", "one")]
                until(partial(stays.table, "turn"), {"acme": 1})
                dies.kill()
                heard.append(asked(caller, parties, "a", "two"))
            with member_of(PLAN, folder, "b") as back:
                known = until(partial(back.table, "turn"), {"acme": 2})
                heard.append(asked(caller, parties, "b", "three"))
                told = until(partial(stays.table, "turn"), {"acme": 3})
                return heard, known, told

    assert inside(work) == [["east", "west", "east"], {"acme": 2}, {"acme": 3}]


def test_what_one_member_finds_down_the_others_pass_over() -> None:
    """East is reachable from everywhere; only member a is told that it is down."""
    used = probing(PLAN.model_copy(update={"trunks": (_sequential(PLAN),)}))

    def work() -> object:
        with cluster(used) as lives:
            caller, parties = Party(CALLER), {"east": Party(EAST), "west": Party(WEST)}
            before = asked(caller, parties, "b", "before")
            east_is(lives["a"], "ip")
            heard = [asked(caller, parties, "a", "finds")]
            told = until(lambda: len(lives["b"].table("down")), 1)
            heard += [asked(caller, parties, "b", "told"), asked(caller, parties, "b", "again")]
            # member b's own probe finds it up, which counts from now on
            east_is(lives["b"], "ap")
            heard.append(asked(caller, parties, "b", "up"))
            return before, told, heard, sorted(lives["b"].table("heard"))

    before, told, heard, listened = inside(work)
    assert before == "east"
    assert told == 1
    assert heard == ["west", "west", "west", "east"]
    assert listened == ["us.primary:route/pbx-east:0"]


def east_is(live: Live, state: str) -> None:
    """Have a member find the first route up (`ap`) or down (`ip`)."""
    for number in live.table("probe").values():
        live.rpc("dispatcher.set_state", state, str(number), f"sip:{EAST}:5060;transport=udp")


def _sequential(used: Plan) -> object:
    return used.trunks[0].model_copy(update={"method": "sequential"})


def test_a_limit_of_calls_counts_what_the_others_carry() -> None:
    trunk = PLAN.trunks[0].model_copy(update={"limit": Limit(calls=2)})
    used = PLAN.model_copy(update={"trunks": (trunk,)})

    def work() -> object:
        with cluster(used, ("a", "b")) as lives:
            caller, parties = Party(CALLER), {"east": Party(EAST), "west": Party(WEST)}
            told = []
            for number in (1, 2):
                asked(caller, parties, "a", f"call-{number}")
                told.append((caller.hear_final() or "").split("\n")[0])
            count = {"trunk/acme:a": 2}
            known = until(partial(lives["b"].table, "calls"), count)
            uri = f"sip:{NUMBER}@{HOSTS['b']}"
            text = request("INVITE", uri, caller, call="third", branch="third")
            caller.send(text, (HOSTS["b"], 5060))
            while "Call-ID: third" not in (third := caller.hear_final() or "Call-ID: third"):
                continue
            return told, known == count, third.split("\n")[0], header(third, "Retry-After")

    told, known, third, later = inside(work)
    assert told == ["SIP/2.0 200 OK"] * 2
    assert known
    assert (third, later) == ("SIP/2.0 503 Service Unavailable", ["1"])


def test_nobody_but_a_member_is_heard_where_members_talk() -> None:
    def work() -> object:
        with cluster(PLAN, ("a", "b")) as lives:
            stranger, caller = Party("203.0.113.99"), Party(CALLER)
            body = '{"action":1,"htname":"turn","cname":"acme","type":0,"intval":7,"mode":1}'
            for by in (stranger, caller):
                for at in ("10.0.0.1", HOSTS["a"]):
                    text = request("KDMQ", f"sip:htable@{at}:5066", by, branch=at)
                    text = text.replace(
                        "Content-Length: 0\n\n",
                        f"Content-Type: application/json\nContent-Length: {len(body)}\n\n{body}",
                    )
                    by.send(text, (at, 5066 if at.startswith("10.") else 5060))
                invite = request("INVITE", f"sip:{NUMBER}@10.0.0.1", by, branch="inner")
                by.send(invite, ("10.0.0.1", 5066))
            told = [stranger.hear(0.7), caller.hear(0.7)]
            told = [one and one.split("\n")[0] for one in told]
            return told, lives["a"].table("turn")

    told, turns = inside(work)
    assert turns == {}
    assert told == ["SIP/2.0 403 Forbidden", "SIP/2.0 405 Method Not Allowed"]  # at the door


def test_no_new_call_is_lost_when_a_member_is_killed_under_load() -> None:
    """A caller that is silent to goes on to the next address, as RFC 3263 section 4.3 has it."""

    def work() -> object:
        with cluster(PLAN) as lives:
            placed = place_calls(
                CALLER,
                (EAST, WEST),
                tuple((host, 5060) for host in HOSTS.values()),
                f"sip:{NUMBER}@HOST",
                calls=100,
                after={34: lives["b"].kill},
            )
            alive = [lives[name].alive() for name in NAMES]
            # the counter went on: calls were shared between both routes throughout
            east, west = (placed.by_route.count(host) for host in (EAST, WEST))
            return placed.answered, placed.retried, alive, [east, west]

    answered, retried, alive, shares = inside(work)
    assert answered == 100
    assert alive == [True, False, True]
    assert retried >= 20  # every third call was meant for the dead member
    assert min(shares) >= 33
