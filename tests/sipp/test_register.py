"""REGISTER by SIPp: its own digest, its own counts, and what is shown twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sipp.harness import Bench
from sipp.process import Process
from sipp.wire import Message

pytestmark = pytest.mark.sipp

PASSWORD = "swordfish"
COUNT = re.compile(r"nc=([0-9a-f]{8})")


@pytest.fixture
def started(bench: Bench, tmp_path: Path) -> Bench:
    """sipfo, with a registrar; SIPp fails at a challenge for SHA-256 that stands first."""
    file = tmp_path / "passwords"
    file.touch(0o600)
    file.write_text(f"ANN_PW={PASSWORD}\n", encoding="utf-8")
    book = f"--bindings={tmp_path}/bindings.db"
    bench.sipfo("office", f"--secrets={file}", book, "--digest=md5,sha-256")
    return bench


def register(bench: Bench, transport: str = "udp", expires: int = 3600) -> Process:
    """The telephone, which shows its password three times."""
    return bench.caller(
        "registers", transport=transport, user="ann", password=PASSWORD, expires=str(expires)
    )


def registers(bench: Bench) -> list[Message]:
    return bench.wire.requests("REGISTER", "caller", "sipfo")


def statuses(bench: Bench) -> list[int]:
    return [one.status for one in bench.wire.responses("sipfo", "caller", "REGISTER")]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_telephone_registers_and_refreshes_with_the_same_nonce(
    started: Bench, transport: str
) -> None:
    register(started, transport)
    started.finish()
    assert statuses(started) == [401, 200, 200, 200]
    proofs = [one.headers["authorization"] for one in registers(started)[1:]]
    counts = [int(found[1], 16) for one in proofs if (found := COUNT.search(one))]
    assert counts == sorted(set(counts))
    (contact,) = started.wire.responses("sipfo", "caller", "REGISTER")[-1].values("contact")
    assert contact.endswith(";expires=3600")


def test_what_was_shown_before_is_stale(started: Bench) -> None:
    register(started).ends()
    said = [one.headers["authorization"] for one in registers(started)[1:]]
    for proof in (said[0], said[-1]):  # a count that others have overtaken, and the last one
        started.caller("replays", proof=proof, expires="3600").ends()
    started.finish()
    assert statuses(started) == [401, 200, 200, 200, 401, 401]


@pytest.mark.parametrize(("user", "password"), [("ann", "guess"), ("nobody", PASSWORD)])
def test_who_does_not_exist_is_told_what_who_guesses_wrong_is(
    started: Bench, user: str, password: str
) -> None:
    started.caller("is-no-user", user=user, password=password, expires="3600")
    started.finish()
    refused = started.wire.responses("sipfo", "caller", "REGISTER")[-1]
    assert (refused.first_line, set(refused.headers)) == (
        "SIP/2.0 403 Forbidden",
        {"via", "from", "to", "call-id", "cseq", "content-length"},
    )
    assert not any(PASSWORD in line for line in started.lines)


def test_who_has_left_cannot_be_called(started: Bench) -> None:
    register(started).ends()
    register(started, expires=0).ends()
    started.caller("is-refused", code="480").ends()
    started.finish()
    assert started.results == [("refused", 480)]
