"""Every operation of the API in one table: what the router goes by, and the OpenAPI document says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from sipfo.runtime.wire.api.connection import KINDS, Kind
from sipfo.runtime.wire.api.live import DRAINED, Live
from sipfo.runtime.wire.api.live import KINDS as LISTS
from sipfo.runtime.wire.api.shape import (
    Answer,
    ConnectionAnswer,
    ConnectionList,
    ConnectionPatch,
    Listed,
    NumberAnswer,
    NumberList,
    NumberPatch,
    WhatIf,
)
from sipfo.runtime.wire.api.telnyx import NAME_FILTER, Reply, Telnyx

Do = Callable[[Request], Awaitable[Reply | Response]]


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter of the query; `number` with its most, or text."""

    name: str
    says: str
    most: int | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one path. `answer` is the body of a 200, or its media type; `fixed` are the
    parts of the path that are given by the operation, not by the request."""

    method: str
    path: str
    name: str
    says: str
    do: Do
    answer: type[BaseModel] | str
    body: type[BaseModel] | None = None
    query: tuple[Query, ...] = ()
    wrong: tuple[int, ...] = ()
    conditional: bool = False


_PAGES = (
    Query("page[number]", "Which page, from 1.", 1_000_000_000),
    Query("page[size]", "How many on a page.", 250),
)


def operations(telnyx: Telnyx, live: Live) -> list[Operation]:
    """All of them."""
    return [*_connections(telnyx), *_numbers(telnyx), *_live(live)]


def _connections(telnyx: Telnyx) -> list[Operation]:
    made = []
    for kind in KINDS:
        made += [*_of_kind(telnyx, kind)]
    return made


def _of_kind(telnyx: Telnyx, kind: Kind) -> list[Operation]:
    path, what = f"/v2/{kind}s", kind.replace("_", " ")
    name = Query(NAME_FILTER, "A part of the name.")
    return [
        Operation(
            *("GET", path, f"list_{kind}s", f"The trunks that are a Telnyx {what}."),
            *(partial(telnyx.connections, kind=kind), ConnectionList),
            query=(*_PAGES, name),
            wrong=(422,),
        ),
        Operation(
            *("GET", f"{path}/{{id}}", f"get_{kind}", "One of them."),
            *(partial(telnyx.connection, kind=kind), ConnectionAnswer),
            wrong=(404,),
        ),
        Operation(
            *("PATCH", f"{path}/{{id}}", f"update_{kind}", "Change one of them."),
            *(partial(telnyx.patch_connection, kind=kind), ConnectionAnswer),
            body=ConnectionPatch,
            wrong=(400, 404, 409, 412, 413, 415, 422, 500, 503),
            conditional=True,
        ),
    ]


def _numbers(telnyx: Telnyx) -> list[Operation]:
    path = "/v2/phone_numbers"
    return [
        Operation(
            *("GET", f"{path}/voice", "list_numbers", "The numbers that stand in ranges."),
            *(telnyx.numbers, NumberList),
            query=_PAGES,
            wrong=(422,),
        ),
        Operation(
            *("GET", f"{path}/{{id}}/voice", "get_number", "The voice settings of a number."),
            *(telnyx.number, NumberAnswer),
            wrong=(404,),
        ),
        Operation(
            *("PATCH", f"{path}/{{id}}/voice", "update_number", "Change them."),
            *(telnyx.patch_number, NumberAnswer),
            body=NumberPatch,
            wrong=(400, 404, 409, 412, 413, 415, 422, 500, 503),
            conditional=True,
        ),
    ]


def _live(live: Live) -> list[Operation]:
    root = "/sipfo/v1"
    made = [
        Operation("GET", f"{root}/status", "status", "The instance.", live.status, Answer),
        Operation(
            *("GET", f"{root}/policy", "policy", "The policy with what is changed of it."),
            *(live.policy, "text/plain"),
            wrong=(409, 422),
        ),
        Operation(
            *("GET", f"{root}/lookup", "lookup", "Where a call would go now."),
            *(live.lookup, Answer),
            query=(
                Query("number", "The number that is called.", required=True),
                Query("source", "The address of the caller."),
            ),
            wrong=(422,),
        ),
        Operation(
            *("POST", f"{root}/what-if", "what_if", "What a call would do, on the model."),
            *(live.what_if, Answer),
            body=WhatIf,
            wrong=(400, 413, 415, 422, 503),
        ),
        Operation(
            *("GET", f"{root}/events", "events", "What happens, as server-sent events."),
            *(live.stream, "text/event-stream"),
            query=(
                Query("types", "Kinds of events, with commas."),
                Query("trunk", "Those of one trunk."),
            ),
            wrong=(503,),
        ),
        Operation(
            *("POST", f"{root}/drain", "drain", "No new calls; those that are there go on."),
            *(live.drain, Answer),
            wrong=(422,),
        ),
        Operation(
            *("POST", f"{root}/undrain", "undrain", "New calls again."),
            *(live.undrain, Answer),
            wrong=(422,),
        ),
    ]
    for kind in LISTS:
        says = f"The {kind} of this instance."
        do = _with(live.listed, kind)
        made.append(
            Operation("GET", f"{root}/{kind}", f"list_{kind}", says, do, Listed, wrong=(503,))
        )
    for kind in DRAINED:
        for verb, do, says in (
            ("drain", live.drain, "No new calls there."),
            ("undrain", live.undrain, "New calls there again."),
        ):
            path = f"{root}/{kind}/{{name}}/{verb}"
            name = f"{verb}_{kind.removesuffix('s')}"
            made.append(
                Operation("POST", path, name, says, _with(do, kind), Answer, wrong=(404, 422, 503))
            )
    return made


def _with(do: Do, kind: str) -> Do:
    """The same, for a kind that is a part of the path."""

    async def done(request: Request) -> Reply | Response:
        request.path_params["kind"] = kind
        return await do(request)

    return done
