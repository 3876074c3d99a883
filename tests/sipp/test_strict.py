"""The judge of `strict`: a call that is right, and what it says of each way to get one wrong."""

from __future__ import annotations

import pytest

from sipp import strict
from sipp.wire import Message

OURS = ("sipfo",)
AT = {"sipfo": ("192.0.2.10", 5060), "east": ("198.51.100.1", 5060)}
BRANCH = "z9hG4bKinvite-01"
CALL = """\
sipfo INVITE sip:b@198.51.100.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKinvite-01;rport
Max-Forwards: 69
From: <sip:a@x>;tag=a
To: <sip:b@198.51.100.1>
Call-ID: c
CSeq: 1 INVITE
Contact: <sip:192.0.2.10:5060>
Content-Length: 0

east SIP/2.0 180 Ringing
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKinvite-01;rport=5060
From: <sip:a@x>;tag=a
To: <sip:b@198.51.100.1>;tag=b
Call-ID: c
CSeq: 1 INVITE

sipfo CANCEL sip:b@198.51.100.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKinvite-01;rport
Max-Forwards: 70
From: <sip:a@x>;tag=a
To: <sip:b@198.51.100.1>
Call-ID: c
CSeq: 1 CANCEL
Content-Length: 0

east SIP/2.0 487 Request Terminated
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKinvite-01;rport=5060
From: <sip:a@x>;tag=a
To: <sip:b@198.51.100.1>;tag=b
Call-ID: c
CSeq: 1 INVITE

sipfo ACK sip:b@198.51.100.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKinvite-01;rport
Max-Forwards: 70
From: <sip:a@x>;tag=a
To: <sip:b@198.51.100.1>;tag=b
Call-ID: c
CSeq: 1 ACK
Content-Length: 0

east INVITE sip:z@192.0.2.10 SIP/2.0
Via: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bKother-001
From: <sip:b@x>;tag=z
To: <sip:z@192.0.2.10>
Call-ID: d
CSeq: 7 INVITE
Record-Route: <sip:near@198.51.100.1;lr>, <sip:far@198.51.100.1;lr>
Contact: <sip:b@198.51.100.1>

sipfo SIP/2.0 200 OK
Via: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bKother-001
From: <sip:b@x>;tag=z
To: <sip:z@192.0.2.10>;tag=y
Call-ID: d
CSeq: 7 INVITE
Record-Route: <sip:near@198.51.100.1;lr>
Record-Route: <sip:far@198.51.100.1;lr>
Contact: <sip:192.0.2.10:5060;transport=tcp>
Allow: INVITE
Content-Length: 0

sipfo INFO sip:b@198.51.100.1 SIP/2.0
Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKinfo-0001;rport
Max-Forwards: 69
From: <sip:z@192.0.2.10>;tag=y
To: <sip:b@x>;tag=z
Call-ID: d
CSeq: 1 INFO
Route: <sip:near@198.51.100.1;lr>, <sip:far@198.51.100.1;lr>
Content-Length: 0

sipfo BYE sip:b@198.51.100.1 SIP/2.0
Via: SIP/2.0/TCP 192.0.2.10:5060;branch=z9hG4bKbye-00001;rport
Max-Forwards: 70
From: <sip:z@192.0.2.10>;tag=y
To: <sip:b@x>;tag=z
Call-ID: d
CSeq: 2 BYE
Route: <sip:near@198.51.100.1;lr>, <sip:far@198.51.100.1;lr>
Content-Length: 0
"""


def messages(text: str) -> list[Message]:
    return [message(one) for one in text.strip().split("\n\n")]


def message(text: str) -> Message:
    start, *lines = text.splitlines()
    source, _, first_line = start.partition(" ")
    fields = tuple((n.lower(), v.strip()) for n, _, v in (one.partition(":") for one in lines))
    target = "east" if source == "sipfo" else "sipfo"
    headers = dict(reversed(fields))
    return Message(0.0, source, target, first_line, headers, b"", fields, AT[source])


