"""Dialogs of both sides: what they take from the first messages, and the requests they make."""

from __future__ import annotations

import pytest

from runtime.sip.samples import FIELDS, answer, as_request, replaced, request, wire
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.dialog import Dialog
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response, check

LOOSE = (b"<sip:p1;lr>", b"<sip:p2;lr>", b"<sip:p3;lr>")


def served(*routes: bytes) -> Dialog:
    """The dialog of an INVITE that came with these Record-Routes."""
    invite = wire(*FIELDS, *(b"Record-Route: " + route for route in routes))
    return Dialog.of_server(as_request(invite), b"ours")


def answered(*routes: bytes, contact: bytes | None = b"<sip:bob@192.0.2.77:5070>") -> Response:
    response = answer(request(), 200, b"theirs")
    for route in routes:
        response.headers.add(b"record-route", route)
    if contact is not None:
        response.headers.add(b"contact", contact)
    return response


def placed(*routes: bytes) -> Dialog:
    return Dialog.of_client(request(), answered(*routes))


def test_the_dialog_of_a_server() -> None:
    dialog = served()
    assert dialog.key == (b"call-1", b"ours", b"from-1")
    assert dialog.remote_target == b"sip:alice@192.0.2.10:5060"
    assert (dialog.local_seq, dialog.remote_seq) == (0, 7)
    assert dialog.local.uri == b"sip:bob@198.51.100.20"


def test_the_dialog_of_a_client() -> None:
    dialog = placed()
    assert dialog.key == (b"call-1", b"from-1", b"theirs")
    assert dialog.remote_target == b"sip:bob@192.0.2.77:5070"
    assert (dialog.local_seq, dialog.remote_seq) == (7, None)


def test_a_server_keeps_the_order_of_record_route_and_a_client_reverses_it() -> None:
    """§12.1.1 and §12.1.2; several in one field count one by one."""
    assert served(LOOSE[0] + b", " + LOOSE[1], LOOSE[2]).route_set == LOOSE
    assert placed(LOOSE[0] + b", " + LOOSE[1], LOOSE[2]).route_set == LOOSE[::-1]


def test_without_a_contact_a_server_has_no_dialog_and_a_client_the_request_uri() -> None:
    with pytest.raises(Malformed):
        Dialog.of_server(as_request(replaced(b"Contact")), b"ours")
    early = Dialog.of_client(request(), answered(contact=None))
    assert early.remote_target == b"sip:bob@198.51.100.20"


@pytest.mark.parametrize(
    "contact", [b"*", b"<tel:+1312>", b"<sip:a b@h>", b"<sip:a@h", b"<sip:..>"]
)
def test_a_contact_that_no_request_can_go_to_makes_no_dialog(contact: bytes) -> None:
    with pytest.raises(Malformed):
        Dialog.of_server(as_request(replaced(b"Contact", b"Contact: " + contact)), b"ours")
    with pytest.raises(Malformed):
        Dialog.of_client(request(), answered(contact=contact))
    dialog = placed()
    with pytest.raises(Malformed):
        dialog.refresh(answered(contact=contact))
    assert dialog.remote_target == b"sip:bob@192.0.2.77:5070"


@pytest.mark.parametrize("route", [b"nonsense", b"<sip:p1", b"<sip:..;lr>", b"<http://p1>"])
def test_a_route_that_no_request_can_take_makes_no_dialog(route: bytes) -> None:
    with pytest.raises(Malformed):
        served(LOOSE[0], route)
    with pytest.raises(Malformed):
        placed(LOOSE[0], route)


def test_a_peer_that_made_no_dialog_can_still_be_hung_up_on() -> None:
    dialog = Dialog.of_unusable(request(), answered(b"nonsense", contact=b"*"))
    assert dialog.key == (b"call-1", b"from-1", b"theirs")
    bye = dialog.request("BYE")
    assert (bye.uri, bye.cseq) == (b"sip:bob@198.51.100.20", CSeq(8, "BYE"))
    assert dialog.next_hop == b"sip:bob@198.51.100.20"


