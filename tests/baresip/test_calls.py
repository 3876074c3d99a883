"""Real telephones on both sides of sipfo, over every transport."""

from __future__ import annotations

import pytest

from baresip.exchange import Exchange
from baresip.phone import Phone

CALLEE, OTHER = "+13125550123", "+13125550150"
BUSY = "486"

over = pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])


def ringing(exchange: Exchange, transport: str) -> tuple[Phone, Phone]:
    """A caller, and the callee on the second route, who has not picked up yet."""
    callee = exchange.phone("west", CALLEE)
    exchange.sipfo("phones", transport=transport)
    caller = exchange.phone("caller", "ann")
    caller.dial(CALLEE, transport)
    callee.hears("CALL_INCOMING")
    caller.hears("CALL_RINGING")
    return caller, callee


def connected(exchange: Exchange, transport: str) -> tuple[Phone, Phone]:
    """A caller, and the callee on the second route, who talk to each other."""
    caller, callee = ringing(exchange, transport)
    callee.do("accept")
    for one in (callee, caller):
        one.hears("CALL_ESTABLISHED")
    return caller, callee


def hung_up(first: Phone, second: Phone) -> None:
    first.do("hangup")
    second.hears("CALL_CLOSED", "Connection reset by peer")


@over
@pytest.mark.parametrize("who", ["caller", "callee"])
def test_a_call_fails_over_to_a_telephone_that_picks_up(
    exchange: Exchange, transport: str, who: str
) -> None:
    caller, callee = connected(exchange, transport)
    hung_up(*((caller, callee) if who == "caller" else (callee, caller)))
    exchange.finish()
    assert exchange.bench.attempts == [
        ("us.primary", "east", "transport-error"),
        ("us.primary", "west", "200"),
    ]
    assert exchange.bench.targets[1].startswith(f"{transport}:")
    (record,) = exchange.records
    assert (record["state"], record["result"], record["by"]) == ("closed", "answered", "west")
    assert record["hung_up_by"] == who


@over
def test_a_telephone_that_rings_is_cancelled(exchange: Exchange, transport: str) -> None:
    caller, callee = ringing(exchange, transport)
    caller.do("hangup")
    callee.hears("CALL_CLOSED")
    exchange.finish()
    assert exchange.bench.attempts[1:] == [("us.primary", "west", "cancelled")]
    assert exchange.bench.results == [("cancelled", 487)]


def test_a_telephone_that_is_busy_ends_the_call(exchange: Exchange) -> None:
    caller, callee = ringing(exchange, "udp")
    callee.do("hangup")
    caller.hears("CALL_CLOSED", "486")
    exchange.finish()
    assert exchange.bench.results == [("refused", 486)]


@pytest.mark.parametrize(
    ("who", "transport"), [("caller", "udp"), ("callee", "tcp"), ("caller", "tls")]
)
def test_a_call_is_held_and_resumed(exchange: Exchange, who: str, transport: str) -> None:
    caller, callee = connected(exchange, transport)
    first, second = (caller, callee) if who == "caller" else (callee, caller)
    for command in ("hold", "resume"):
        first.do(command)
        second.hears("CALL_REMOTE_SDP", "offer")
        first.hears("CALL_REMOTE_SDP", "answer")
    hung_up(second, first)
    exchange.finish()
    assert exchange.records[0]["hung_up_by"] == ("callee" if who == "caller" else "caller")
    if transport != "tls":
        directions = [
            one.body.split(b"a=send")[-1].split(b"\r\n")[0]
            for one in exchange.bench.wire.messages
            if one.method == "INVITE" and one.source.startswith(("us.", "sipfo"))
        ]
        assert directions[-2:] == [b"only", b"recv"]


@over
def test_a_caller_with_the_password_is_let_in(exchange: Exchange, transport: str) -> None:
    # baresip 1.0 fails when it sees SHA-256, which it does not know and should ignore.
    secrets = exchange.bench.folder / "passwords"
    secrets.touch(0o600)
    secrets.write_text("ANN_PW=swordfish\n", encoding="utf-8")
    callee = exchange.phone("west", CALLEE)
    exchange.sipfo("credential", f"--secrets={secrets}", "--digest=md5")
    caller = exchange.phone("caller", "ann", ";auth_user=ann;auth_pass=swordfish")
    caller.dial(CALLEE, transport)
    callee.hears("CALL_INCOMING")
    callee.do("accept")
    caller.hears("CALL_ESTABLISHED")
    hung_up(callee, caller)
    exchange.finish()
    assert exchange.bench.attempts == [("us.primary", "west", "200")]


@pytest.mark.parametrize(
    ("who", "transport"), [("callee", "udp"), ("caller", "tcp"), ("callee", "tls")]
)
def test_a_blind_transfer_crosses(exchange: Exchange, who: str, transport: str) -> None:
    # Whoever is transferred calls through sipfo again, and so is the other's news of it.
    other = exchange.phone("north", OTHER)
    caller, callee = connected(exchange, transport)
    first, second = (caller, callee) if who == "caller" else (callee, caller)
    sipfo = exchange.bench.block.of("sipfo")
    first.do("transfer", f"sip:{OTHER}@{sipfo}")
    second.hears("TRANSFER", OTHER)
    other.hears("CALL_INCOMING")
    other.do("accept")
    other.hears("CALL_ESTABLISHED")
    first.hears("CALL_CLOSED")
    hung_up(other, second)
    exchange.finish()
    assert [one["number"] for one in exchange.records] == [CALLEE, OTHER]


def test_a_key_pressed_by_info_is_heard(exchange: Exchange) -> None:
    # baresip says keys in RTP only; it hears them either way.
    callee = exchange.phone("west", CALLEE)
    exchange.sipfo("phones", transport="udp")
    exchange.bench.caller("presses-a-key")
    callee.hears("CALL_INCOMING")
    callee.do("accept")
    callee.hears("CALL_DTMF_START", "5")
    callee.hears("CALL_CLOSED", "Connection reset by peer")
    exchange.finish()
    (info,) = exchange.bench.wire.requests("INFO", "us.primary", "west")
    assert info.headers["content-type"] == "application/dtmf-relay"
