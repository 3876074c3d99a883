"""JSON Schema, as much of it as the plan's schema uses: a document to what is wrong with it.

An unknown keyword is an error of the test, not something to pass over.
"""

from __future__ import annotations

import re
from typing import Any

Schema = dict[str, Any]

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
ANNOTATIONS = {"$defs", "$schema", "default", "description", "discriminator", "title"}


def complaints(value: object, schema: Schema, root: Schema | None = None) -> list[str]:
    """What is wrong with a value under a schema; nothing when it conforms."""
    root = schema if root is None else root
    found: list[str] = []
    for keyword in schema.keys() - ANNOTATIONS:
        found += _judge(keyword, value, schema, root)
    return found


def _judge(keyword: str, value: Any, schema: Schema, root: Schema) -> list[str]:
    limit = schema[keyword]
    match keyword:
        case "$ref":
            return complaints(value, root["$defs"][limit.removeprefix("#/$defs/")], root)
        case "anyOf" | "oneOf":
            fitting = sum(not complaints(value, one, root) for one in limit)
            good = fitting == 1 if keyword == "oneOf" else fitting > 0
        case "type":
            good = isinstance(value, TYPES[limit]) and (
                limit == "boolean" or not isinstance(value, bool)
            )
        case "properties":
            if not isinstance(value, dict):
                return []
            inside = [(value[key], part) for key, part in limit.items() if key in value]
            return [bad for one, part in inside for bad in complaints(one, part, root)]
        case "items":
            if not isinstance(value, list):
                return []
            return [bad for one in value for bad in complaints(one, limit, root)]
        case _:
            good = _within(keyword, value, limit, schema)
    return [] if good else [f"{keyword} {limit!r} refuses {value!r}"]


def _within(keyword: str, value: Any, limit: Any, schema: Schema) -> bool:
    """The keywords that look at one value; each passes what is not of its type, as the RFC does."""
    number = isinstance(value, (int, float))
    match keyword:
        case "additionalProperties":
            assert limit is False
            return not isinstance(value, dict) or value.keys() <= schema["properties"].keys()
        case "required":
            return not isinstance(value, dict) or set(limit) <= value.keys()
        case "const":
            return bool(value == limit)
        case "enum":
            return value in limit
        case "pattern":
            return not isinstance(value, str) or re.search(limit, value) is not None
        case "minimum":
            return not number or value >= limit
        case "maximum":
            return not number or value <= limit
        case "exclusiveMinimum":
            return not number or value > limit
        case "minItems" | "minLength":
            return not isinstance(value, (str, list)) or len(value) >= limit
        case "maxItems" | "maxLength":
            return not isinstance(value, (str, list)) or len(value) <= limit
        case _:
            raise AssertionError(f"the plan's schema uses {keyword}, which is not checked")
