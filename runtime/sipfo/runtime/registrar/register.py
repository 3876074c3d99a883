"""A REGISTER to what it asks for (RFC 3261 §10.3), before anybody looks at what is there.

What would surprise: an expiry that cannot be read is an hour, not an error ("malformed values
SHOULD be treated as equivalent to 3600", §10.2.1.1); one below the least is refused as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from sipfo.runtime.sip.address import NameAddr, parse_address
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request
from sipfo.runtime.sip.parameters import encode_parameters
from sipfo.runtime.sip.uri import parse_uri

DEFAULT_EXPIRES: Final = 3600
"""Seconds of a REGISTER that does not say (§10.2.1.1)."""

LEAST_EXPIRES: Final = 60
"""Seconds below which a registration is refused as too brief: it would come again at once."""

MOST_EXPIRES: Final = 7200
"""Seconds that a registration is shortened to: a telephone that was unplugged is called as long."""

MOST_CONTACTS: Final = 10
"""Contacts of one user, and of one REGISTER."""

MOST_TEXT: Final = 512
"""Characters of a contact URI, and of a Path value."""

MOST_PATH: Final = 8
"""Proxies of a Path."""

OUR_TAGS: Final = frozenset({b"path", b"outbound"})
"""Extensions of a REGISTER that are known here."""

_SECONDS = re.compile(rb"[0-9]{1,10}")
_Q = re.compile(rb"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_REG_ID = re.compile(rb"[1-9][0-9]{0,9}")
_KNOWN: Final = frozenset({b"q", b"expires", b"+sip.instance", b"reg-id", b"received"})


class NotTaken(Exception):
    """The REGISTER cannot be carried out: a status, a reason for the log, and fields to answer."""

    def __init__(self, status: int, reason: str, *fields: tuple[bytes, bytes]) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Wanted:
    """One contact that is to be bound for `expires` seconds; 0 unbinds it."""

    contact: str
    expires: int
    q: float
    params: str = ""
    device: str = ""
    reg_id: int = 0


@dataclass(frozen=True, slots=True)
class Registration:
    """What one REGISTER asks for; no contacts and not `everything` is a question. `everything`
    unbinds all (`Contact: *`)."""

    call_id: str
    number: int
    contacts: tuple[Wanted, ...] = ()
    everything: bool = False
    path: tuple[str, ...] = ()
    outbound: bool = False
    """Whether the telephone says that it can do RFC 5626, and asks for it."""
    agent: str = ""


def read_registration(request: Request) -> Registration:
    """What a REGISTER asks for. Raises NotTaken, Malformed."""
    supported = tags(request, b"supported") | tags(request, b"require")
    contacts = request.headers.all(b"contact")
    header = _seconds(request.headers.first(b"expires"))
    everything = contacts == [b"*"]
    if everything and header != 0:
        raise NotTaken(400, "Contact: * without Expires: 0 (RFC 3261 §10.3 step 6)")
    if not everything and any(one.strip() == b"*" for one in contacts):
        raise NotTaken(400, "Contact: * beside another contact (RFC 3261 §10.3 step 6)")
    if len(contacts) > MOST_CONTACTS:
        raise NotTaken(403, f"more than {MOST_CONTACTS} contacts")
    path = tuple(_path(one) for one in request.headers.all(b"path"))
    if path and b"path" not in supported:
        # "SHOULD reject the request with a 420 or 421" rather than send where nobody knows of it
        # (RFC 3327 §5.3).
        raise NotTaken(421, "Path from a telephone that does not support it", (b"require", b"path"))
    if len(path) > MOST_PATH:
        raise NotTaken(400, f"more than {MOST_PATH} proxies in Path")
    outbound = b"outbound" in supported
    wanted = tuple(
        _wanted(parse_address(one), header, outbound) for one in contacts if not everything
    )
    if sum(one.reg_id > 0 and one.expires > 0 for one in wanted) > 1:
        raise NotTaken(400, "several reg-id in one REGISTER (RFC 5626 §6)")
    agent = request.headers.first(b"user-agent") or b""
    return Registration(
        request.call_id.decode("utf-8", "replace"),
        request.cseq.number,
        wanted,
        everything,
        path,
        any(one.reg_id for one in wanted),
        agent.decode("utf-8", "replace")[:128],
    )


def tags(request: Request, field: bytes) -> set[bytes]:
    """The option tags of a field."""
    return {one.strip().lower() for one in request.headers.all(field)}


def _wanted(contact: NameAddr, header: int | None, outbound: bool) -> Wanted:
    uri = parse_uri(contact.uri)
    if len(contact.uri) > MOST_TEXT or len(encode_parameters(contact.parameters)) > MOST_TEXT:
        raise NotTaken(400, "a contact that is too long")
    said = dict(contact.parameters)
    expires = header if header is not None else DEFAULT_EXPIRES
    if b"expires" in said:
        own = _seconds(said[b"expires"])
        expires = DEFAULT_EXPIRES if own is None else own
    if 0 < expires < LEAST_EXPIRES:
        least = str(LEAST_EXPIRES).encode("ascii")
        raise NotTaken(423, f"expires in {expires} s", (b"min-expires", least))
    q = said.get(b"q")
    if q is not None and not _Q.fullmatch(q):
        raise Malformed(400, "bad q")
    number = said.get(b"reg-id")
    if number is not None and not _REG_ID.fullmatch(number):
        raise Malformed(400, "bad reg-id")
    others = tuple(one for one in contact.parameters if one[0] not in _KNOWN)
    device = (said.get(b"+sip.instance") or b"").decode("utf-8", "replace")
    return Wanted(
        str(uri),
        min(expires, MOST_EXPIRES),
        float(q) if q is not None else 1.0,
        encode_parameters(others).decode("utf-8", "replace"),
        device,
        # Without an instance, or from who does not say `outbound`, it means nothing (RFC 5626 §6).
        int(number) if number is not None and device and outbound else 0,
    )


def _seconds(value: bytes | None) -> int | None:
    """Seconds as they are said; None if they are not."""
    if value is None:
        return None
    return int(value) if _SECONDS.fullmatch(value) else DEFAULT_EXPIRES


def _path(value: bytes) -> str:
    """One Path value as it goes into Route: `<sip:…;lr>`."""
    address = parse_address(value)
    uri = parse_uri(address.uri)
    if len(value) > MOST_TEXT:
        raise NotTaken(400, "a Path value that is too long")
    if uri.param("lr") is None:
        raise NotTaken(400, "a Path value without lr (RFC 3327 §5)")
    return address.encode().decode("utf-8", "replace")
