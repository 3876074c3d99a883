"""Asterisk's pjsip.conf and ladders of Dial, good and broken, to policies that compile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.importing.drafts import compiled, said
from sipfo.compiler.importing.asterisk import EXTENSIONS, PJSIP, read
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.plan.model import AnyNumber, Credential, NumberPrefix

CONF = """\
[udp]
type=transport
protocol=udp
bind=192.0.2.7:5070
[tmpl](!)
type=endpoint
aors=wrong
[north](tmpl)
aors = north
outbound_auth => north-auth
[north]
type=aor
contact=sip:sbc.north.example:5080
qualify_frequency=30
[north-auth]
type=auth
username=acme
password=s3cret
[baltic]
type=endpoint
aors=baltic
[baltic]
type=aor
contact=sip:203.0.113.9 ; a comment
;-- a longer
comment --;
[north-id]
type=identify
endpoint=north
match=203.0.113.0/28,198.51.100.7
"""
DIALS = """\
[outbound]
exten => _+1312X.,1,NoOp()
 same => n,Dial(PJSIP/${EXTEN}@north)
 same => n,Dial(PJSIP/${EXTEN}@baltic)
 same => n,Hangup()
exten => _X.,1,Dial(PJSIP/baltic)
"""


def of(pjsip: str = CONF, extensions: str | None = DIALS) -> Imported:
    files = {PJSIP: pjsip.encode()}
    if extensions is not None:
        files[EXTENSIONS] = extensions.encode()
    return read(files, "asterisk")


def test_a_ladder_of_dials_is_a_trunk() -> None:
    plan = compiled(of())
    first, second = plan.trunks
    assert (first.numbers, first.routes) == ((NumberPrefix(prefix="+1312"),), ("north", "baltic"))
    assert (second.numbers, second.routes) == ((AnyNumber(),), ("baltic",))
    assert first.accept.networks == ("203.0.113.0/28", "198.51.100.7/32")
    assert [(one.transport, one.host, one.port) for one in plan.listen] == [
        ("udp", "192.0.2.7", 5070)
    ]


def test_an_endpoint_is_a_route_with_what_its_sections_say() -> None:
    north, baltic = compiled(of()).routes
    assert north.destinations == ("sip:sbc.north.example:5080",)
    assert north.auth == Credential(user="acme", secret="NORTH_AUTH_PW")
    assert north.probe is not None
    assert north.probe.every == 30
    assert baltic.destinations == ("sip:203.0.113.9",)


def test_a_password_is_nowhere() -> None:
    assert "s3cret" not in said(of()) + repr(of())
    assert "pjsip.conf:18: the password is not copied" in said(of())


def test_without_a_ladder_one_trunk_tries_every_endpoint() -> None:
    (trunk,) = compiled(of(extensions=None)).trunks
    assert trunk.routes == ("north", "baltic")
    assert "there is no extensions.conf" in said(of(extensions=None))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("exten => _+44X.,1,Dial(SIP/${EXTEN}@north)", "no endpoint that is known"),
        ("exten => _+44X.,1,Dial(PJSIP/north&PJSIP/baltic)", "calls all of them at once"),
        ("exten => _+44X.,1,Dial(PJSIP/north,30,tT)", "left out of Dial: '30,tT'"),
        ("exten => _+44XXX,1,Dial(PJSIP/north)", "'_+44XXX' has a length"),
        ("exten => alice,1,Dial(PJSIP/north)", "'alice' begins with no country code"),
        ("exten => _X.,1,Dial(PJSIP/north)\nexten => _.,1,Dial(PJSIP/north)", "another trunk's"),
        ("exten => 1,1,GotoIf($[1]?2)", "left out: GotoIf($[1]?2)"),
        ("include => other", "not understood: include=other"),
        ("exten => 100", "not understood: '100'"),
        ("junk", "not understood: 'junk'"),
    ],
)
def test_what_of_a_dialplan_is_not_understood_is_told(line: str, text: str) -> None:
    imported = of(extensions=f"[outbound]\nexten => _+1X.,1,Dial(PJSIP/north)\n{line}\n")
    compiled(imported)
    assert any(
        one.file == EXTENSIONS and one.line >= 3 and text in one.text for one in imported.remarks
    ), said(imported)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("[g]\ntype=global", "[g], type=global, is nothing that a policy says"),
        ("[e]\ntype=endpoint\nallow=ulaw", "nothing that a policy says: allow=ulaw"),
        ("[e]\ntype=endpoint\naors=none", "endpoint [e] has no aor [none]"),
        ("[e]\ntype=endpoint\naors=a\n[a]\ntype=aor", "aor [a] has no contact"),
        ("[e]\ntype=endpoint\noutbound_auth=no", "no user in auth [no]"),
        ("[t]\ntype=transport\nbind=0.0.0.0", "transport binds 0.0.0.0"),
        ("[i]\ntype=identify\nmatch=a.example", "no network of a policy: 'a.example'"),
        ("[i]\ntype=identify\nmatch=0.0.0.0/0", "anybody: write `accept anyone`"),
        ("[north]\ntype=endpoint", "a second endpoint [north]"),
        ("[x](nothing)\ntype=aor", "no template: 'nothing'"),
        ('#include "more.conf"', "not understood: '#include"),
    ],
)
def test_what_of_pjsip_is_not_understood_is_told(lines: str, text: str) -> None:
    imported = of(f"{CONF}{lines}\n")
    compiled(imported)
    assert any(one.file == PJSIP and text in one.text for one in imported.remarks), said(imported)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({}, "there is no pjsip.conf"),
        ({EXTENSIONS: DIALS.encode()}, "there is no pjsip.conf"),
        ({PJSIP: b""}, "no endpoint whose aor has"),
        ({PJSIP: b"\xff\xfe"}, "pjsip.conf is no text"),
        ({PJSIP: CONF.encode(), EXTENSIONS: b"\xff"}, "extensions.conf is no text"),
    ],
)
def test_what_is_no_folder_of_asterisk_is_refused(files: dict[str, bytes], why: str) -> None:
    with pytest.raises(NotImportable, match=why):
        read(files, "asterisk")


_LINES = st.lists(
    st.sampled_from([*CONF.splitlines(), *DIALS.splitlines(), "[a](!,b)", ";--", "--;", "x=y"]),
    max_size=60,
).map("\n".join)


@settings(max_examples=150)
@given(_LINES | st.text(max_size=200), _LINES | st.text(max_size=200))
def test_whatever_is_read_compiles_or_is_refused(pjsip: str, extensions: str) -> None:
    for first in (pjsip, CONF + pjsip):
        try:
            imported = of(first, extensions)
        except NotImportable:
            continue
        compiled(imported)
