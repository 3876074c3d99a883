"""The plan as JSON text, both ways, and its published JSON Schema."""

from __future__ import annotations

import hashlib
import json

from pydantic import ValidationError

from sipfo.plan.model import PLAN_VERSION, Plan


class UnreadablePlan(ValueError):
    """The text is not a plan of this version; the message says what is wrong and where."""


def write_plan(plan: Plan) -> str:
    """The plan as indented JSON with a final newline; the same plan is the same text."""
    return plan.model_dump_json(indent=2, exclude_none=True) + "\n"


def fingerprint(plan: Plan) -> str:
    """What tells a plan from every other: the SHA-256 of `write_plan`'s text, in hex."""
    return hashlib.sha256(write_plan(plan).encode("utf-8")).hexdigest()


def read_plan(text: str | bytes) -> Plan:
    """Read what `write_plan` wrote.

    Raises UnreadablePlan for what is no JSON, another version, or not a plan.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadablePlan(f"not JSON: {error}") from None
    version = document.get("version") if isinstance(document, dict) else None
    if type(version) is not int or version != PLAN_VERSION:
        raise UnreadablePlan(
            f"plan version {version!r} is not {PLAN_VERSION}: compile the policy again"
        )
    try:
        return Plan.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the plan"
        raise UnreadablePlan(f"{place}: {first['msg']}") from None


def plan_schema() -> str:
    """The JSON Schema of the plan, as text with a final newline."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"sipfo plan, version {PLAN_VERSION}",
        **{k: v for k, v in Plan.model_json_schema().items() if k != "title"},
    }
    return json.dumps(schema, indent=2) + "\n"
