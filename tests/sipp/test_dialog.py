"""Requests inside a call, from either side to the other."""

from __future__ import annotations

import pytest

from sipp.harness import Bench

pytestmark = pytest.mark.sipp


def test_prack_crosses_and_names_the_reliable_provisional_of_the_other_side(bench: Bench) -> None:
    bench.callee("east", "reliable")
    bench.sipfo("one-route")
    bench.caller("acknowledges-reliably")
    bench.finish()
    wire = bench.wire
    (there,) = wire.requests("PRACK", "caller", "sipfo")
    (here,) = wire.requests("PRACK", "us.primary", "east")
    assert there.headers["rack"] == "4711 41 INVITE"
    assert here.headers["rack"] == "4711 1 INVITE"


@pytest.mark.parametrize("method", ["INFO", "UPDATE"])
def test_request_crosses_from_caller_to_callee(bench: Bench, method: str) -> None:
    bench.callee("east", "takes-request", method=method)
    bench.sipfo("one-route")
    bench.caller("sends-request", method=method)
    bench.finish()
    wire = bench.wire
    (request,) = wire.requests(method, "us.primary", "east")
    assert request.body == f"a request by {method}\r\n".encode()
    (answer,) = wire.responses("sipfo", "caller", method)
    assert answer.body == f"answer to {method}\r\n".encode()


@pytest.mark.parametrize("method", ["INFO", "UPDATE"])
def test_request_crosses_from_callee_to_caller(bench: Bench, method: str) -> None:
    bench.callee("east", "sends-request", method=method)
    bench.sipfo("one-route")
    bench.caller("takes-request", method=method)
    bench.finish()
    wire = bench.wire
    (request,) = wire.requests(method, "sipfo", "caller")
    assert request.body == f"a request by {method}\r\n".encode()
    (answer,) = wire.responses("us.primary", "east", method)
    assert answer.body == f"answer to {method}\r\n".encode()


def test_reinvite_crosses_from_caller_to_callee(bench: Bench) -> None:
    bench.callee("east", "is-reinvited")
    bench.sipfo("one-route")
    bench.caller("reinvites")
    bench.finish()
    wire = bench.wire
    _, there = wire.requests("INVITE", "caller", "sipfo")
    _, here = wire.requests("INVITE", "us.primary", "east")
    assert here.body == there.body
    assert here.headers["max-forwards"] == "30"
    assert len(wire.requests("ACK", "us.primary", "east")) == 2


def test_reinvite_crosses_from_callee_to_caller(bench: Bench) -> None:
    bench.callee("east", "reinvites")
    bench.sipfo("one-route")
    bench.caller("is-reinvited")
    bench.finish()
    wire = bench.wire
    (there,) = wire.requests("INVITE", "east", "us.primary")
    (here,) = wire.requests("INVITE", "sipfo", "caller")
    assert here.body == there.body
    assert len(wire.requests("ACK", "sipfo", "caller")) == 1


def test_bye_crosses_from_caller_to_callee(bench: Bench) -> None:
    bench.callee("east", "answers")
    bench.sipfo("one-route")
    bench.caller("hangs-up")
    bench.finish()
    assert len(bench.wire.requests("BYE", "us.primary", "east")) == 1


def test_bye_crosses_from_callee_to_caller(bench: Bench) -> None:
    bench.callee("east", "hangs-up")
    bench.sipfo("one-route")
    bench.caller("is-hung-up-on")
    bench.finish()
    assert len(bench.wire.requests("BYE", "sipfo", "caller")) == 1
