"""A digest challenge and who gets its answer."""

from __future__ import annotations

from runtime.world import (
    EAST,
    WEST,
    Callee,
    Caller,
    World,
    policy,
)

# A digest retry stays on the target that issued the nonce and is not an attempt of the first try.


def test_digest_retry_stays_on_the_target_that_issued_the_nonce() -> None:
    world = World(policy(method="round-robin"))
    caller = Caller(world)
    challenge = 'Digest realm="west", nonce="abc123", qop="auth"'
    Callee(world, EAST, (0, 503))
    west = Callee(world, WEST, (0, 407, {"proxy_authenticate": challenge}))
    caller.call()
    world.run(2)
    assert caller.statuses()[-1] == 407
    assert caller.last(407).headers.first(b"proxy-authenticate") == challenge.encode()
    world.records.clear()
    west.script = ((0, 200),)
    caller.call(
        call_id="call1@192.0.2.200",
        cseq="2 INVITE",
        proxy_authorization='Digest username="u", realm="west", nonce="abc123", response="0"',
    )
    world.run(4)
    assert world.attempts == [("us.primary", "pbx-west", "200")]
    world.records.clear()
    caller.call()  # the retry was no call placed: this is the second, and starts at pbx-west
    world.run(6)
    assert world.attempts == [("us.primary", "pbx-west", "200")]
