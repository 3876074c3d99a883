"""Digest both ways, judged by SIPp's own: MD5, which is all that it has."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from sipp.harness import Bench
from sipp.narrow import Narrow
from sipp.wire import Message

pytestmark = pytest.mark.sipp

OURS = "open sesame"
ANNS = "swordfish"
REALM, NONCE = "east.example", "47ebe028cda1"
CHALLENGE = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm=MD5'


@pytest.fixture
def secrets(tmp_path: Path) -> str:
    """The option that names the file with the passwords of both policies."""
    file = tmp_path / "passwords"
    file.touch(0o600)
    file.write_text(f"EAST_PW={OURS}\nANN_PW={ANNS}\n", encoding="utf-8")
    return f"--secrets={file}"


def asks(bench: Bench, status: int, proof: str) -> None:
    """A callee that challenges the first INVITE, and answers the second if it has the proof."""
    field = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    words = {"status": str(status), "field": field, "challenge": CHALLENGE, "proof": proof}
    bench.callee("east", "asks", calls=1, transport="udp", **words)


def verified(password: str) -> str:
    """SIPp's own check, which looks at Authorization only."""
    return f'<verifyauth assign_to="right" username="acme" password="{password}"/>'


def there() -> str:
    """That there is a Proxy-Authorization; the test looks into it."""
    where = 'search_in="hdr" header="Proxy-Authorization:"'
    return f'<ereg regexp="Digest" {where} assign_to="right"/>'


def md5(*parts: str) -> str:
    return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()


def is_right(invite: Message, password: str) -> bool:
    """Whether the credentials of an INVITE on the wire are those of a password (RFC 7616 §3.4)."""
    value = invite.headers["proxy-authorization"]
    said: dict[str, str] = dict(re.findall(r'(\w+)="?([^",]*)', value))
    one, two = md5("acme", REALM, password), md5("INVITE", said["uri"])
    return said["response"] == md5(one, NONCE, said["nc"], said["cnonce"], said["qop"], two)


@pytest.mark.parametrize(
    ("status", "proof"), [(401, verified(OURS)), (407, there())], ids=["401", "407"]
)
def test_a_callee_that_asks_is_answered_once(
    bench: Bench, secrets: str, status: int, proof: str
) -> None:
    asks(bench, status, proof)
    bench.sipfo("account", secrets)
    bench.caller("hangs-up")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    assert bench.results == [("answered", 200)]
    wire = bench.wire
    first, second = wire.invites
    assert (first.headers["cseq"], second.headers["cseq"]) == ("1 INVITE", "2 INVITE")
    for same in ("call-id", "from", "to"):
        assert first.headers[same] == second.headers[same]
    assert status == 401 or is_right(second, OURS)
    assert status not in {one.status for one in wire.responses("sipfo", "caller")}


def test_a_callee_with_another_password_refuses_the_attempt(bench: Bench, secrets: str) -> None:
    asks(bench, 401, verified("another"))
    bench.sipfo("account", secrets)
    bench.caller("is-refused", code="401")
    bench.finish()
    assert bench.attempts == [("us.primary", "east", "401")]
    assert len(bench.wire.invites) == 2


def test_a_caller_with_the_password_is_let_in(bench: Bench, secrets: str) -> None:
    bench.callee("east", "answers")
    bench.sipfo("credential", secrets)
    with Narrow(bench.block, "stranger"):
        bench.caller("proves", through="stranger", user="ann", password=ANNS)
        bench.finish()
    assert bench.attempts == [("us.primary", "east", "200")]
    (invite,) = bench.wire.requests("INVITE", "us.primary", "east")
    assert "proxy-authorization" not in invite.headers


@pytest.mark.parametrize(("user", "password"), [("ann", "guess"), ("nobody", ANNS)])
def test_a_caller_with_a_wrong_password_is_refused(
    bench: Bench, secrets: str, user: str, password: str
) -> None:
    bench.sipfo("credential", secrets)
    with Narrow(bench.block, "stranger"):
        bench.caller("guesses", through="stranger", user=user, password=password)
        bench.finish()
    assert bench.attempts == [] and bench.results == []
    assert [one.status for one in bench.wire.responses("sipfo", "stranger")] == [407, 403]
    assert any(line.endswith(" sent INVITE: 403") for line in bench.lines)
    assert not any(ANNS in line for line in bench.lines)
