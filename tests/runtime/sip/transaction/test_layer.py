"""Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3), and that none is left over."""

from __future__ import annotations

import pytest

from runtime.sip.samples import TCP, UDP, answer, as_request, as_response, replaced, request
from runtime.sip.transaction.bench import Bench, Recorder
from sipfo.runtime.sip.build import make_cancel
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, serialize
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.server import ServerTransaction

OLD = b"1"
"""A branch of an RFC 2543 client."""


def serving(*requests: Request) -> Bench:
    bench = Bench()
    for one in requests:
        bench.layer.serve(one, UDP)
    return bench


def invite_with(name: bytes, line: bytes, branch: bytes = OLD) -> Request:
    """The sample INVITE under another branch, with one field replaced."""
    data = replaced(name, line).replace(b"branch=z9hG4bK-1", b"branch=" + branch)
    return as_request(data)


def test_a_response_is_matched_by_branch_and_cseq_method() -> None:
    bench = Bench()
    invite, cancel = request(), request("CANCEL")
    of_invite, of_cancel = Recorder(), Recorder()
    bench.layer.invite(invite, UDP, of_invite, 0)
    bench.layer.request(cancel, UDP, of_cancel, 0)
    assert bench.layer.receive_response(answer(cancel, 200), 0)
    assert bench.layer.receive_response(answer(invite, 487), 0)
    assert (of_cancel.told, of_invite.told) == ([(0, 200)], [(0, 487)])


def test_a_response_to_nothing_is_handed_back() -> None:
    bench = Bench()
    bench.layer.invite(request(), UDP, bench.user, 0)
    strangers = (request(branch=b"z9hG4bK-2"), request("BYE"), request(branch=b""))
    assert not any(bench.layer.receive_response(answer(one, 200), 0) for one in strangers)
    assert bench.user.told == []


@pytest.mark.parametrize("line", [b"CSeq: 9292394834772304023312 INVITE", b"CSeq: x", b"X: y"])
def test_a_response_that_cannot_be_read_is_malformed(line: bytes) -> None:
    data = serialize(answer(request(), 503)).replace(b"CSeq: 7 INVITE", line)
    with pytest.raises(Malformed):
        Bench().layer.receive_response(as_response(data), 0)


def test_a_new_request_is_not_absorbed_and_its_repetition_is() -> None:
    bench = Bench()
    assert not bench.layer.absorb(request(), 0)
    assert isinstance(bench.layer.serve(request(), UDP), InviteServerTransaction)
    assert bench.layer.absorb(request(), 0)
    assert isinstance(bench.layer.serve(request("OPTIONS"), UDP), ServerTransaction)
    assert len(bench.layer) == 2


@pytest.mark.parametrize(
    "other",
    [
        request(branch=b"z9hG4bK-2"),
        request(sent_by=b"192.0.2.10:5061"),
        request(sent_by=b"192.0.2.11:5060"),
        request("OPTIONS"),
        request("CANCEL"),
    ],
    ids=["branch", "port", "host", "method", "cancel"],
)
def test_another_branch_sent_by_or_method_is_another_request(other: Request) -> None:
    assert not serving(request()).layer.absorb(other, 0)


def test_with_the_magic_cookie_nothing_else_is_compared() -> None:
    other = invite_with(b"Call-ID", b"Call-ID: other", branch=b"z9hG4bK-1")
    assert serving(request()).layer.absorb(other, 0)


@pytest.mark.parametrize("branch", [b"", OLD, b"z9hG4bK"])
def test_without_it_an_rfc_2543_request_is_absorbed_by_its_fields(branch: bytes) -> None:
    bench = serving(request(branch=branch))
    assert bench.layer.absorb(request(branch=branch), 0)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (b"Call-ID", b"Call-ID: other"),
        (b"CSeq", b"CSeq: 8 INVITE"),
        (b"From", b"From: <sip:alice@192.0.2.10>;tag=other"),
        (b"Via", b"Via: SIP/2.0/UDP 192.0.2.11:5060;branch=1"),
    ],
)
def test_without_it_another_call_number_tag_or_via_is_another_request(
    name: bytes, line: bytes
) -> None:
    bench = serving(request(branch=OLD))
    assert not bench.layer.absorb(invite_with(name, line), 0)


