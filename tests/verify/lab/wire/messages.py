"""SIP messages of a call, as small as they can be."""

from __future__ import annotations

from sipfo.runtime.sip.message import Request, Response, parse
from sipfo.verify.lab.wire.heard import Said
from sipfo.verify.lab.wire.packet import Address

CALLER = ("192.0.2.129", 40000)
DOOR = ("192.0.2.10", 5060)
PRIMARY = ("192.76.120.10", 5060)
SECONDARY = ("64.16.250.10", 5060)
EAST = ("198.51.100.10", 5060)
WEST = ("198.51.100.11", 5060)


def request(method: str, branch: str, number: str = "+13125550123", tag: str = "") -> bytes:
    """`tag` is the callee's: a request within a dialog has one."""
    to = f"<sip:x>;tag={tag}" if tag else "<sip:x>"
    return (
        f"{method} sip:{number}@198.51.100.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch={branch}\r\n"
        f"From: <sip:a>;tag=1\r\nTo: {to}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def response(status: int, branch: str, tag: str = "t", phrase: str = "Said") -> bytes:
    return (
        f"SIP/2.0 {status} {phrase}\r\nVia: SIP/2.0/UDP 192.0.2.9;branch={branch}\r\n"
        f"From: <sip:a>;tag=1\r\nTo: <sip:x>;tag={tag}\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def said(
    at: float, source: Address, destination: Address, data: bytes, transport: str = "udp"
) -> Said:
    message = parse(data)
    assert isinstance(message, Request | Response)
    return Said(at, transport, source, destination, message)


def placed(at: float = 0.0) -> Said:
    """The caller's INVITE."""
    return said(at, CALLER, DOOR, request("INVITE", "z9hG4bKcaller"))


def told(at: float, status: int, tag: str = "ours") -> Said:
    """The final response to it."""
    return said(at, DOOR, CALLER, response(status, "z9hG4bKcaller", tag))
