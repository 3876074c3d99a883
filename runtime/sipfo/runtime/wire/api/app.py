"""The API as an ASGI application: who may ask, where each path leads, and how errors look.

What would surprise: everything but the OpenAPI document needs the token, also a path that is not
there; so that who has none learns nothing.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sipfo.runtime.wire.api.live import Live
from sipfo.runtime.wire.api.openapi import document
from sipfo.runtime.wire.api.operation import Operation, operations
from sipfo.runtime.wire.api.problem import (
    BAD_REQUEST,
    NOT_AUTHENTICATED,
    Problem,
    Rejected,
    not_found,
)
from sipfo.runtime.wire.api.telnyx import Telnyx

_log = logging.getLogger("sipfo")

STREAM: Final = "text/event-stream"
DOCUMENT: Final = "/openapi.json"


def application(telnyx: Telnyx, live: Live, tokens: Mapping[str, str]) -> Starlette:
    """The application; `tokens` are names by token."""
    table = operations(telnyx, live)
    described = json.dumps(document(table)).encode()
    known = {token.encode(): name for token, name in tokens.items()}

    def describe(request: Request) -> Response:
        return Response(described, media_type="application/json")

    paths: dict[str, dict[str, Operation]] = {}
    for one in table:
        paths.setdefault(one.path, {})[one.method] = one
    routes = [Route(path, _Path(by_method, known)) for path, by_method in paths.items()]
    routes.append(Route(DOCUMENT, describe))

    def nowhere(request: Request, error: Exception) -> Response:
        try:
            _authenticate(request, known)
        except Rejected as rejected:
            return _rejected(rejected)
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status == 404:
            return _rejected(not_found(f"nothing is at {request.url.path[:200]}"))
        allow = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        detail = "this path takes another method"
        return _rejected(Rejected(status, [Problem("Not done", detail, code=BAD_REQUEST)], allow))

    made = Starlette(routes=routes, exception_handlers={HTTPException: nowhere})
    made.router.redirect_slashes = False
    return made


@dataclass(frozen=True, slots=True)
class _Path:
    """The operations of one path, as an ASGI application."""

    by_method: Mapping[str, Operation]
    known: Mapping[bytes, str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await _done(Request(scope, receive), self.by_method, self.known)
        await response(scope, receive, send)


async def _done(
    request: Request, by_method: Mapping[str, Operation], known: Mapping[bytes, str]
) -> Response:
    try:
        _authenticate(request, known)
        method = "GET" if request.method == "HEAD" else request.method
        operation = by_method.get(method)
        if operation is None:
            allow = ", ".join(sorted({*by_method, *(["HEAD"] if "GET" in by_method else [])}))
            problem = Problem("Method not allowed", f"this path takes {allow}", code=BAD_REQUEST)
            raise Rejected(405, [problem], {"allow": allow})
        if request.method == "HEAD" and operation.answer == STREAM:
            return Response(media_type=STREAM)  # it would not end
        found = await operation.do(request)
    except Rejected as rejected:
        return _rejected(rejected)
    except Exception:  # noqa: BLE001 - a bug here must cost one request, never a call
        _log.exception("internal error in %s %s", request.method, request.url.path[:200])
        return _rejected(Rejected(500, [Problem("Unexpected error", "see the log", code="10007")]))
    if isinstance(found, Response):
        return found
    shown, headers = found
    return _answer(200, shown, headers)


def _authenticate(request: Request, known: Mapping[bytes, str]) -> None:
    """Raises Rejected. Every token is compared, in a time that says nothing of them."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    sent = given.strip().encode("utf-8", "replace")
    names = [name for token, name in known.items() if hmac.compare_digest(token, sent)]
    if scheme.lower() != "bearer" or not names:
        problem = Problem(
            "Authentication failed",
            "send `Authorization: Bearer TOKEN`; where the token is, sipfo says when it starts",
            code=NOT_AUTHENTICATED,
        )
        raise Rejected(401, [problem], {"www-authenticate": 'Bearer realm="sipfo"'})
    request.state.who = names[0]


def _answer(status: int, shown: BaseModel, headers: Mapping[str, str]) -> Response:
    data = shown.model_dump_json(exclude_none=status != 200)
    around = {"cache-control": "no-store", **headers}
    return Response(data, status, around, media_type="application/json")


def _rejected(rejected: Rejected) -> Response:
    return _answer(rejected.status, rejected.body(), rejected.headers)
