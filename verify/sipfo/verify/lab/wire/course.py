"""What was said during one call to its course: when it was placed, what was tried, what came back.

Pure. A try is an INVITE with a branch of its own (a retransmission has the same one), or a
connection that was refused before anything was said on it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from sipfo.runtime.sip.message import Request, Response
from sipfo.verify.lab.wire.heard import Event, Refused, Said
from sipfo.verify.lab.wire.packet import Address


@dataclass(slots=True)
class Try:
    """One attempt as it was seen; `invite` is None for a connection that was refused."""

    at: float
    transport: str
    source: Address
    destination: Address
    invite: Request | None = None
    provisionals: list[tuple[float, int]] = field(default_factory=list)
    final: tuple[float, Response] | None = None
    refused: float | None = None
    cancelled: float | None = None


@dataclass(slots=True)
class Course:
    """One call; the times are those of the events."""

    placed: float | None = None
    gave_up: float | None = None
    told: tuple[float, Response] | None = None
    tries: list[Try] = field(default_factory=list)


def trace(
    events: Sequence[Event], caller: str, doors: Container[Address], known: Container[bytes] = ()
) -> Course:
    """The course of the call that the caller's address placed at one of the doors.

    `known` are branches of earlier calls, which may still be cleaned up after.
    """
    course = Course()
    by_branch: dict[bytes, Try] = {}
    placed: bytes | None = None
    for event in sorted(events, key=lambda one: one.at):
        if isinstance(event, Refused):
            _refused(event, course)
            continue
        message, branch = event.message, event.message.via.branch
        if (
            isinstance(message, Request)
            and event.source[0] == caller
            and event.destination in doors
        ):
            if message.method == "INVITE" and branch != placed and branch not in known:
                # A challenged caller's second one counts, and the challenge was no answer to it.
                placed, course.placed, course.told = branch, event.at, None
            elif message.method == "CANCEL" and branch == placed and course.gave_up is None:
                course.gave_up = event.at
        elif isinstance(message, Request):
            _requested(event, message, branch, course, by_branch, known)
        elif message.cseq.method == "INVITE":
            if branch == placed and message.status >= 200:
                course.told = course.told or (event.at, message)
            elif branch in by_branch:
                _responded(event.at, message, by_branch[branch])
    return course


def branches(events: Sequence[Event]) -> set[bytes]:
    """Every branch that was used."""
    return {one.message.via.branch for one in events if isinstance(one, Said)}


def _requested(
    event: Said,
    request: Request,
    branch: bytes,
    course: Course,
    by_branch: dict[bytes, Try],
    known: Container[bytes],
) -> None:
    found = by_branch.get(branch)
    if request.method == "CANCEL" and found is not None and found.cancelled is None:
        found.cancelled = event.at
    if request.method == "INVITE" and found is None and branch not in known and _is_new(request):
        found = Try(event.at, event.transport, event.source, event.destination, request)
        by_branch[branch] = found
        course.tries.append(found)


def _is_new(invite: Request) -> bool:
    return invite.to.tag is None


def _responded(at: float, response: Response, one: Try) -> None:
    if response.status < 200:
        one.provisionals.append((at, response.status))
    elif one.final is None:
        one.final = (at, response)


def _refused(event: Refused, course: Course) -> None:
    ways = (event.source, event.destination)
    for one in course.tries:
        if (one.source, one.destination) == ways:
            one.refused = one.refused or event.at
            return
    if event.transport == "tcp":
        refused = Try(event.at, "tcp", *ways, refused=event.at)
        course.tries.append(refused)
