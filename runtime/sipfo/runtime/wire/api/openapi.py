"""The OpenAPI document of the table of operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from sipfo.runtime.wire.api.operation import Operation, Query
from sipfo.runtime.wire.api.problem import Errors

_REF: Final = "#/components/schemas/{model}"
_SAYS: Final = {
    400: "The body is no JSON.",
    401: "There is no token, or a wrong one.",
    404: "There is no such thing.",
    409: "The policy's file has changed since it was read.",
    412: "`If-Match` names another state.",
    413: "The body is too long.",
    415: "The body is no application/json.",
    422: "A value is wrong, or the policy would be.",
    500: "Something went wrong here: see the log.",
    503: "Too much at once: try again.",
}


def document(table: Sequence[Operation]) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    models = {one for op in table for one in (op.answer, op.body) if isinstance(one, type)}
    paths: dict[str, Any] = {}
    for op in table:
        paths.setdefault(op.path, {})[op.method.lower()] = _operation(op)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "sipfo control API",
            "version": version("sipfo"),
            "description": "A running sipfo in the shape of Telnyx' API, and as it is.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas({*models, Errors}),
        },
    }


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    wanted = [(one, "validation") for one in sorted(models, key=lambda one: one.__name__)]
    _, found = models_json_schema(wanted, ref_template=_REF)  # type: ignore[arg-type]  # one mode
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _operation(op: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.says,
        "parameters": [*_path(op.path), *map(_query, op.query)],
        "responses": {"200": _answer(op), **{str(one): _wrong(one) for one in (401, *op.wrong)}},
    }
    if op.conditional:
        made["parameters"].append(
            {
                "name": "If-Match",
                "in": "header",
                "schema": {"type": "string"},
                "description": "The ETag that was read: the change is made only if it still holds.",
            }
        )
    if op.body is not None:
        schema = {"$ref": _REF.format(model=op.body.__name__)}
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    return made


def _path(path: str) -> list[dict[str, Any]]:
    text = {"type": "string", "minLength": 1}
    return [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _query(one: Query) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if one.most is not None:
        schema = {"type": "integer", "minimum": 1, "maximum": one.most}
    return {
        "name": one.name,
        "in": "query",
        "required": one.required,
        "schema": schema,
        "description": one.says,
    }


def _answer(op: Operation) -> dict[str, Any]:
    if isinstance(op.answer, str):
        return {"description": op.says, "content": {op.answer: {"schema": {"type": "string"}}}}
    schema = {"$ref": _REF.format(model=op.answer.__name__)}
    return {"description": op.says, "content": {"application/json": {"schema": schema}}}


def _wrong(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=Errors.__name__)}
    return {"description": _SAYS[status], "content": {"application/json": {"schema": schema}}}