def test_a_call_that_is_right_has_no_fault() -> None:
    assert strict.faults(messages(CALL), OURS) == []


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("1 INVITE\nContact: <sip:192.0.2.10:5060>", "1 INVITE", "no Contact"),
        ("Contact: <sip:192.0.2.10:5060>", "Contact: <sip:192.0.2.9:5060>", "from"),
        (";transport=tcp>", ">", "over TCP"),
        ("Contact: <sip:192.0.2.10:5060>", "Contact: sip:a\nContact: sip:b", "stands 2 times"),
        (
            "Contact: <sip:192.0.2.10:5060>\nContent-Length: 0",
            "Contact: <sip:192.0.2.10:5060>",
            "Length",
        ),
        ("Max-Forwards: 69", "Max-Forwards: 71", "Max-Forwards 71"),
        ("Max-Forwards: 69", "Record-Route: <sip:192.0.2.10;lr>\nMax-Forwards: 69", "Record-Route"),
        ("Max-Forwards: 69", "Subject:\nMax-Forwards: 69\nDate:", "date is empty"),
        (
            "UDP 192.0.2.10:5060;branch=z9hG4bKinvite-01;rport\nMax-Forwards: 69",
            "UDP 192.0.2.1:5060;branch=z9hG4bKinvite-01;rport\nMax-Forwards: 69",
            "sent-by",
        ),
        ("TCP 192.0.2.10:5060;branch=z9hG4bKinfo-0001", "TCP 192.0.2.10:5060;branch=1", "Via"),
        ("1 INFO", "1 INFORM", "CSeq"),
        ("2 BYE", "1 BYE", "after 1 INFO"),
        ("BYE sip:b@", "BYE sip:c@", "to sip:c@198.51.100.1, not <sip:b@198.51.100.1>"),
        ("2 BYE\nRoute: <sip:near@198.51.100.1;lr>, ", "2 BYE\nRoute: ", "Route ['<sip:far"),
        ("Record-Route: <sip:far@198.51.100.1;lr>\n", "", "Record-Route ['<sip:near"),
        ("CANCEL sip:b@198.51.100.1", "CANCEL sip:c@198.51.100.1", "Request-URI"),
        (
            "70\nFrom: <sip:a@x>;tag=a\nTo: <sip:b@198.51.100.1>\n",
            "70\nFrom: <sip:a@x>;tag=a\nTo: <sip:b@198.51.100.1>;tag=b\n",
            "To",
        ),
        ("1 CANCEL", "2 CANCEL", "CSeq 2 CANCEL"),
        ("1 CANCEL", "1 CANCEL\nRequire: timer", "require in CANCEL"),
        ("SIP/2.0 180 Ringing", "SIP/2.0 487 Ringing", "before a provisional"),
        ("tag=b\nCall-ID: c\nCSeq: 1 ACK", "tag=x\nCall-ID: c\nCSeq: 1 ACK", "of no refusal"),
        (
            "<sip:z@192.0.2.10>;tag=y\nCall-ID: d\nCSeq: 7",
            "<sip:z@192.0.2.10>\nCall-ID: d\nCSeq: 7",
            "no To tag",
        ),
        (
            "<sip:z@192.0.2.10>;tag=y\nCall-ID: d\nCSeq: 7",
            "<sip:q@192.0.2.10>;tag=y\nCall-ID: d\nCSeq: 7",
            "To",
        ),
        (
            "SIP/2.0 200 OK\nVia: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bKother-001",
            "SIP/2.0 200 OK\nVia: SIP/2.0/TCP 198.51.100.1:5060;branch=z9hG4bKother-002",
            "answers nothing",
        ),
        ("Allow: INVITE", "Server: x", "no allow"),
        ("SIP/2.0 200 OK", "SIP/2.0 420 Bad Extension", "no unsupported"),
        ("SIP/2.0 200 OK", "SIP/2.0 183 Session Progress\nRequire: 100rel", "do not agree"),
        ("Allow: INVITE", "Allow: INVITE\nContent-Type: text/plain", "Content-Type"),
    ],
)
def test_a_call_that_is_wrong_has_its_fault(right: str, wrong: str, said: str) -> None:
    assert right in CALL
    found = strict.faults(messages(CALL.replace(right, wrong)), OURS)
    assert any(said in one for one in found), found
