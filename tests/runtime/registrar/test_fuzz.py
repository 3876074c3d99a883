"""Whatever a REGISTER says, with a right password or without: an answer, and nothing else."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.registrar.telephones import DOMAIN, Telephone, world
from runtime.world import Caller
from sipfo.runtime.registrar.binding import Binding
from sipfo.runtime.sip.flow import Flow

PIECES = [
    *("<sip:alice@198.51.100.77>", "<sip:alice@10.0.0.1;transport=tcp>", "*", "<sips:a@b.example>"),
    *(";expires=", ";q=", ";reg-id=", ';+sip.instance="<urn:uuid:1>"', ";lr", ";ob", ",", "<sip:"),
    *(
        "0",
        "1",
        "60",
        "3600",
        "99999999999",
        "0.5",
        "-1",
        "x",
        "\u00e9",
        "%00",
        '"',
        ">",
        "\t",
        "?a=b",
    ),
    *("<sip:192.0.2.21;lr>", "<sip:%61lice@h>", "mailto:a@b", ";received=", "@", "[::1]"),
]
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
names = st.sampled_from(
    [*("Contact", "Path", "Expires", "Supported", "Require", "User-Agent", "Authorization", "m")]
)
fields = st.lists(st.tuples(names, texts), max_size=5)
STATUS = re.compile(rb"SIP/2\.0 ([0-9]{3}) ")


@settings(max_examples=60)
@given(fields, st.sampled_from(["udp", "tcp"]))
def test_every_register_is_answered_and_what_is_kept_can_be_read(
    said: list[tuple[str, str]], transport: str
) -> None:
    there = world()
    there.silent.add(("198.51.100.77", 5060))
    telephone = Telephone(there, transport=transport, connection=1 if transport == "tcp" else None)
    telephone.register("<sip:alice@198.51.100.77>")
    telephone.register(fields=tuple((one.lower().encode(), two.encode()) for one, two in said))
    assert telephone.said[-1].status in {200, 400, 401, 403, 416, 420, 421, 423, 439, 500}
    assert telephone.said[-1].status != 500 or said
    for kept in there.kept.values():
        text = json.dumps([one.to_json() for one in kept])
        assert tuple(Binding.from_json(one) for one in json.loads(text)) == kept
    Caller(there).call()
    there.run(there.now + 120)
    assert len(there.calls) == 1


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60), texts)
def test_whoever_says_who_it_is_gets_no_further_than_its_password(proof: str, to: str) -> None:
    there = world()
    text = (
        f"REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9;branch=z9hG4bKf\r\n"
        f"From: <sip:x@{DOMAIN}>;tag=1\r\nTo: <sip:alice@{DOMAIN}>\r\nCall-ID: f\r\n"
        f"CSeq: 1 REGISTER\r\nContact: {to}\r\nAuthorization: Digest {proof}\r\n\r\n"
    )
    flow = Flow("udp", ("192.0.2.10", 5060), ("198.51.100.9", 5060))
    there.engine.receive(text.encode(), flow, there.now)
    there.run(1.0)
    assert there.kept == {}
    assert all(getattr(one, "status", 0) in (400, 401, 403) for _, _, one in there.sent)
