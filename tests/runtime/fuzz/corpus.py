"""What fuzzing begins with, and how it is spoiled: every message of RFC 4475 and 5118, sound
messages, and a dictionary of what means something in SIP.

In an ordinary run the examples are the same each time; `SIPFO_FUZZ=n` tries n new ones.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from runtime.sip.samples import FIELDS, wire
from runtime.torture.messages import load

EXAMPLES = int(os.environ.get("SIPFO_FUZZ", "0"))


def fuzz(ordinarily: int) -> settings:
    """How many examples are tried in an ordinary run."""
    return settings(
        max_examples=EXAMPLES or ordinarily,
        derandomize=not EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


TORTURE = {one.name: one.data for one in load()}

RESPONSE = b"\r\n".join(
    (
        b"SIP/2.0 407 Proxy Authentication Required",
        *FIELDS[:1],
        *FIELDS[2:6],
        b'Proxy-Authenticate: Digest realm="sipfo", nonce="n", qop="auth,auth-int", algorithm=MD5',
        b'Reason: Q.850;cause=34;text="no circuit", SIP;cause=503',
        b"Retry-After: 18000;duration=3600 (a comment)",
        b"Content-Length: 0\r\n\r\n",
    )
)

SEEDS = (
    wire(*FIELDS),
    wire(*FIELDS, b"Content-Type: application/sdp", b"l: 5") + b"v=0\r\n",
    RESPONSE,
    *TORTURE.values(),
)

LARGE_NUMBERS = (b"-1", b"0", b"255", b"256", b"65536", b"2147483648", b"4294967296", b"9" * 40)
ODD = (
    *(b"\x00", b"\t", b" ", b"\r", b"\n", b"\r\n", b"\r\n ", b"\r\n\r\n", b"\x7f", b"\xff"),
    *("é".encode(), "٣".encode(), "１".encode(), "\u2028".encode(), "\u0085".encode(), b"\xc0\x80"),
)
TOKENS = (
    *LARGE_NUMBERS,
    *ODD,
    *(b'"', b"\\", b"<", b">", b";", b",", b"=", b":", b"@", b"[", b"]", b"?", b"%00", b"*", b"/"),
    *(b"sip:", b"sips:", b"tel:", b"urn:service:sos", b"SIP/2.0", b"SIP/3.0", b"sip:[::1]:0"),
    *(b";tag=", b";tag", b";branch=z9hG4bK", b";branch", b";rport", b";received=0.0.0.0"),
    *(b";maddr=224.0.0.1", b";lr", b";ttl=300", b"z9hG4bK", b"INVITE", b"CANCEL", b"ACK", b"BYE"),
    *(b"\r\nVia: SIP/2.0/UDP h\r\n", b"\r\nTo:\r\n", b"\r\nl: 9\r\n", b"\r\nl: 0\r\n"),
    *(b"\r\nCSeq: 1 INVITE\r\n", b"\r\nMax-Forwards: 0\r\n", b"\r\nRequire: x\r\n"),
    *(b'Digest realm="', b'nonce="', b"nc=00000001", b"qop=auth", b"stale=TRUE"),
)


@st.composite
def spoiled(draw: st.DrawFn, seeds: tuple[bytes, ...] = SEEDS) -> bytes:
    """A message of which pieces were taken out, doubled, or put in from elsewhere."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        match draw(st.sampled_from(("put", "replace", "drop", "double", "cross"))):
            case "put":
                data[start:start] = draw(st.sampled_from(TOKENS))
            case "replace":
                data[start:end] = draw(st.sampled_from(TOKENS) | st.binary(max_size=4))
            case "drop":
                del data[start:end]
            case "double":
                data[start:start] = data[start:end] * draw(st.integers(1, 20))
            case _:
                other = draw(st.sampled_from(seeds))
                data[start:] = other[draw(st.integers(0, len(other))) :]
    return bytes(data)


pieces = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=4), max_size=12).map(b"".join)
"""Tokens in no order."""
