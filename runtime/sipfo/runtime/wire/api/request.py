"""A request's body, query and conditions to values, or to what is wrong with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from sipfo.runtime.wire.api.problem import BAD_REQUEST, Problem, Rejected, invalid
from sipfo.runtime.wire.api.shape import Meta

B = TypeVar("B", bound=BaseModel)

LONGEST: Final = 32 * 1024
"""Bytes of a body."""

MOST_ON_A_PAGE: Final = 250
USUAL_PAGE: Final = 20


async def body(request: Request) -> object:
    """The JSON of a body. Raises Rejected."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if kind.lower() != "application/json":
        problem = Problem("Unsupported media type", "send application/json", code=BAD_REQUEST)
        raise Rejected(415, [problem])
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > LONGEST:
            problem = Problem("Too large", f"a body has at most {LONGEST} bytes", code=BAD_REQUEST)
            raise Rejected(413, [problem])
    try:
        found: object = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise Rejected(400, [Problem("Not JSON", f"the body: {why}", code=BAD_REQUEST)]) from None
    return found


def _no_number(text: str) -> object:
    raise ValueError(text)  # NaN and Infinity are Python's, not JSON's (RFC 8259 §6)


def read(kind: type[B], found: object, as_it_is: Mapping[str, object] | None = None) -> B:
    """A body as a value. A field that is not changed here may be there if it says what `as_it_is`
    does: clients send back what they have read. Raises Rejected."""
    if as_it_is is not None and isinstance(found, dict):
        found = _other(kind, found, as_it_is)
    try:
        return kind.model_validate_json(json.dumps(found))
    except ValidationError as error:
        raise invalid(error) from None


def _other(kind: type[BaseModel], found: dict[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that nothing can change and that are as they are."""
    left: dict[str, Any] = {}
    for name, value in found.items():
        known = kind.model_fields.get(name)
        if known is None and name in now and now[name] == value:
            continue
        inner = now.get(name)
        below = _model_in(known.annotation) if known is not None else None
        if below is not None and isinstance(value, dict) and isinstance(inner, Mapping):
            value = _other(below, value, inner)
        left[name] = value
    return left


def _model_in(annotation: object) -> type[BaseModel] | None:
    for one in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def page(request: Request) -> tuple[int, int]:
    """The number of a page and its size. Raises Rejected."""
    number = _count(request, "page[number]", 1, 1_000_000_000)
    return number, _count(request, "page[size]", USUAL_PAGE, MOST_ON_A_PAGE)


def _count(request: Request, name: str, usual: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:12]) <= most):
        raise Rejected(
            422,
            [Problem("Invalid value", f"`{name}` is a number from 1 to {most}", parameter=name)],
        )
    return int(text)


def meta(number: int, size: int, total: int) -> Meta:
    """What a list says of itself."""
    return Meta(
        page_number=number,
        page_size=size,
        total_pages=-(-total // size),
        total_results=total,
    )


def etag(shown: BaseModel) -> str:
    """What tells a state of a resource from every other (RFC 9110 §8.8.3)."""
    return f'"{hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:32]}"'


def check_unchanged(request: Request, shown: BaseModel) -> None:
    """Raises Rejected when `If-Match` names another state than this one (RFC 9110 §13.1.1)."""
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag(shown) not in (one.strip() for one in wanted.split(",")):
        detail = "it has changed since: read it again, and send the new ETag"
        raise Rejected(412, [Problem("Precondition failed", detail, code=BAD_REQUEST)])
