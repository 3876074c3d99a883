"""From, To, Contact: display names, tags, and quotes that never end."""

from __future__ import annotations

import pytest

from sipfo.runtime.sip.address import NameAddr, parse_address
from sipfo.runtime.sip.malformed import Malformed


@pytest.mark.parametrize(
    ("value", "display", "uri", "parameters"),
    [
        (b"<sip:a@h>", b"", b"sip:a@h", ()),
        (b"sip:a@h", b"", b"sip:a@h", ()),
        (b"sip:a@h;tag=1", b"", b"sip:a@h", ((b"tag", b"1"),)),
        (b"sip:a@h ;tag=1", b"", b"sip:a@h", ((b"tag", b"1"),)),
        (b'sip:a@h;x="<y>, z"', b"", b"sip:a@h", ((b"x", b'"<y>, z"'),)),
        (b"caller<sip:a@h;x=y>;tag=1", b"caller", b"sip:a@h;x=y", ((b"tag", b"1"),)),
        (b'"A \\"B\\" <x>" <sip:a@h>', b'"A \\"B\\" <x>"', b"sip:a@h", ()),
        (b'"" \t <sip:a@h>', b'""', b"sip:a@h", ()),
        (b"A B  < sip:a@h > ; TAG = x", b"A B", b"sip:a@h", ((b"tag", b"x"),)),
        (b'<sip:a@h>;x="a;b\\"c";y', b"", b"sip:a@h", ((b"x", b'"a;b\\"c"'), (b"y", None))),
        (b"<tel:+13125550100>", b"", b"tel:+13125550100", ()),
        (b"<sip:a,b@h?Subject=x>", b"", b"sip:a,b@h?Subject=x", ()),
    ],
)
def test_an_address_is_display_uri_and_parameters(
    value: bytes, display: bytes, uri: bytes, parameters: tuple[tuple[bytes, bytes | None], ...]
) -> None:
    address = parse_address(value)
    assert address == NameAddr(display, uri, parameters)
    assert parse_address(address.encode()) == address


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"*",
        b"<>",
        b"< >",
        b"<sip:a@h",
        b"sip:a@h>",
        b"<sip:a@h>x",
        b"<sip:a@h>;=x",
        b'"never closed <sip:a@h>',
        b'"ends in a backslash\\',
        b'"a" "b" <sip:a@h>',
        b'<sip:a@h>;p="abc\\',
        b'<sip:a@h>;p="abc',
        b"<sip:a SIP/2.0 b@h>",
        b"<sip:a\tb@h>",
        b"<<sip:a@h>>",
        b"no colon",
        b"sip:a@h sip:b@h",
    ],
)
def test_what_is_no_address_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_address(value)
    assert caught.value.status == 400


def test_the_tag_is_replaced_not_repeated() -> None:
    address = parse_address(b"<sip:a@h>;tag=1;x=2")
    assert address.tag == b"1"
    assert address.with_tag(b"9").parameters == ((b"x", b"2"), (b"tag", b"9"))


def test_a_tag_of_any_length_is_kept_whole() -> None:
    tag = b"t" * 7000
    assert parse_address(b"<sip:a@h>;tag=" + tag).tag == tag