def test_a_request_of_a_server_swaps_from_and_to() -> None:
    bye = served().request("BYE")
    assert (bye.method, bye.uri, bye.cseq) == ("BYE", b"sip:alice@192.0.2.10:5060", CSeq(1, "BYE"))
    assert bye.headers.first(b"from") == b"<sip:bob@198.51.100.20>;tag=ours"
    assert bye.headers.first(b"to") == b'"Alice" <sip:alice@192.0.2.10>;tag=from-1'
    assert bye.call_id == b"call-1"
    assert bye.max_forwards == 70


def test_a_request_with_a_via_is_complete() -> None:
    bye = placed(*LOOSE).request("BYE")
    bye.headers.prepend(b"via", b"SIP/2.0/UDP h;branch=z9hG4bK-2")
    check(bye)


def test_the_sequence_goes_up_by_one_and_ack_repeats_its_invites() -> None:
    dialog = placed()
    assert [dialog.request(method).cseq for method in ("INVITE", "BYE")] == [
        CSeq(8, "INVITE"),
        CSeq(9, "BYE"),
    ]
    assert dialog.request("ACK", 7).cseq == CSeq(7, "ACK")
    assert dialog.request("INFO").cseq == CSeq(10, "INFO")


def test_a_loose_route_set_goes_along_and_the_target_is_the_request_uri() -> None:
    dialog = placed(*LOOSE)
    info = dialog.request("INFO")
    assert info.uri == b"sip:bob@192.0.2.77:5070"
    assert tuple(info.headers.all(b"route")) == LOOSE[::-1]
    assert dialog.next_hop == b"sip:p3;lr"


def test_a_strict_router_gets_its_own_uri_and_the_target_comes_last() -> None:
    dialog = placed(b"<sip:p1;lr>", b'"Old" <sip:p2;x=y>;z=1')
    info = dialog.request("INFO")
    assert info.uri == b"sip:p2;x=y"
    assert info.headers.all(b"route") == [b"<sip:p1;lr>", b"<sip:bob@192.0.2.77:5070>"]
    assert dialog.next_hop == b"sip:p2;x=y"


def test_without_routes_the_next_hop_is_the_target() -> None:
    assert placed().next_hop == b"sip:bob@192.0.2.77:5070"
    assert placed().request("BYE").headers.first(b"route") is None


def test_only_a_request_with_a_higher_cseq_is_in_order() -> None:
    dialog = served()

    def accepts(number: int) -> bool:
        return dialog.accepts(request("INFO", number=number))

    assert [accepts(number) for number in (7, 6, 8, 8, 100, 9, 101)] == [
        *(False, False, True, False, True, False, True)
    ]


def test_the_first_request_of_the_peer_sets_the_sequence() -> None:
    dialog = placed()
    assert dialog.accepts(request("BYE", number=0))
    assert dialog.remote_seq == 0


def refresher(contact: bytes | None) -> Request:
    lines = () if contact is None else (b"Contact: " + contact,)
    return as_request(replaced(b"Contact", *lines))


def test_a_target_refresh_changes_the_target_and_nothing_else() -> None:
    dialog = placed(*LOOSE)
    before = (dialog.key, dialog.route_set, dialog.local_seq)
    dialog.refresh(refresher(b"<sip:bob@203.0.113.1;transport=tcp>"))
    assert dialog.remote_target == b"sip:bob@203.0.113.1;transport=tcp"
    dialog.refresh(refresher(None))
    assert dialog.remote_target == b"sip:bob@203.0.113.1;transport=tcp"
    assert (dialog.key, dialog.route_set, dialog.local_seq) == before


def test_a_peer_without_a_tag_is_a_peer_of_rfc_2543() -> None:
    response = answered()
    response.headers.set(b"to", b"<sip:bob@198.51.100.20>")
    dialog = Dialog.of_client(request(), response)
    assert dialog.key == (b"call-1", b"from-1", b"")
    assert dialog.request("BYE").headers.first(b"to") == b"<sip:bob@198.51.100.20>"
