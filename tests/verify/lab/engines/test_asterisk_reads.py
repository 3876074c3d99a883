"""What Asterisk makes of hostile names, URIs, passwords and callers, of many numbers, and of a reload."""

from __future__ import annotations

import random
import re
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Carrier,
    Credential,
    Egress,
    Forward,
    Listen,
    NumberPrefix,
    NumberRange,
    OnCause,
    OnCode,
    OnTag,
    Plan,
    Probe,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.runtime.sip.digest import parse_credentials
from verify.lab.engines.console import Console, asterisk, free_port

CRLF = "\r\n"
HERE, THERE = "127.0.0.41", "127.0.0.42"
PASSWORD = "a;b;--c=>${EXTEN}$[1+1]\"'\\,&|^(d) #include"
RETRY = Retry(
    name="_r.-X",
    rules=(
        Rule(match=OnTag(code=486, tag="D5; x/1"), verdict="failover"),
        Rule(match=OnCode(code=503), verdict="failover"),
        Rule(match=OnCause(cause=34), verdict="failover"),
    ),
    otherwise="stop",
    no_response=0.3,
)


SESSION = (
    "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n"
)


def small(there: int) -> Plan:
    """A trunk for every number whose only route is a socket of the test's."""
    port = free_port(HERE)
    trunk = Trunk(
        name="_t.X-1",
        numbers=(AnyNumber(),),
        accept=Accept(networks=("127.0.0.0/8",)),
        egress=("e_.-X.primary",),
        method="sequential",
        routes=("_X.-Z",),
        retry=RETRY.name,
        forward=Forward(number="+1999", carriers=("c.-_",), egress="e_.-X.primary"),
    )
    return Plan(
        listen=(Listen(transport="udp", host=HERE, port=port),),
        egress=(Egress(name="e_.-X.primary", host=HERE, port=port),),
        routes=(
            Route(
                name="_X.-Z",
                destinations=(f"sip:{THERE}:{there};x=y;lr",),
                auth=Credential(user="u;[s,er]", secret="PW"),
            ),
        ),
        carriers=(Carrier(name="c.-_", destination=f"sip:a'b!~*@{THERE}:{there}"),),
        retries=(RETRY,),
        trunks=(trunk,),
    )


