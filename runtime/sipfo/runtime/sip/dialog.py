"""A dialog (RFC 3261 §12): what both ends agreed on, and the requests that go in it."""

from __future__ import annotations

from sipfo.runtime.sip.address import NameAddr, parse_address
from sipfo.runtime.sip.cseq import CSeq
from sipfo.runtime.sip.headers import Headers
from sipfo.runtime.sip.malformed import Malformed
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.uri import parse_uri
from sipfo.runtime.sip.via import MAGIC

DialogKey = tuple[bytes, bytes, bytes]
"""Call-ID, our tag, the peer's tag."""


class Dialog:
    """One side's view; `local` and `remote` carry their tags."""

    __slots__ = (
        "call_id",
        "local",
        "local_seq",
        "remote",
        "remote_seq",
        "remote_target",
        "route_set",
        "secure",
    )

    def __init__(
        self,
        call_id: bytes,
        local: NameAddr,
        remote: NameAddr,
        remote_target: bytes,
        route_set: tuple[bytes, ...],
        local_seq: int,
        remote_seq: int | None,
        secure: bool = False,
    ) -> None:
        """`secure` says whether our Contact in it is a SIPS URI (§12.1.1); never one in a dialog that
        we began, since no plan has such a destination."""
        self.call_id = call_id
        self.local = local
        self.remote = remote
        self.remote_target = remote_target
        self.route_set = route_set
        self.local_seq = local_seq
        self.remote_seq = remote_seq
        self.secure = secure

    @property
    def key(self) -> DialogKey:
        return self.call_id, self.local.tag or b"", self.remote.tag or b""

    @staticmethod
    def of_server(request: Request, local_tag: bytes) -> Dialog:
        """The dialog that answering a request makes (§12.1.1). Raises Malformed."""
        target, routes, secure = way_back(request)
        return Dialog(
            request.call_id,
            request.to.with_tag(local_tag),
            request.from_,
            target,
            routes,
            0,
            request.cseq.number,
            secure,
        )

    @staticmethod
    def of_client(request: Request, response: Response) -> Dialog:
        """The dialog that a response to our request makes (§12.1.2). Raises Malformed.

        Without a Contact, which a 1xx may lack, the Request-URI stays the target.
        """
        contact = response.contact
        return Dialog(
            request.call_id,
            request.from_,
            response.to,
            _usable(contact.uri) if contact is not None else request.uri,
            _client_routes(response),
            request.cseq.number,
            None,
        )

    @staticmethod
    def of_unusable(request: Request, response: Response) -> Dialog:
        """The dialog with a peer whose Contact or Record-Route cannot be read: enough to hang up.

        What goes in it is sent where the request was sent.
        """
        seq = request.cseq.number
        return Dialog(request.call_id, request.from_, response.to, request.uri, (), seq, None)

    def confirm(self, response: Response) -> None:
        """Take the target and, "recomputed based on the 2xx", the route set (§13.2.2.4).

        Raises Malformed.
        """
        routes = _client_routes(response)
        self.refresh(response)
        self.route_set = routes

    def refresh(self, message: Request | Response) -> None:
        """Take a new remote target from a target refresh (§12.2.1.2, §12.2.2). Raises Malformed."""
        contact = message.contact
        if contact is not None:
            self.remote_target = _usable(contact.uri)

    def accepts(self, request: Request) -> bool:
        """Whether a request's CSeq is in order; remembers it if so (§12.2.2)."""
        number = request.cseq.number
        if self.remote_seq is not None and number <= self.remote_seq:
            return False
        self.remote_seq = number
        return True

    def request(self, method: str, number: int | None = None) -> Request:
        """A request in the dialog, without Via and Contact (§12.2.1.1).

        `number` is given for ACK, which repeats its INVITE's CSeq (§13.2.2.4).
        """
        if number is None:
            self.local_seq += 1
            number = self.local_seq
        uri, routes = self.remote_target, self.route_set
        if routes and not self._loose(routes[0]):
            # A strict router's URI goes into the Request-URI, the target to the end (§12.2.1.1).
            uri = parse_address(routes[0]).uri
            routes = (*routes[1:], b"<%s>" % self.remote_target)
        headers = Headers()
        headers.add(b"max-forwards", b"70")
        for route in routes:
            headers.add(b"route", route)
        headers.add(b"from", self.local.encode())
        headers.add(b"to", self.remote.encode())
        headers.add(b"call-id", self.call_id)
        headers.add(b"cseq", CSeq(number, method).encode())
        return Request(method, uri, headers)

    @property
    def next_hop(self) -> bytes:
        """The URI whose host the next request is sent to (§8.1.2)."""
        return parse_address(self.route_set[0]).uri if self.route_set else self.remote_target

    @staticmethod
    def _loose(route: bytes) -> bool:
        return parse_uri(parse_address(route).uri).param("lr") is not None


def way_back(request: Request) -> tuple[bytes, tuple[bytes, ...], bool]:
    """The remote target and the route set of the dialog that answering a request makes (§12.1.1), and
    whether our Contact in it must be a SIPS URI. Raises Malformed.

    An RFC 2543 client may leave Contact out (RFC 4475 §3.4.1); then From says where it is.
    """
    contact = request.contact
    if contact is None and request.via.branch.startswith(MAGIC):
        raise Malformed(400, "no Contact")  # "MUST be present" (§8.1.1.8)
    target = _usable((request.from_ if contact is None else contact).uri)
    routes = tuple([_usable_route(one) for one in request.headers.all(b"record-route")])
    # "in the Request-URI or in the top Record-Route header field value, if there was any, or the
    # Contact header field if there was no Record-Route" (§12.1.1)
    if routes:
        theirs = parse_address(routes[0]).uri
    else:
        theirs = contact.uri if contact is not None else b""
    return target, routes, _is_sips(request.uri) or _is_sips(theirs)


def _is_sips(uri: bytes) -> bool:
    return uri[:5].lower() == b"sips:"


def _usable(uri: bytes) -> bytes:
    """The URI, which a later request is to be sent to. Raises Malformed, sooner than then."""
    parse_uri(uri)
    return uri


def _usable_route(route: bytes) -> bytes:
    _usable(parse_address(route).uri)
    return route


def _client_routes(response: Response) -> tuple[bytes, ...]:
    """The route set of whoever sent the request: Record-Route, in reverse (§12.1.2)."""
    return tuple([_usable_route(one) for one in reversed(response.headers.all(b"record-route"))])
