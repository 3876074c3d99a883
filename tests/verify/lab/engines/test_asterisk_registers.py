"""Who registers at a real Asterisk, from where it is called, and what nobody gets by saying who he is."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipfo.plan.model import (
    Accept,
    AnyNumber,
    Egress,
    Instance,
    Listen,
    OnCode,
    Plan,
    Registered,
    RegisteredUser,
    Registrar,
    Retry,
    Route,
    Rule,
    Trunk,
)
from sipfo.runtime.sip.digest import answer, strongest
from sipfo.runtime.sip.message import Response, parse
from verify.lab.engines.console import Console, asterisk, free_port
from verify.lab.engines.test_asterisk_reads import called

HERE, THERE = "127.0.0.51", "127.0.0.52"
DOMAIN = "sip.acme.example"


def registrar_plan(networks: tuple[str, ...] = ("127.0.0.0/8",), edge: bool = False) -> Plan:
    """A trunk for every number that leads to whom registers at this Asterisk."""
    port = free_port(HERE)
    instances = [Instance(name="here", host=HERE, port=port)]
    if edge:
        instances.append(Instance(name="edge", host=THERE, port=port))
    return Plan(
        listen=(Listen(transport="udp", host=HERE, port=port),),
        egress=(Egress(name="listen", host=HERE, port=port),),
        registrars=(
            Registrar(
                name="office",
                domain=DOMAIN,
                users=(
                    RegisteredUser(name="alice", secret="A"),
                    RegisteredUser(name="bob", secret="B"),
                ),
                instances=tuple(instances),
            ),
        ),
        routes=(
            Route(
                name="desk",
                destinations=tuple(f"sip:alice@{one.host}:{one.port}" for one in instances),
                levels=tuple(one.name for one in instances),
                registered=Registered(user="alice", registrar="office"),
            ),
        ),
        retries=(
            Retry(
                name="r",
                rules=(Rule(match=OnCode(code=503), verdict="failover"),),
                otherwise="stop",
                no_response=0.5,
            ),
        ),
        trunks=(
            Trunk(
                name="t",
                numbers=(AnyNumber(),),
                accept=Accept(networks=networks),
                egress=("listen",),
                method="sequential",
                routes=("desk",),
                retry="r",
            ),
        ),
    )


SECRETS = {"A": "of alice", "B": "of;bob"}


class Telephone:
    """A socket that registers, and hears what comes."""

    def __init__(self, plan: Plan) -> None:
        self._there = (HERE, plan.listen[0].port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.53", 0))
        self.socket.settimeout(20)

    def close(self) -> None:
        """Hear no more."""
        self.socket.close()

    def registers(self, contact: str, user: str, password: str, known_as: str = "alice") -> int:
        """What a REGISTER is answered that gives a password."""
        asked = self._ask(contact, known_as)
        assert asked.status == 401
        challenge = strongest(asked.headers.lines(b"www-authenticate"), DOMAIN.encode())
        assert challenge is not None
        uri = f"sip:{DOMAIN}".encode()
        given = answer(challenge, user.encode(), password.encode(), "REGISTER", uri, b"c")
        return self._ask(contact, known_as, f"Authorization: {given.encode().decode()}\r\n").status

    def _ask(self, contact: str, known_as: str, more: str = "") -> Response:
        host, port = self.socket.getsockname()
        token = uuid.uuid4().hex
        self.socket.sendto(
            (
                f"REGISTER sip:{DOMAIN} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{token};rport\r\n"
                f"From: <sip:{known_as}@{DOMAIN}>;tag={token}\r\nTo: <sip:{known_as}@{DOMAIN}>\r\n"
                f"Call-ID: {token}\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
                f"Contact: <{contact}>;expires=600\r\n{more}Content-Length: 0\r\n\r\n"
            ).encode(),
            self._there,
        )
        said = parse(self.socket.recv(65535))
        assert isinstance(said, Response)
        return said

    def contacts(self, console: Console) -> str:
        """Who is registered."""
        return console.says("pjsip show contacts")


@pytest.fixture
def plan() -> Plan:
    return registrar_plan()


@pytest.fixture
def telephone(plan: Plan) -> Iterator[Telephone]:
    found = Telephone(plan)
    yield found
    found.close()


def test_who_may_register_and_where_it_is_called(
    plan: Plan, telephone: Telephone, tmp_path: Path
) -> None:
    host, port = telephone.socket.getsockname()
    hidden = "sip:alice@10.11.12.13:5066"
    with asterisk(tmp_path, plan, SECRETS) as console:
        assert telephone.registers(hidden, "alice", "wrong") == 401
        assert telephone.registers(hidden, "mallory", "x") == 401
        assert telephone.contacts(console).count("sip:") == 0
        # In another's name, it registers in its own: PJSIP goes by the password.
        assert telephone.registers(hidden, "bob", SECRETS["B"]) == 200
        assert f"bob@{DOMAIN}/sip:" in telephone.contacts(console)
        assert f"alice@{DOMAIN}/sip:" not in telephone.contacts(console)
        assert called(plan, "+1312") == 480
        assert telephone.registers(hidden, "alice", SECRETS["A"]) == 200
        assert f"alice@{DOMAIN}/sip:alice@{host}:" in telephone.contacts(console), "behind a NAT"
        assert called(plan, "+1312") == 408
    assert telephone.socket.recv(65535).startswith(f"INVITE sip:alice@{host}:{port}".encode())


def test_who_calls_is_nobody_by_what_it_says_of_itself(tmp_path: Path) -> None:
    plan = registrar_plan(networks=("203.0.113.0/24",))
    names = ("in-1", "out-listen-udp", "registering", "instance-1", "alice")
    with asterisk(tmp_path, plan, SECRETS):
        assert {name: called(plan, "+1312", name) for name in names} == dict.fromkeys(names, 401)