class Callee:
    """Who is called: busy, unless it `answers`, and remembers what it was asked for. One that
    `wants` a password asks for it first."""

    def __init__(
        self, wants: bytes | None = None, answers: bool = False, refuses: bytes = b"486 Busy Here"
    ) -> None:
        self._refuses = refuses
        self._wants = wants
        self._answers = answers
        self.proofs: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((THERE, 0))
        self.port: int = self._socket.getsockname()[1]
        self.asked: list[str] = []
        self.fields: list[bytes] = []
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def close(self) -> None:
        """Answer no more."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"", (THERE, self.port))
        self._thread.join()
        self._socket.close()

    def _answer(self) -> None:
        while True:
            data, source = self._socket.recvfrom(65535)
            if not data:
                return
            first, *lines = data.split(b"\r\n\r\n")[0].split(b"\r\n")
            if first.startswith(b"INVITE "):
                self.asked.append(first.split()[1].decode())
                self.fields = lines
                kept = [one for one in lines if re.match(rb"(?i)(via|from|to|call-id|cseq):", one)]
                kept = [one + b";tag=busy" if one.startswith(b"To:") else one for one in kept]
                self.proofs += [one for one in lines if b"uthorization: " in one]
                says = [b"SIP/2.0 " + self._refuses]
                if self._wants is not None and not self.proofs:
                    says = [b"SIP/2.0 407 Prove It", b"Proxy-Authenticate: " + self._wants]
                body = b""
                if self._answers:
                    says = [b"SIP/2.0 200 OK", b"Contact: <sip:%s:%d>" % (b"127.0.0.42", self.port)]
                    says.append(b"Content-Type: application/sdp")
                    body = SESSION.format(host=THERE).encode()
                answer = [*says, *kept, b"Content-Length: %d" % len(body), b"", body]
                self._socket.sendto(b"\r\n".join(answer), source)


def called(plan: Plan, user: str, sender: str = "caller", lines: tuple[str, ...] = ()) -> int:
    """The final response to an INVITE for this user, from whom it says that it is; `lines` are more
    header fields."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.bind(("127.0.0.43", 0))
        caller.settimeout(20)
        host, port = caller.getsockname()
        there = f"{plan.listen[0].host}:{plan.listen[0].port}"
        body = SESSION.format(host=host)
        token = uuid.uuid4().hex
        invite = (
            f"INVITE sip:{user}@{there} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{token};rport\r\n"
            f"From: <sip:{sender}@{host}>;tag={token}\r\nTo: <sip:{user}@{there}>\r\n"
            f"Call-ID: {token}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
            f"Contact: <sip:caller@{host}:{port}>\r\nContent-Type: application/sdp\r\n"
            f"{''.join(f'{one}{CRLF}' for one in lines)}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )
        caller.sendto(invite.encode(), (plan.listen[0].host, plan.listen[0].port))
        while True:
            status = int(caller.recv(65535).split()[1])
            if status >= 200:
                return status


@pytest.fixture(scope="module")
def callee() -> Iterator[Callee]:
    found = Callee()
    yield found
    found.close()


@pytest.fixture(scope="module")
def plan(callee: Callee) -> Plan:
    return small(callee.port)


@pytest.fixture(scope="module")
def running(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = tmp_path_factory.mktemp("asterisk")
    with asterisk(folder, plan, {"PW": PASSWORD}) as console:
        yield console


def test_it_loads_without_a_word_of_complaint(running: Console) -> None:
    ours = [
        line
        for line in running.log().splitlines()
        if re.search("WARNING|ERROR", line)
        and re.search(r"pjsip\.conf|extensions\.conf|sorcery", line)
    ]
    assert ours == []


def test_a_password_is_read_back_as_it_was(running: Console) -> None:
    said = running.says("pjsip show auth password-route-_X.-Z")
    assert re.findall(r"^ password +: (.*)$", said, re.MULTILINE) == [PASSWORD]
    assert re.findall(r"^ username +: (.*)$", said, re.MULTILINE) == ["u;[s,er]"]


def test_names_and_uris_are_read_back_as_they_were(running: Console, callee: Callee) -> None:
    said = running.says("dialplan show globals")
    assert f"ROUTE/_X.-Z/REST0={THERE}:{callee.port};x=y;lr" in said
    assert "CARRIER/c.-_/USER0=a'b!~*" in said
    assert "TRUNK/_t.X-1/ROUTES=_X.-Z" in said
    assert "_X.-Z" in running.says("pjsip show endpoints")


def test_the_policy_is_read_back_as_it_was(running: Console) -> None:
    said = running.says("dialplan show 503@sipfo-retry-_r.-X")
    assert "Return(failover)" in said
    said = running.says("dialplan show 486@sipfo-retry-_r.-X")
    assert 'REGEX("(^|[^A-Za-z0-9])D5; x/1([^A-Za-z0-9]|$)" ${SAID})' in said


def test_a_call_goes_where_the_policy_says(running: Console, plan: Plan, callee: Callee) -> None:
    callee.asked.clear()
    assert called(plan, "+1(312)555-0100") == 486
    assert callee.asked == [f"sip:+13125550100@{THERE}:{callee.port};lr;x=y"]


@pytest.mark.parametrize(
    "user",
    [
        "1&PJSIP%2fout",
        "+1312,5",
        "$%7bSHELL(id)%7d",
        "+1312%26Local%2fs%40sipfo-hunt",
        "1%5e2",
        "a%22b",
        "x%0d%0aX-Y:%20z",
        "a(b",
        "+1312;isub=1&2",
    ],
)
def test_what_a_caller_dials_is_no_dial_string(
    user: str, running: Console, plan: Plan, callee: Callee
) -> None:
    callee.asked.clear()
    status = called(plan, user)
    if callee.asked:  # a number with parameters: the number alone
        assert callee.asked == [f"sip:+1312@{THERE}:{callee.port};lr;x=y"]
        assert status == 486
    else:
        assert status in (400, 404)


def test_ten_thousand_numbers_load_and_route(callee: Callee, tmp_path: Path) -> None:
    callee.asked.clear()
    base = small(callee.port)
    trunk = base.trunks[0].model_copy(update={"forward": None})
    ranges = tuple(
        NumberRange(first=f"+4420{n:06}00", last=f"+4420{n:06}99") for n in range(0, 10000, 2)
    )
    prefixes = tuple(NumberPrefix(prefix=f"+1312{n:07}") for n in range(0, 10000, 2))
    many = base.model_copy(
        update={"trunks": (trunk.model_copy(update={"numbers": (*ranges, *prefixes)}),)}
    )
    with asterisk(tmp_path, many, {"PW": "x"}):
        assert called(many, "+44200000009") == 404
        assert called(many, "+442000001899") == 486
        assert called(many, "+442000001900") == 404
        assert called(many, "+13120009999") == 404
        assert called(many, "+1312000999877") == 486
    users = [uri.partition("@")[0] for uri in callee.asked]
    assert users == ["sip:+442000001899", "sip:+1312000999877"]


def test_a_compile_into_the_same_folder_is_applied_by_reload(
    callee: Callee, tmp_path: Path
) -> None:
    before = small(callee.port)
    trunk = before.trunks[0].model_copy(update={"forward": None})
    before = before.model_copy(update={"trunks": (trunk,)})
    before = before.model_copy(
        update={"trunks": (trunk.model_copy(update={"accept": Accept(anyone=True)}),)}
    )
    after = before.model_copy(
        update={
            "trunks": (trunk.model_copy(update={"numbers": (NumberPrefix(prefix="+44"),)}),),
            "routes": (before.routes[0].model_copy(update={"auth": None}),),
        }
    )
    with asterisk(tmp_path, before, {"PW": "one"}) as console:
        assert called(before, "+1312") == 486
        console.compile(after, {})
        console.reload()
        assert called(before, "+1312") == 404
        assert called(before, "+4420") == 486
        assert "password-route" not in console.says("pjsip show auths")
        assert "ANYONE=1" not in console.says("dialplan show globals")


def up(console: Console) -> list[str]:
    """The legs of calls that were answered."""
    lines = console.says("core show channels concise").splitlines()
    return sorted(
        line.split("!")[0] for line in lines if line.startswith("PJSIP") and "!Up!" in line
    )


def test_a_call_that_is_up_goes_on_through_a_reload(tmp_path: Path) -> None:
    callee = Callee(answers=True)
    try:
        plan = small(callee.port)
        with asterisk(tmp_path, plan, {"PW": "x"}) as console:
            assert called(plan, "+1312") == 200
            before = up(console)
            console.compile(plan, {"PW": "another"})
            console.reload()
            assert up(console) == before
            assert len(before) == 2
    finally:
        callee.close()


@pytest.mark.parametrize("algorithm", [b"MD5", b"SHA-256"])
def test_a_target_that_asks_for_a_password_gets_it(algorithm: bytes, tmp_path: Path) -> None:
    challenge = b'Digest realm="r", nonce="n", qop="auth", algorithm=' + algorithm
    callee = Callee(challenge)
    try:
        plan = small(callee.port)
        with asterisk(tmp_path, plan, {"PW": PASSWORD}):
            assert called(plan, "+1312") == 486
        [proof] = callee.proofs
        given = parse_credentials(proof.partition(b": ")[2])
        assert given.user == b"u;[s,er]"
        assert given.is_right(PASSWORD.encode(), "INVITE")
    finally:
        callee.close()


def test_what_the_probes_find_down_is_passed_over_unless_all_are(
    callee: Callee, tmp_path: Path
) -> None:
    plan = small(callee.port)
    probe = Probe(every=1.0, down_after=1, up_after=1)
    dead = Route(name="dead", destinations=(f"sip:{THERE}:{free_port(THERE)}",), probe=probe)
    alive = Route(name="alive", destinations=(f"sip:{THERE}:{callee.port}",))
    trunk = plan.trunks[0].model_copy(update={"routes": ("dead", "alive"), "forward": None})
    plan = plan.model_copy(update={"routes": (dead, alive), "trunks": (trunk,)})
    with asterisk(tmp_path, plan) as console:
        while "Unavail" not in console.says("pjsip show contacts"):
            continue
        callee.asked.clear()
        assert called(plan, "+1312") == 486
        assert len(callee.asked) == 1
        assert "ROUTE/dead" not in console.log().partition("Asterisk Ready")[2]


SIGNS = ";-$[]{}\\\"'#=>,&+!()%:@/ abcXYZ09äß"


def test_passwords_of_any_signs_are_read_back_as_they_were(tmp_path: Path) -> None:
    dice = random.Random(1)
    words = [
        "".join(dice.choices(SIGNS, k=dice.randrange(1, 24))).strip() or "x" for _ in range(80)
    ]
    plan = small(free_port(THERE))
    carriers = tuple(
        Carrier(
            name=f"c{n}", destination="sip:192.0.2.1", auth=Credential(user="u", secret=f"S{n}")
        )
        for n in range(len(words))
    )
    trunks = tuple(
        plan.trunks[0].model_copy(
            update={
                "name": f"t{n}",
                "numbers": (NumberPrefix(prefix=f"+1{n}"),),
                "forward": Forward(number="+1999", carriers=(one.name,), egress="e_.-X.primary"),
            }
        )
        for n, one in enumerate(carriers)
    )
    plan = plan.model_copy(update={"carriers": carriers, "trunks": trunks})
    secrets = {f"S{n}": word for n, word in enumerate(words)} | {"PW": "x"}
    with asterisk(tmp_path, plan, secrets) as console:
        for n, word in enumerate(words):
            said = console.says(f"pjsip show auth password-carrier-c{n}")
            assert re.findall(r"^ password +: (.*)$", said, re.MULTILINE) == [word]


def test_the_most_specific_claim_to_a_number_wins(callee: Callee, tmp_path: Path) -> None:
    base = small(callee.port)
    ours, others = Accept(networks=("127.0.0.0/8",)), Accept(networks=("203.0.113.0/24",))
    claims = {
        "one": (ours, NumberPrefix(prefix="+1")),
        "two": (others, NumberPrefix(prefix="+1312")),
        "three": (ours, NumberPrefix(prefix="+13125")),
        "four": (others, NumberRange(first="+1312500", last="+1312599")),
    }
    trunks = tuple(
        base.trunks[0].model_copy(
            update={"name": name, "accept": accept, "numbers": (claim,), "forward": None}
        )
        for name, (accept, claim) in claims.items()
    )
    plan = base.model_copy(update={"trunks": trunks})
    dialled = {
        "+1999": 486,
        "+1312": 403,
        "+1312999": 403,
        "+13125": 486,
        "+131255": 486,
        "+1312555": 403,
        "+13125551": 486,
        "+44": 404,
    }
    with asterisk(tmp_path, plan, {"PW": "x"}):
        assert {number: called(plan, number) for number in dialled} == dialled
