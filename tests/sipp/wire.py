"""Packets to the SIP messages in them, between parties by name.

A reader of its own, so that sipfo's parser is not its own judge. What would surprise: a TCP
segment is taken for one message, which on loopback and at this size it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sipp.addresses import Parties
from sipp.capture import Packet

_TAG = re.compile(r";tag=([^;>]+)$")


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message seen on the wire; `at` is in seconds, header names are in lower case."""

    at: float
    source: str
    target: str
    first_line: str
    headers: dict[str, str]
    body: bytes
    fields: tuple[tuple[str, str], ...] = ()
    """Every header field in its order; `headers` has the first of each name."""
    place: tuple[str, int] = ("", 0)
    """Where it was sent from."""

    @property
    def cseq_method(self) -> str:
        """The method of CSeq: a response's as well."""
        return self.headers.get("cseq", "").rpartition(" ")[2]

    @property
    def cseq_number(self) -> int:
        """The number of CSeq."""
        return int(self.headers["cseq"].partition(" ")[0])

    @property
    def from_tag(self) -> str:
        """The tag of From, or nothing."""
        return _tag(self.headers["from"])

    @property
    def to_tag(self) -> str:
        """The tag of To, or nothing."""
        return _tag(self.headers["to"])

    def values(self, name: str) -> list[str]:
        """The values of the header fields of a name, in lower case."""
        return [value for one, value in self.fields if one == name]

    @property
    def method(self) -> str | None:
        """The method of a request."""
        return None if self.status else self.first_line.split(" ")[0]

    @property
    def status(self) -> int:
        """The status code of a response, 0 for a request."""
        return int(self.first_line[8:11]) if self.first_line.startswith("SIP/2.0 ") else 0


class Wire:
    """What was on the wire until now."""

    def __init__(self, packets: Sequence[Packet], parties: Parties) -> None:
        self.packets = packets
        self.messages = [one for packet in packets if (one := _message(packet, parties))]
        self._names = parties

    @property
    def invites(self) -> list[Message]:
        """The INVITEs that sipfo sets attempts up with, in order; one sent again counts once."""
        first: dict[str, Message] = {}
        for one in self.messages:
            is_initial = one.method == "INVITE" and "tag=" not in one.headers["to"]
            if is_initial and one.target != "sipfo":
                first.setdefault(one.headers["via"], one)
        return list(first.values())

    @property
    def attempts(self) -> list[tuple[str, str]]:
        """Where each attempt's INVITE came from and went to."""
        return [(one.source, one.target) for one in self.invites]

    @property
    def opened(self) -> list[tuple[str, str]]:
        """Every TCP connection that was asked for."""
        return [self._parties(one) for one in self.packets if one.opens]

    @property
    def unreachable(self) -> list[tuple[str, str]]:
        """Every ICMP message: from whom and to whom."""
        return [self._parties(one) for one in self.packets if one.protocol == "icmp"]

    def requests(self, method: str, source: str, target: str) -> list[Message]:
        """Requests of a method on one way, repeated ones too."""
        return [
            one
            for one in self.messages
            if (one.method, one.source, one.target) == (method, source, target)
        ]

    def responses(self, source: str, target: str, method: str = "INVITE") -> list[Message]:
        """Responses to a method on one way, repeated ones too."""
        return [
            one
            for one in self.messages
            if one.status
            and (one.source, one.target) == (source, target)
            and one.headers["cseq"].endswith(f" {method}")
        ]

    def _parties(self, packet: Packet) -> tuple[str, str]:
        return self._names.name(*packet.source), self._names.name(*packet.target)

    def __str__(self) -> str:
        lines = [f"{one.source} > {one.target}: {one.first_line}" for one in self.messages]
        return "\n".join(lines) or "nothing was on the wire"


def _tag(value: str) -> str:
    found = _TAG.search(value)
    return found[1] if found else ""


def _message(packet: Packet, parties: Parties) -> Message | None:
    head, blank, body = packet.payload.partition(b"\r\n\r\n")
    first_line, *lines = head.decode("utf-8", "replace").split("\r\n")
    if packet.protocol == "icmp" or not blank or "SIP/2.0" not in first_line:
        return None
    parts = [line.partition(":") for line in lines]
    fields = tuple((name.strip().lower(), value.strip()) for name, _, value in parts)
    headers = dict(reversed(fields))
    source, target = parties.name(*packet.source), parties.name(*packet.target)
    return Message(packet.at, source, target, first_line, headers, body, fields, packet.source)
