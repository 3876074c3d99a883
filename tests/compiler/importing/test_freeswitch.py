"""FreeSWITCH's gateways, good and hostile, to policies that compile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.importing.drafts import compiled, said
from sipfo.compiler.importing.freeswitch import read
from sipfo.compiler.importing.imported import Imported, NotImportable
from sipfo.plan.model import Credential, Probe

GATEWAYS = """\
<include>
  <gateway name="north star">
    <param name="username" value="acme"/>
    <param name="password" value="s3cret"/>
    <param name="proxy" value="sbc.north.example:5080"/>
    <param name="register" value="false"/>
    <param name="register-transport" value="tcp"/>
    <param name="ping" value="25"/>
    <param name="ping-max" value="4"/>
    <param name="caller-id-in-from" value="true"/>
  </gateway>
  <gateway name="baltic.example"><param name="realm" value="203.0.113.9"/></gateway>
  <gateway name="third.example"/>
</include>
"""


def of(text: str) -> Imported:
    return read(text.encode(), "gateways.xml")


def test_a_gateway_is_a_route() -> None:
    plan = compiled(of(GATEWAYS))
    north, baltic, third = plan.routes
    assert north.destinations == ("sip:sbc.north.example:5080;transport=tcp",)
    assert north.auth == Credential(user="acme", secret="NORTH_STAR_PW")
    assert north.probe == Probe(every=25.0, down_after=4, up_after=2)
    assert baltic.destinations == ("sip:203.0.113.9",)
    assert third.destinations == ("sip:third.example",)
    assert plan.trunks[0].routes == ("north-star", "baltic-example", "third-example")


def test_a_password_is_nowhere() -> None:
    imported = of(GATEWAYS)
    assert "s3cret" not in said(imported) + repr(imported)
    assert ":4: the password is not copied: give it as secret NORTH_STAR_PW" in said(imported)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('<param name="rtp-timeout" value="1"/>', "nothing that a policy says: 'rtp-timeout'"),
        ('<param name="register" value="true"/>', "it registers at the gateway"),
        ('<param name="ping" value="soon"/>', "no figure for ping: 'soon'"),
        ('<param name="proxy" value="b.example"/>', "'proxy' is given again: the first is taken"),
        ('<variables><variable name="x" value="1"/></variables>', "a variable of a gateway: 'x'"),
        ("<nonsense/>", "not understood: <nonsense>"),
        ('<param name="realm" value="r"/>', "the realm 'r' is left out"),
        ('<param name="username" value="$${user}"/>', "username: a variable is not known here"),
    ],
)
def test_what_is_not_understood_is_told_by_its_line(line: str, text: str) -> None:
    imported = of(
        '<gateway name="a">\n<param name="proxy" value="a.example"/>\n' + line + "\n</gateway>\n"
    )
    compiled(imported)
    assert f":3: {text}" in said(imported)


def test_a_gateway_that_leads_nowhere_is_left_out_and_told() -> None:
    imported = of(
        '<include>\n<gateway name="$${gw}"><param name="proxy" value="$${host}"/></gateway>\n'
        '<gateway name="b.example"/>\n</include>'
    )
    assert [one.name for one in compiled(imported).routes] == ["b-example"]
    assert ":2: gateway '$${gw}' is left out: no host: '$${host}'" in said(imported)


BOMB = """<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<gateway name="&b;"/>"""
OUTSIDE = """<!DOCTYPE x SYSTEM "file:///etc/passwd"><gateway name="a.example"/>"""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "line 1 is no XML"),
        ("<gateway", "line 1 is no XML"),
        ("<a>\n<b></a>", "line 2 is no XML: mismatched tag"),
        ("<include/>", "no gateway with a host"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "no XML"),
        (BOMB, "it has a document type"),
        (OUTSIDE, "it has a document type"),
    ],
)
def test_what_is_no_file_of_gateways_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotImportable, match=why):
        of(text)


@settings(max_examples=150)
@given(
    st.binary(max_size=200)
    | st.lists(
        st.tuples(
            st.sampled_from(["proxy", "realm", "username", "password", "ping", "x"]),
            st.text("ab1.:;=@$[] -", max_size=20),
        ),
        max_size=6,
    ).map(
        lambda pairs: (
            '<gateway name="a.example">'
            + "".join(f'<param name="{key}" value="{value}"/>' for key, value in pairs)
            + "</gateway>"
        ).encode()
    )
)
def test_whatever_is_read_compiles_or_is_refused(data: bytes) -> None:
    try:
        imported = read(data, "x")
    except NotImportable:
        return
    compiled(imported)
