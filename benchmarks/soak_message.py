"""SIP as the parties of a soak speak it: just enough, and nothing of sipfo's own reader or writer.

What would surprise: it takes for granted that a message is well formed. A message that is not
raises ValueError, which a party counts against sipfo.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One request or response; names of fields are in lower case."""

    first: str
    fields: tuple[tuple[str, str], ...]

    def one(self, name: str) -> str:
        """The first field of a name. Raises ValueError when there is none."""
        for known, value in self.fields:
            if known == name:
                return value
        raise ValueError(f"no {name} in {self.first}")

    def every(self, name: str) -> list[str]:
        """Every field of a name, in order."""
        return [value for known, value in self.fields if known == name]

    @property
    def status(self) -> int:
        """The status code; 0 of a request."""
        return int(self.first.split(" ", 2)[1]) if self.first.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        """The method; of a response that of its request."""
        return self.one("cseq").split()[1] if self.status else self.first.split(" ", 1)[0]

    @property
    def number(self) -> int:
        """The number in CSeq."""
        return int(self.one("cseq").split()[0])

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.one("call-id")

    @property
    def contact(self) -> str:
        """The URI in Contact."""
        return self.one("contact").partition("<")[2].partition(">")[0]


def read(data: bytes) -> Message:
    """One whole message. Raises ValueError."""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end:
        raise ValueError(f"no end of the fields in {data[:80]!r}")
    first, *lines = head.decode("utf-8").split("\r\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"no field: {line!r}")
        fields.append((name.strip().lower(), value.strip()))
    return Message(first, tuple(fields))


def cut(buffer: bytearray) -> list[bytes]:
    """Take every whole message from the front of what a stream has brought."""
    found = []
    while True:
        while buffer[:2] == b"\r\n":
            del buffer[:2]
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            return found
        size = head + 4 + int(read(bytes(buffer[: head + 4])).one("content-length"))
        if len(buffer) < size:
            return found
        found.append(bytes(buffer[:size]))
        del buffer[:size]


def write(first: str, fields: list[tuple[str, str]]) -> bytes:
    """A message without a body."""
    lines = [first, *(f"{name}: {value}" for name, value in fields), "Content-Length: 0", "", ""]
    return "\r\n".join(lines).encode()


def answer(request: Message, status: int, tag: str, contact: str) -> bytes:
    """A response to a request; `tag` is ours if the request has none yet."""
    to = request.one("to")
    if status > 100 and ";tag=" not in to:
        to = f"{to};tag={tag}"
    fields = [("Via", value) for value in request.every("via")]
    fields += [("Record-Route", value) for value in request.every("record-route")]
    fields += [("From", request.one("from")), ("To", to)]
    fields += [("Call-ID", request.call_id), ("CSeq", request.one("cseq"))]
    if 100 < status < 300:
        fields.append(("Contact", f"<{contact}>"))
    return write(f"SIP/2.0 {status} So", fields)