def test_without_it_another_request_uri_is_another_request() -> None:
    bench = serving(request("OPTIONS", OLD))
    other = request("OPTIONS", OLD)
    other.uri = b"sip:carol@198.51.100.20"
    assert not bench.layer.absorb(other, 0)


@pytest.mark.parametrize("branch", [b"z9hG4bK-1", OLD, b""])
def test_an_ack_confirms_the_invite_that_was_refused(branch: bytes) -> None:
    bench = Bench()
    invite = request(branch=branch)
    bench.layer.serve(invite, UDP).respond(answer(invite, 486), 0)
    assert bench.layer.absorb(request("ACK", branch, to_tag=b"to-1"), 0)
    bench.run(100)
    assert bench.times(486) == [0]
    assert bench.empty


@pytest.mark.parametrize("status", [180, 200])
def test_an_ack_of_no_refusal_is_handed_back(status: int) -> None:
    bench = Bench()
    bench.layer.serve(request(), UDP).respond(answer(request(), status), 0)
    assert not bench.layer.absorb(request("ACK", to_tag=b"to-1"), 0)
    assert not bench.layer.absorb(request("ACK", b"z9hG4bK-2", to_tag=b"to-1"), 0)
    assert len(bench.layer) == 1


@pytest.mark.parametrize("branch", [b"z9hG4bK-1", OLD, b""])
def test_a_cancel_finds_its_invite(branch: bytes) -> None:
    bench = Bench()
    invite = request(branch=branch)
    served = bench.layer.serve(invite, UDP)
    bench.layer.serve(request("OPTIONS", branch), UDP)
    cancel = make_cancel(invite)
    assert not bench.layer.absorb(cancel, 0)
    assert bench.layer.invite_of(cancel) is served


@pytest.mark.parametrize("branch", [b"z9hG4bK-2", b"other"])
def test_a_cancel_of_nothing_finds_nothing(branch: bytes) -> None:
    bench = serving(request(), request("OPTIONS", branch))
    assert bench.layer.invite_of(request("CANCEL", branch)) is None


@pytest.mark.parametrize(
    ("via", "port"),
    [
        (b"SIP/2.0/UDP h:5070", 5070),
        (b"SIP/2.0/UDP h", 5060),
        (b"SIP/2.0/UDP h:5070;rport", 40000),
    ],
)
def test_a_response_goes_where_the_via_asks_on_the_real_host(via: bytes, port: int) -> None:
    bench = Bench()
    asked = as_request(replaced(b"Via", b"Via: " + via + b";branch=z9hG4bK-9"))
    flow = Flow("udp", ("192.0.2.10", 5060), ("203.0.113.9", 40000))
    bench.layer.serve(asked, flow).respond(answer(asked, 100), 0)
    assert bench.sent[0][1] == flow._replace(remote=("203.0.113.9", port))


def test_a_response_on_a_connection_goes_back_on_it() -> None:
    bench = Bench()
    flow = TCP._replace(remote=("203.0.113.9", 40000))
    bench.layer.serve(request(), flow).respond(answer(request(), 100), 0)
    # Where to, should the connection be gone, is the Via's word on the port (§18.2.2).
    assert bench.sent[0][1] == flow._replace(remote=("203.0.113.9", 5060))


ELSEWHERE = [
    UDP._replace(remote=("198.51.100.20", 5062)),
    UDP._replace(remote=("198.51.100.21", 5060)),
    UDP._replace(local=("192.0.2.11", 5060)),
    TCP,
]


@pytest.mark.parametrize("failed", ELSEWHERE)
def test_an_error_of_another_flow_concerns_nobody(failed: Flow) -> None:
    bench = Bench()
    bench.layer.invite(request(), UDP, bench.user, 0)
    bench.layer.transport_failed(failed, 0)
    assert bench.user.told == []


@pytest.mark.parametrize(
    ("ours", "failed", "ends"),
    [(1, 1, True), (1, 2, False), (None, 2, True), (1, None, True), (None, None, True)],
)
def test_an_error_of_one_connection_spares_what_went_over_another(
    ours: int | None, failed: int | None, ends: bool
) -> None:
    bench = Bench()
    bench.layer.invite(request(), TCP._replace(connection=ours), bench.user, 0)
    bench.layer.transport_failed(TCP._replace(connection=failed), 0)
    assert bool(bench.user.told) is ends
    bench.run(100)
    assert bench.empty


