"""Users that register at a real Kamailio: who may, what is kept of it, and where a call goes then."""

from __future__ import annotations

import hashlib
import re
from functools import partial
from itertools import count

from compiler.targets.kamailio.live import (
    Live,
    Party,
    Refused,
    answer,
    header,
    inside,
    member_of,
    put,
    put_cluster,
    request,
    running,
    started,
)
from compiler.targets.kamailio.test_cluster import CLUSTER, HOSTS, acquainted, until
from sipfo.plan.model import (
    Instance,
    Plan,
    Registered,
    RegisteredUser,
    Registrar,
    Route,
)
from verify.seed import NUMBER, plan

DOMAIN = "sip.acme.example"
DOOR = ("192.0.2.10", 5060)
CALLER, PHONE, EDGE = "192.0.2.130", "198.51.100.70", "192.0.2.21"
CALLED = f"sip:{NUMBER}@192.0.2.10"
SECRETS = {"ALICE_PW": "wonder|land", "BOB_PW": "builder"}

OFFICE = Registrar(
    name="office",
    domain=DOMAIN,
    users=(
        RegisteredUser(name="alice", secret="ALICE_PW"),
        RegisteredUser(name="bob", secret="BOB_PW"),
    ),
    instances=(
        Instance(name="here", host="192.0.2.10", port=5060),
        Instance(name="there", host=EDGE, port=5060),
    ),
)
DESK = Route(
    name="desk",
    destinations=("sip:alice@192.0.2.10", f"sip:alice@{EDGE}"),
    levels=("here", "there"),
    registered=Registered(user="alice", registrar="office"),
)


def office() -> Plan:
    """The seed's plan with one route, to a registered user."""
    return plan(("desk",)).model_copy(update={"routes": (DESK,), "registrars": (OFFICE,)})


PLAN = office()


def md5(*parts: str) -> str:
    """A hash of RFC 2617, of parts with colons between."""
    return hashlib.md5(":".join(parts).encode()).hexdigest()


def proof(challenge: str, user: str, password: str, domain: str = DOMAIN) -> str:
    """What answers a challenge (RFC 2617 section 3.2.2)."""
    said = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
    uri = f"sip:{domain}"
    first, second = md5(user, said["realm"], password), md5("REGISTER", uri)
    made = md5(first, said["nonce"], "00000001", "xyz", "auth", second)
    return (
        f'Authorization: Digest username="{user}", realm="{said["realm"]}",'
        f' nonce="{said["nonce"]}", uri="{uri}", response="{made}", qop=auth, nc=00000001,'
        ' cnonce="xyz", algorithm=MD5'
    )


def register(
    by: Party,
    user: str,
    password: str,
    *,
    known_as: str = "",
    domain: str = DOMAIN,
    contact: str = "",
    lines: tuple[str, ...] = (),
    door: tuple[str, int] = DOOR,
    serial: str = "1",
) -> tuple[str, str]:
    """What a REGISTER is answered, and what the answer to its challenge is."""
    name = known_as or user
    here = contact or f"<sip:{name}@{by.host}:{by.port}>"

    def ask(branch: str, number: int, more: tuple[str, ...]) -> str:
        text = request(
            *("REGISTER", f"sip:{domain}", by),
            call=f"register-{serial}-{by.host}",
            branch=f"{branch}-{serial}",
            number=number,
            lines=(*more, *lines),
        )
        text = re.sub("(?m)^(From|To): <[^>]*>", rf"\1: <sip:{name}@{domain}>", text)
        by.send(re.sub("(?m)^Contact: .*", f"Contact: {here}", text), door)
        return by.hear_final() or ""

    asked = ask("first", 1, ())
    first = status(asked)
    if first != "401":
        return first, ""
    return first, status(ask("second", 2, (proof(asked, user, password, domain),)))


def status(message: str) -> str:
    """The status code of a response."""
    return message.split(" ")[1] if message else ""


def called(caller: Party, phone: Party, call: str = "call-1") -> list[str]:
    """The INVITE that a telephone gets, as request line, routes and who sent it; or what the caller
    is told."""
    caller.send(request("INVITE", CALLED, caller, call=call, branch=call), DOOR)
    while (heard := phone.hear(1.0)) is not None:
        if heard.startswith("INVITE") and header(heard, "Call-ID") == [call]:
            phone.send(answer(heard, "486 Busy Here", phone), phone.heard_from)
            break
    told = status(caller.hear_final() or "")
    if heard is None:
        return [told]
    return [heard.split("\n")[0], *header(heard, "Route"), phone.heard_from[0]]


def test_a_telephone_that_registers_is_called_where_it_is() -> None:
    def work() -> object:
        with running(PLAN, SECRETS):
            caller, phone = Party(CALLER), Party(PHONE)
            before = called(caller, phone)
            answers = register(phone, "alice", SECRETS["ALICE_PW"])
            return before, answers, called(caller, phone, "call-2")

    before, answers, after = inside(work)
    assert before == ["480"]  # nobody is registered
    assert answers == ["401", "200"]
    assert after == [f"INVITE sip:alice@{PHONE}:5060 SIP/2.0", DOOR[0]]


