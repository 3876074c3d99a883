"""Messages to transactions (RFC 3261 §17.1.3, §17.2.3) and transactions to the wire.

What matches none is the transaction user's: a new request to be served, the ACK of a 2xx, a
stray response.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from sipfo.runtime.sip.build import restore_to
from sipfo.runtime.sip.flow import Flow
from sipfo.runtime.sip.message import Request, Response
from sipfo.runtime.sip.timer import Timers
from sipfo.runtime.sip.transaction.client import ClientTransaction
from sipfo.runtime.sip.transaction.invite_client import InviteClientTransaction
from sipfo.runtime.sip.transaction.invite_server import InviteServerTransaction
from sipfo.runtime.sip.transaction.machine import Machine, Means, ServerMachine
from sipfo.runtime.sip.transaction.server import ServerTransaction
from sipfo.runtime.sip.transaction.user import ClientUser, Sent
from sipfo.runtime.sip.transaction.values import TimerValues
from sipfo.runtime.sip.via import MAGIC, branch_of, response_address

AnyServer = ServerTransaction | InviteServerTransaction

_K = TypeVar("_K")


class TransactionLayer(Means):
    """Every transaction of one engine."""

    __slots__ = ("_by_connection", "_by_path", "_clients", "_servers")

    def __init__(
        self, timers: Timers, send: Callable[[Flow, bytes], None], values: TimerValues
    ) -> None:
        super().__init__(timers, send, values)
        self._clients: dict[tuple[bytes, str], Sent] = {}
        self._by_path: dict[Flow, dict[Sent, None]] = {}
        self._by_connection: dict[int | None, dict[Sent, None]] = {}
        self._servers: dict[object, ServerMachine] = {}

    def __len__(self) -> int:
        return len(self._clients) + len(self._servers)

    def has(self, message: Request | Response) -> bool:
        """Whether a message belongs to a transaction, an ACK or CANCEL to its INVITE's. Raises
        Malformed."""
        if isinstance(message, Response):
            return (message.via.branch, message.cseq.method) in self._clients
        if _server_key(message, message.method) in self._servers:
            return True
        return message.method == "CANCEL" and _server_key(message, "INVITE") in self._servers

    def pending(self) -> set[bytes]:
        """The Call-ID of every request that has no final response yet."""
        every: tuple[Machine, ...] = (*self._clients.values(), *self._servers.values())
        return {one.call_id for one in every if one.is_waiting}

    def flows(self) -> Iterator[Flow]:
        """The flow of every transaction."""
        yield from (one.flow for one in self._clients.values())
        yield from (one.flow for one in self._servers.values())

    def invite(
        self, request: Request, flow: Flow, user: ClientUser, now: float
    ) -> InviteClientTransaction:
        """Send an INVITE whose top Via carries its branch."""
        made = InviteClientTransaction(request, flow, user, self)
        self._await(made)
        made.start(now)
        return made

    def request(
        self, request: Request, flow: Flow, user: ClientUser, now: float
    ) -> ClientTransaction:
        """Send a request other than INVITE and ACK."""
        made = ClientTransaction(request, flow, user, self)
        self._await(made)
        made.start(now)
        return made

    def receive_response(self, response: Response, now: float) -> bool:
        """Give a response to its transaction; False if there is none. Raises Malformed."""
        method = response.cseq.method
        # Who knows one of our branches has it from us: the rest of the Via says nothing more.
        branch = branch_of(response.headers.first(b"via") or b"")
        found = self._clients.get((branch, method)) if branch is not None else None
        if found is None:
            found = self._clients.get((response.via.branch, method))
        if found is None:
            return False
        restore_to(response, found.request)
        found.receive(response, now)
        return True

    def absorb(self, request: Request, now: float) -> bool:
        """Give a request to the transaction that it repeats or, an ACK, that it confirms.

        False when there is none. Raises Malformed.
        """
        found = self._servers.get(_server_key(request, request.method))
        if found is None or (request.method == "ACK" and not _refused(found)):
            return False
        found.receive(request, now)
        return True

    def serve(self, request: Request, flow: Flow) -> AnyServer:
        """The new transaction of a request that `absorb` did not take, and that is no ACK."""
        to = response_address(request.via, flow.remote, flow.transport != "udp")
        back = flow if to == flow.remote else flow._replace(remote=to)
        key = _server_key(request, request.method)
        made: AnyServer
        if request.method == "INVITE":
            made = InviteServerTransaction(request, back, key, self)
        else:
            made = ServerTransaction(request, back, key, self)
        self._servers[key] = made
        return made

    def invite_of(self, cancel: Request) -> InviteServerTransaction | None:
        """The INVITE transaction that a CANCEL means (RFC 3261 §9.2)."""
        found = self._servers.get(_server_key(cancel, "INVITE"))
        return found if isinstance(found, InviteServerTransaction) else None

    def sent(self, branch: bytes, method: str) -> Request | None:
        """The request that was sent with a branch and is waited on."""
        found = self._clients.get((branch, method))
        return found.request if found is not None else None

    def transport_failed(self, flow: Flow, now: float) -> None:
        """Tell every client transaction that waits on this flow.

        Over UDP only those that have heard nothing: an ICMP error says nothing about a request
        that a provisional has answered. A broken TCP connection ends the wait of both.
        """
        waiting = dict(self._by_path.get(_path(flow), {}))
        if flow.connection is not None:
            waiting |= self._by_connection.get(flow.connection, {})
        for transaction in waiting:
            theirs = transaction.flow.connection
            if None not in (theirs, flow.connection) and theirs != flow.connection:
                continue  # another connection to the same peer
            if flow.reliable or transaction.is_unheard:
                transaction.transport_failed(now)

    def over(self, transaction: Machine) -> None:
        if isinstance(transaction, Sent):
            self._forget(transaction)
        elif isinstance(transaction, ServerMachine):
            self._servers.pop(transaction.key, None)

    def _await(self, transaction: Sent) -> None:
        self._clients[transaction.key] = transaction
        flow = transaction.flow
        self._by_path.setdefault(_path(flow), {})[transaction] = None
        if flow.connection is not None:
            self._by_connection.setdefault(flow.connection, {})[transaction] = None

    def _forget(self, transaction: Sent) -> None:
        if self._clients.get(transaction.key) is transaction:
            del self._clients[transaction.key]
        flow = transaction.flow
        _drop(self._by_path, _path(flow), transaction)
        if flow.connection is not None:
            _drop(self._by_connection, flow.connection, transaction)


def _drop(index: dict[_K, dict[Sent, None]], key: _K, transaction: Sent) -> None:
    there = index.get(key)
    if there is not None:
        there.pop(transaction, None)
        if not there:
            del index[key]


def _path(flow: Flow) -> Flow:
    """Where it goes from where, by whichever connection."""
    if flow.connection is None and flow.opened_within is None:
        return flow
    return flow._replace(connection=None, opened_within=None)


def _refused(transaction: ServerMachine) -> bool:
    """Whether it sent a 300-699 response; the ACK of a 2xx is its user's (§13.3.1.4)."""
    return isinstance(transaction, InviteServerTransaction) and transaction.refused


def _server_key(request: Request, method: str) -> object:
    """What a request's transaction is found by; an ACK and its INVITE share it (§17.2.3)."""
    if method == "ACK":
        method = "INVITE"
    via = request.via
    branch = via.branch
    if branch.startswith(MAGIC) and branch != MAGIC:
        return branch, via.host, via.port, method
    # An RFC 2543 client's branch says nothing: the fields that stay the same are the key.
    return (
        method,
        request.call_id,
        request.cseq.number,
        request.from_.tag,
        via.encode(),
        None if method == "INVITE" else request.uri,
    )