def test_a_user_that_raises_leaves_no_transaction_behind() -> None:
    bench = Bench()

    class Broken(Recorder):
        def on_timeout(self, *_: object) -> None:
            raise RuntimeError("broken")

        def on_transport_error(self, *_: object) -> None:
            raise RuntimeError("broken")

    for start, method in ((bench.layer.invite, "INVITE"), (bench.layer.request, "BYE")):
        start(request(method), UDP, Broken(), bench.now)
        with pytest.raises(RuntimeError):
            bench.run(bench.now + 64)
        start(request(method), UDP, Broken(), bench.now)
        with pytest.raises(RuntimeError):
            bench.layer.transport_failed(UDP, bench.now)
        assert bench.empty


def test_an_error_ends_every_transaction_that_waits_on_its_flow() -> None:
    bench = Bench()
    for n in range(3):
        bench.layer.invite(request(branch=b"z9hG4bK-i%d" % n), UDP, bench.user, 0)
        bench.layer.request(request("OPTIONS", b"z9hG4bK-o%d" % n), UDP, bench.user, 0)
    bench.layer.transport_failed(UDP, 0)
    assert [what for _, what in bench.user.told].count("transport error") == 6
    assert len(bench.layer) == 0


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_an_icmp_error_says_nothing_about_what_was_answered(method: str) -> None:
    """A broken connection does: the final response has no way back."""
    for flow, told in ((UDP, [100]), (TCP, [100, "transport error", "terminated"])):
        bench = Bench()
        send = bench.layer.invite if method == "INVITE" else bench.layer.request
        send(request(method), flow, bench.user, 0)
        bench.layer.receive_response(answer(request(method), 100), 0)
        bench.layer.transport_failed(flow, 0)
        assert [what for _, what in bench.user.told] == told


@pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
def test_an_error_does_not_take_back_an_answer(flow: Flow) -> None:
    bench = Bench()
    bench.layer.invite(request(), flow, bench.user, 0)
    bench.layer.receive_response(answer(request(), 200), 0)
    bench.layer.transport_failed(flow, 1)
    bench.layer.receive_response(answer(request(), 200), 2)
    assert bench.user.told == [(0, 200), (2, 200)]
    bench.run(100)
    assert bench.empty


def test_a_user_may_send_again_from_within_an_error() -> None:
    """Failover: the next attempt starts while the first is being told dead."""
    bench = Bench()

    class Hunter(Recorder):
        def on_transport_error(self, *_: object) -> None:
            bench.layer.invite(request(branch=b"z9hG4bK-next"), UDP, bench.user, 0)

    bench.layer.invite(request(), UDP, Hunter(), 0)
    bench.layer.transport_failed(UDP, 0)
    assert bench.user.told == []
    assert len(bench.layer) == 1


def test_a_branch_used_again_is_not_forgotten_with_the_first() -> None:
    bench = Bench()
    bench.layer.invite(request(), UDP, Recorder(), 0)
    bench.run(1)
    bench.layer.invite(request(), UDP, bench.user, 1)
    bench.run(32.5)
    assert bench.user.told == []
    assert bench.layer.receive_response(answer(request(), 486), 32.5)


@pytest.mark.parametrize("flow", [UDP, TCP], ids=["udp", "tcp"])
@pytest.mark.parametrize("status", [200, 302, 487, 503, 603])
def test_nothing_is_left_when_every_timer_has_run(flow: Flow, status: int) -> None:
    bench = Bench()
    for n in range(20):
        invite, bye = request(branch=b"z9hG4bK-i%d" % n), request("BYE", b"z9hG4bK-b%d" % n)
        bench.layer.invite(invite, flow, bench.user, bench.now)
        bench.layer.request(bye, flow, bench.user, bench.now)
        for one in (invite, bye):
            bench.layer.serve(one, flow).respond(answer(one, status), bench.now)
            bench.layer.receive_response(answer(one, status), bench.now)
        bench.run(bench.now + 0.3)
    bench.run(bench.now + 64)
    assert bench.empty
    assert [what for _, what in bench.user.told].count("terminated") == 40