def test_a_telephone_behind_an_edge_is_called_through_it() -> None:
    """The edge has put itself into the Path (RFC 3327 section 5.1)."""

    def work() -> object:
        with running(PLAN, SECRETS):
            caller, edge = Party(CALLER), Party(EDGE)
            lines = (f"Path: <sip:token@{EDGE};lr>", "Supported: path")
            contact = "<sip:alice@10.1.1.1:5062>"
            answers = register(edge, "alice", SECRETS["ALICE_PW"], contact=contact, lines=lines)
            without = register(
                *(edge, "alice", SECRETS["ALICE_PW"]),
                contact=contact,
                lines=lines[:1],
                serial="2",
            )
            return answers, without, called(caller, edge)

    answers, without, heard = inside(work)
    assert answers == ["401", "200"]
    assert without == ["401", "420"]  # it says nothing of Path: nobody could be sure to reach it
    first, route, sender = heard
    assert first == "INVITE sip:alice@10.1.1.1:5062 SIP/2.0"
    assert route == f"<sip:token@{EDGE};lr>"
    assert sender == "192.76.120.10"


def test_a_telephone_behind_a_nat_is_called_where_it_registered_from() -> None:
    def work() -> object:
        with running(PLAN, SECRETS):
            caller, phone = Party(CALLER), Party(PHONE, 33333)
            register(phone, "alice", SECRETS["ALICE_PW"], contact="<sip:alice@10.1.1.1:5062>")
            return called(caller, phone)

    assert inside(work) == ["INVITE sip:alice@10.1.1.1:5062 SIP/2.0", DOOR[0]]


def test_nobody_registers_without_the_password_or_for_another() -> None:
    """Who is not there hears what a wrong password hears."""

    def work() -> object:
        with running(PLAN, SECRETS) as live:
            phone = Party(PHONE)
            right = SECRETS["ALICE_PW"]
            heard = {
                "wrong": register(phone, "alice", "guess", serial="1"),
                "nobody": register(phone, "mallory", "guess", serial="2"),
                "another": register(phone, "bob", SECRETS["BOB_PW"], known_as="alice", serial="3"),
                "elsewhere": register(phone, "alice", right, domain="example.org", serial="4"),
            }
            return heard, called(Party(CALLER), phone), "wonder" in live.log()

    heard, told, leaked = inside(work)
    assert heard == {
        "wrong": ["401", "403"],
        "nobody": ["401", "403"],
        "another": ["401", "403"],
        "elsewhere": ["403", ""],
    }
    assert told == ["480"]
    assert not leaked


def test_a_telephone_that_leaves_is_called_no_more() -> None:
    def work() -> object:
        with running(PLAN, SECRETS):
            phone = Party(PHONE)
            there = f"<sip:alice@{PHONE}:5060>"
            register(phone, "alice", SECRETS["ALICE_PW"])
            gone = register(
                phone, "alice", SECRETS["ALICE_PW"], contact=f"{there};expires=0", serial="2"
            )
            return gone, called(Party(CALLER), phone)

    assert inside(work) == [["401", "200"], ["480"]]


def test_a_registration_that_is_over_counts_no_more() -> None:
    """Before Kamailio has cleaned up."""

    def work() -> object:
        folder = put(PLAN, SECRETS)
        caller, phone = Party(CALLER), Party(PHONE)
        config = folder / "kamailio.cfg"
        text = config.read_text()
        text = text.replace('"min_expires", 60', '"min_expires", 1')
        config.write_text(text.replace('"timer_interval", 10', '"timer_interval", 600'))
        with started(PLAN, folder):
            there = f"<sip:alice@{PHONE}:5060>;expires=1"
            register(phone, "alice", SECRETS["ALICE_PW"], contact=there)
            numbers = count()
            return until(lambda: called(caller, phone, f"call-{next(numbers)}"), ["480"])

    assert inside(work) == ["480"]


def test_registrations_outlive_a_power_cut() -> None:
    def work() -> object:
        folder = put(PLAN, SECRETS)
        caller, phone = Party(CALLER), Party(PHONE)
        with started(PLAN, folder) as live:
            register(phone, "alice", SECRETS["ALICE_PW"])
            live.kill()
        with started(PLAN, folder):
            return called(caller, phone), oct((folder / "run" / "location.db").stat().st_mode)

    assert inside(work) == [[f"INVITE sip:alice@{PHONE}:5060 SIP/2.0", DOOR[0]], "0o100600"]


def test_who_registers_at_one_member_is_called_by_another() -> None:
    """Also when the first is killed meanwhile, and at one that comes later."""
    used = PLAN.model_copy(update={"cluster": CLUSTER})

    def work() -> object:
        folder = put_cluster(used, SECRETS)
        caller, phone = Party(CALLER), Party(PHONE)
        with member_of(used, folder, "a") as first, member_of(used, folder, "b") as second:
            assert until(partial(acquainted, second, 1), True), second.log()
            answers = register(phone, "alice", SECRETS["ALICE_PW"])
            stats = partial(second.rpc, "ul.lookup", "location", f"alice@{DOMAIN}")
            known = until(lambda: f"alice@{PHONE}" in stats(), True)
            first.kill()
            return answers, known, invited(caller, phone, HOSTS["b"])

    answers, known, heard = inside(work)
    assert answers == ["401", "200"]
    assert known is True
    assert heard == [f"INVITE sip:alice@{PHONE}:5060 SIP/2.0", HOSTS["b"]]


def knows(live: Live, contact: str) -> bool:
    """Whether a member has a contact of alice."""
    try:
        return contact in live.rpc("ul.lookup", "location", f"alice@{DOMAIN}")
    except Refused:
        return False


def invited(caller: Party, phone: Party, host: str) -> list[str]:
    """The INVITE that a telephone gets for a call that is placed at a member, and who sent it."""
    uri = f"sip:{NUMBER}@{host}"
    caller.send(request("INVITE", uri, caller, call="other", branch="other"), (host, 5060))
    heard = phone.hear() or ""
    return [heard.split("\n")[0], phone.heard_from[0]]
